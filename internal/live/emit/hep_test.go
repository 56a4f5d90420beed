package emit

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sipscribe/hep"
	"sipscribe/internal/capture"
)

// Messages and events come out of the packets as they went in, with their ends and times, whatever is in them.
func TestHEP(t *testing.T) {
	var got [][]byte
	h := HEP{Send: func(b []byte) error { got = append(got, bytes.Clone(b)); return nil }, Agent: 7, Key: []byte("secret"), Own: netip.MustParseAddrPort("192.168.0.2:5062")}
	want := append(call(t), over(call(t), capture.TCP, true, 5060)...)
	want = append(want, over(call(t), capture.TLS, false, 5061)...)
	want = append(want, deviceSays(t, time.Unix(1250800800, 0))...)
	nowhere, evil := invite, invite
	nowhere.Src = capture.Endpoint{}
	evil.Data = []byte("INVITE sip:b@h SIP/2.0\r\n\r\n\x00HEP3\x00\x10\r\n[0]Off Hook\r\n")
	want = append(want, nowhere, evil)
	for i := range want {
		if err := h.Emit(&want[i]); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d packets of %d records", len(got), len(want))
	}
	for i, b := range got {
		var p hep.Packet
		if err := p.Parse(b); err != nil {
			t.Fatal(err)
		}
		w := &want[i]
		at, _ := p.Time()
		if !bytes.Equal(p.Payload, w.Data) || (p.Kind == hep.Log) != (w.Kind == capture.KindEvent) || !at.Equal(time.Unix(0, w.Time.Clock).Truncate(time.Microsecond)) ||
			p.Agent != 7 || string(p.AuthKey) != "secret" || len(p.Others) > 0 {
			t.Fatalf("%d is %+v, want %+v", i, p, w)
		}
		if w.Kind == capture.KindEvent {
			continue
		}
		src := w.Src
		if !src.IsValid() {
			src = capture.Endpoint{Addr: device, Port: 5062}
		}
		if p.Source.String() != src.String() || p.Destination.String() != w.Dst.String() || p.Protocol != map[capture.Transport]uint8{capture.UDP: 17, capture.TCP: 6, capture.TLS: 22}[w.Dst.Transport] {
			t.Fatalf("%d goes from %v to %v over %d", i, p.Source, p.Destination, p.Protocol)
		}
		if n, err := hep.Frame(append(bytes.Clone(b), "HEP3"...)); err != nil || n != len(b) {
			t.Fatal(n, err)
		}
	}
	long := message(capture.Sent, "INVITE sip:b@h SIP/2.0", "Subject: "+strings.Repeat("x", 70000))
	if err := h.Emit(&long); err != nil || h.Cut != 1 || len(got[len(got)-1]) > MaxDatagram {
		t.Error(err, h.Cut)
	}
	if err := h.Emit(&capture.Record{Kind: capture.KindMedia}); err != nil || len(got) != len(want)+1 {
		t.Error(err)
	}
}
