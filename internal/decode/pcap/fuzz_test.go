package pcap

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/gopacket/gopacket/layers"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/internal/proof"
	"sipscribe/sip"
	"sipscribe/syslog"
)

// FuzzDecode: whatever the file, decoding ends without an error, every record's origin lies in the file, a message stands there byte by
// byte as far as its first frame holds it, what is told is no more than what came in, and without KeepUnrecognised the same messages come.
func FuzzDecode(f *testing.F) {
	for _, dir := range []string{"pcaps", "flows"} {
		folder, _ := proof.Find("corpus", dir)
		files, _ := filepath.Glob(filepath.Join(folder, "*.pcap"))
		for _, name := range files {
			if b, err := os.ReadFile(name); err == nil && len(b) < 20000 {
				f.Add(b)
			}
		}
	}
	ng, _ := mixed(f)
	f.Add(ng)
	stream := append(invite(1, 50), ringing(1)...)
	f.Add(ethernetPcap(f, segments(f, 5070, 5060, stream, 30, 100, 300)...))
	s := segments(f, 5070, 5060, stream, 30, 100, 300)
	f.Add(ethernetPcap(f, s[1], s[3], s[2], s[4]))
	f.Add(ethernetPcap(f, fragments4(f, 7, 104, invite(1, 0))...))
	f.Add(ethernetPcap(f, fragments6(f, 7, 104, invite(1, 0))...))
	f.Add(bigEndianPcap(magicModified, linkSLL2, []byte("\x86\xdd")))
	f.Add(capturePcap(f, layers.LinkTypeRaw, shot{data: join(f, ip4(layers.IPProtocolIPv4), ip6(layers.IPProtocolUDP), udp(1, 2)), cut: 3}))
	upgrade := []byte("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")
	f.Add(ethernetPcap(f, segments(f, 5070, 8080, append(upgrade, append(wsBytes(0x81, invite(1, 0), true), wsBytes(0x89, nil, false)...)...), 45, 90)...))
	f.Add(ethernetPcap(f, segments(f, 5070, 8080, append(wsBytes(0x01, invite(1, 0)[:60], true), wsBytes(0x80, invite(1, 0)[60:], true)...), 70)...))
	f.Add(ethernetPcap(f, udp4Ports(f, 2048, 514, []byte("<134>[0]Off Hook")), udp4Ports(f, 2048, 514, invite(1, 0)), udp4Ports(f, 514, 514, []byte("<13>Aug 20 16:40:00 192.0.2.5 SIP/2.0 200 OK#015#012Via: x#015#012#015"))))
	f.Add(ethernetPcap(f, sctpFrame(f, 5060, sctpData(3, invite(1, 0)), sctpData(2, ringing(1)[:40]))))
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) > 1<<20 {
			t.Skip("longer than what is worth a run")
		}
		recs, _, err := tryDecode(bytes.NewReader(file), decode.Options{KeepUnrecognised: true})
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, r := range recs {
			o := r.Origin
			if o.Unit != capture.Frame || o.Number < 1 || o.Start < 0 || o.Start > o.End || o.End > int64(len(file)) {
				t.Fatalf("kind %d: origin %+v in a file of %d bytes", r.Kind, o, len(file))
			}
			switch r.Kind {
			case capture.KindLoss:
				if len(r.Data) == 0 {
					t.Fatal("a loss without words")
				}
				continue
			case capture.KindMessage:
				if len(r.Data) == 0 || len(r.Data) > sip.MaxMessage || (!r.Src.IsValid() || !r.Dst.IsValid()) && len(r.Observer) == 0 {
					t.Fatalf("%+v", r)
				}
			}
			if r.Escape != syslog.EscapeNone || r.Src.Transport == capture.WS {
				total += len(r.Data)
				continue // other bytes stand there
			}
			if got := file[o.Start:o.End]; len(got) > len(r.Data) || !bytes.Equal(got, r.Data[:len(got)]) {
				t.Fatalf("kind %d, frame %d: the file has %q, the record %q", r.Kind, o.Number, got, r.Data)
			}
			total += len(r.Data)
		}
		if total > len(file) {
			t.Fatalf("%d bytes out of %d", total, len(file))
		}
		again, _, err := tryDecode(bytes.NewReader(file), decode.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range recs {
			if r.Kind == capture.KindUnknown {
				continue
			}
			if len(again) == 0 || again[0].Kind != r.Kind || !bytes.Equal(again[0].Data, r.Data) {
				t.Fatalf("without KeepUnrecognised a record is missing or another: %q", r.Data)
			}
			again = again[1:]
		}
		if len(again) > 0 {
			t.Fatalf("%d records too many", len(again))
		}
	})
}
