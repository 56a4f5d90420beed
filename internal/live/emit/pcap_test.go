package emit

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode/pcap"
)

func pcapOf(t testing.TB, recs []capture.Record) []byte {
	t.Helper()
	var b bytes.Buffer
	p, err := NewPcap(&b)
	if err != nil {
		t.Fatal(err)
	}
	for i := range recs {
		if err := p.Emit(&recs[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// over returns the records with other ends: a transport, and IPv6 in place of IPv4.
func over(recs []capture.Record, tr capture.Transport, v6 bool, port uint16) []capture.Record {
	end := func(e capture.Endpoint) capture.Endpoint {
		e.Transport = tr
		if v6 {
			b := e.Addr.As4()
			e.Addr = netip.AddrFrom16([16]byte{0x20, 1, 0x0d, 0xb8, 12: b[0], b[1], b[2], b[3]})
		}
		if e.Port == 5060 {
			e.Port = port
		}
		return e
	}
	out := append([]capture.Record(nil), recs...)
	for i := range out {
		out[i].Src, out[i].Dst = end(out[i].Src), end(out[i].Dst)
	}
	return out
}

// verify reads a capture with gopacket and holds each packet to its lengths and checksums; it returns how many there are.
func verify(t testing.TB, file []byte) int {
	t.Helper()
	r, err := pcapgo.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for p := range gopacket.NewPacketSource(r, layers.LinkTypeEthernet).Packets() {
		n++
		if p.Metadata().Length != p.Metadata().CaptureLength || p.TransportLayer() == nil {
			t.Fatalf("frame %d: %v", n, p)
		}
		switch l := p.TransportLayer().(type) {
		case *layers.UDP:
			if l.Checksum == 0 {
				t.Fatalf("frame %d has no checksum", n)
			}
			_ = l.SetNetworkLayerForChecksum(p.NetworkLayer())
		case *layers.TCP:
			_ = l.SetNetworkLayerForChecksum(p.NetworkLayer())
		}
		if err, sums := p.VerifyChecksums(); err != nil || len(sums) > 0 {
			t.Fatalf("frame %d: checksums: %v %v", n, err, sums)
		}
	}
	return n
}

// Over each transport and family: the same messages, ends and times, to the nanosecond.
func TestPcapReadsBack(t *testing.T) {
	for _, tr := range []capture.Transport{capture.UDP, capture.TCP, capture.TLS} {
		for _, v6 := range []bool{false, true} {
			t.Run(fmt.Sprint(tr, " IPv6 ", v6), func(t *testing.T) {
				port := uint16(5060)
				if tr == capture.TLS {
					port = 5061
				}
				want := over(call(t), tr, v6, port)
				for i := range want {
					want[i].Time.Clock += 7 // nanoseconds
				}
				file := pcapOf(t, append(want, deviceSays(t, time.Unix(0, 0))...))
				packets := len(want)
				if tr != capture.UDP {
					packets += 6
				}
				if n := verify(t, file); n != packets {
					t.Errorf("%d packets, want %d", n, packets)
				}
				got := decodeAll(t, pcap.Format, file, nil)
				sameRecords(t, got, want, 1)
				for i := range got {
					if got[i].Src.String() != want[i].Src.String() || got[i].Dst.String() != want[i].Dst.String() || got[i].Missing != capture.MissingNothing {
						t.Errorf("message %d goes from %v to %v, want %v to %v", i, got[i].Src, got[i].Dst, want[i].Src, want[i].Dst)
					}
				}
			})
		}
	}
}

// More connections than are kept, and messages longer than a packet: each still reads back, in order.
func TestPcapConnections(t *testing.T) {
	base := over(call(t), capture.TCP, false, 5060)
	var want []capture.Record
	for i := range 2*maxConnections + 10 {
		rec := base[i%len(base)]
		port := uint16(10000 + i%(maxConnections+5))
		if rec.Src.Addr == device {
			rec.Src.Port = port
		} else {
			rec.Dst.Port = port
		}
		want = append(want, rec)
	}
	var b bytes.Buffer
	p, err := NewPcap(&b)
	if err != nil {
		t.Fatal(err)
	}
	at := base[0].Time.Clock
	for i := range want {
		want[i].Time = Time(time.Unix(0, at+int64(i)*1e6))
		if err := p.Emit(&want[i]); err != nil {
			t.Fatal(err)
		}
		if n := len(p.conns.byKey); n > maxConnections || n != p.conns.age.Len() {
			t.Fatalf("%d connections are kept", n)
		}
	}
	if err := p.Close(); err != nil || len(p.conns.byKey) != 0 {
		t.Fatal(err)
	}
	sameRecords(t, decodeAll(t, pcap.Format, b.Bytes(), nil), want, 1)

	long := base[0]
	long.Data = fmt.Appendf(nil, "MESSAGE sip:b@h SIP/2.0\r\nContent-Length: 200000\r\n\r\n%0200000d", 1)
	want = []capture.Record{base[0], long, base[1]}
	file := pcapOf(t, want)
	sameRecords(t, decodeAll(t, pcap.Format, file, nil)[:1], want[:1], 1)
	if n := verify(t, file); n != 3+2+4+3 {
		t.Errorf("%d packets", n)
	}
	sameRecords(t, decodeAll(t, pcap.Format, file, nil), want, 1)
}

func TestPcapRefuses(t *testing.T) {
	var b bytes.Buffer
	p, err := NewPcap(&b)
	if err != nil {
		t.Fatal(err)
	}
	header := b.Len()
	long := invite
	long.Data = make([]byte, 65508)
	nowhere, noPort, mixed, sctp := invite, invite, invite, invite
	nowhere.Dst = capture.Endpoint{}
	noPort.Src.Port = 0
	mixed.Dst.Addr = netip.MustParseAddr("2001:db8::1")
	sctp.Src.Transport = capture.SCTP
	for _, c := range []struct {
		rec  capture.Record
		want error
	}{{long, ErrTooLong}, {nowhere, ErrAddress}, {noPort, ErrAddress}, {mixed, ErrAddress}, {sctp, ErrTransport}, {capture.Record{Kind: capture.KindEvent}, nil}, {capture.Record{Kind: capture.KindLoss}, nil}} {
		if err := p.Emit(&c.rec); !errors.Is(err, c.want) {
			t.Errorf("%v, want %v", err, c.want)
		}
	}
	if b.Len() != header {
		t.Error("something was written")
	}
	mapped, rtp := invite, invite
	mapped.Src.Addr, mapped.Dst.Addr = netip.AddrFrom16(mapped.Src.Addr.As16()), netip.AddrFrom16(mapped.Dst.Addr.As16())
	rtp.Kind, rtp.Data = capture.KindMedia, []byte{0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}
	longest := invite
	longest.Data = make([]byte, 65507)
	for _, rec := range []capture.Record{mapped, rtp, longest} {
		if err := p.Emit(&rec); err != nil {
			t.Error(err)
		}
	}
	if n := verify(t, b.Bytes()); n != 3 {
		t.Error(n)
	}
	b.Reset()
	if p, err = NewPcap(&b); err != nil {
		t.Fatal(err)
	}
	p.Own = netip.MustParseAddrPort("192.168.0.2:5062")
	sent, received := invite, ok
	sent.Src, received.Dst = capture.Endpoint{}, capture.Endpoint{}
	for _, rec := range []capture.Record{sent, received} {
		if err := p.Emit(&rec); err != nil {
			t.Error(err)
		}
	}
	if got := decodeAll(t, pcap.Format, b.Bytes(), nil); len(got) != 2 || got[0].Src.String() != "192.168.0.2:5062" || got[1].Dst.String() != "192.168.0.2:5062" {
		t.Errorf("%+v", got)
	}
	if _, err := NewPcap(failing{}); err == nil {
		t.Error("no error")
	}
	p, _ = NewPcap(&failsAfter{n: 1})
	if err := p.Emit(&over([]capture.Record{invite}, capture.TCP, false, 5060)[0]); err == nil {
		t.Error("no error")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

type failsAfter struct{ n int }

func (f *failsAfter) Write(b []byte) (int, error) {
	if f.n--; f.n < 0 {
		return 0, errors.New("disk full")
	}
	return len(b), nil
}

func BenchmarkPcap(b *testing.B) {
	for _, tr := range []capture.Transport{capture.UDP, capture.TCP} {
		b.Run(tr.String(), func(b *testing.B) {
			recs := over(call(b), tr, false, 5060)
			p, err := NewPcap(discard{})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for i := range b.N {
				if err := p.Emit(&recs[i%len(recs)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
