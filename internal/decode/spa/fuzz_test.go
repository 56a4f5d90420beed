package spa

import (
	"bytes"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
)

// FuzzDecode holds the format to what every decoder promises: a verdict between nothing and certainty, records whose origin lies inside the source and does
// not go back, and no more data than the source has (but for the CR that a line end of the source may lack).
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		"Aug 20 16:40:00 192.0.2.5 [0]Off Hook\nAug 20 16:40:01 192.0.2.5 INVITE sip:b@example.com SIP/2.0^M Via: SIP/2.0/UDP 192.0.2.5:5060;branch=z9hG4bK1^M Content-Length: 0^M ^M\n",
		"INVITE sip:b@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bK1\r\nContent-Length: 4\r\n\r\nv=0\r\nSIP/2.0 200 OK\r\n",
		"<134>SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 192.0.2.5\r\n\r\n<134>[0]On Hook", "\x00\xff<1>", "prose\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if v := Format.Sniff(text); v.Score < 0 || v.Score > 100 || (v.Score > 0) != (v.Reason != "") {
			t.Fatalf("verdict %+v", v)
		}
		dec := Format.New(&decode.Input{R: decode.NewReader(bytes.NewReader(text)), Options: decode.Options{KeepUnrecognised: true}})
		var rec capture.Record
		total, last := 0, int64(0)
		for dec.Next(&rec) == nil {
			o := rec.Origin
			if o.Start < 0 || o.End > int64(len(text)) || o.Start > o.End || o.Number < last {
				t.Fatalf("a record at [%d,%d), line %d after line %d, of %d bytes", o.Start, o.End, o.Number, last, len(text))
			}
			last = o.Number
			total += len(rec.Data)
		}
		if total > 2*len(text)+16 {
			t.Fatalf("%d bytes of data from %d", total, len(text))
		}
	})
}
