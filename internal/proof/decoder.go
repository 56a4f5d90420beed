package proof

import (
	"math"
	"testing"
)

// TextSeeds are the seeds of the fuzz targets of formats that are made of lines.
var TextSeeds = []string{
	"Aug 20 16:40:00 192.0.2.5 [0]Off Hook\nAug 20 16:40:01 192.0.2.5 INVITE sip:b@example.com SIP/2.0^M Via: SIP/2.0/UDP 192.0.2.5:5060;branch=z9hG4bK1^M Content-Length: 0^M ^M\n",
	"Aug 20 16:40:01 192.0.2.5 INVITE sip:b@example.com SIP/2.0^M Via: SIP/2.0/UDP 192\n.0.2.5:5060;branch=z9hG4bK1^M Content-Length: 0^M ^M\n",
	"INVITE sip:b@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bK1\r\nContent-Length: 4\r\n\r\nv=0\r\nSIP/2.0 200 OK\r\n",
	"<134>SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 192.0.2.5\r\n\r\n<134>[0]On Hook",
	"<13>1 2026-08-20T16:40:00Z INVITE sip - - - b@example.com SIP/2.0#015#012Via: x#015#012\n<13>1 2026-08-20T16:40:00Z 192.0.2.5 SIP - - -  200 OK\n",
	"U 192.0.2.5:5060 -> 192.0.2.6:5060\n  BYE sip:b@example.com SIP/2.0..Via: SIP/2.0/UDP 192.\n  0.2.5....\n1 0.0 192.0.2.5 -> 192.0.2.6 SIP Request: BYE sip:b@c |\n",
	"sip port 26 read [(0,44) (42594520736970\n3a62406578616d706c652e636f6d205349502f322e300d0a5669613a20780d0a0d0a)(BYE sip:b..)]\n",
	"Aug 20 16:40:00 h INVITE sip:b@c SIP/2.0^M Content-Length: 3^M ^M x^M Aug 20 16:40:01 h [0]On HookAug 20 16:40:01 h SIP/2.0 200 OK^M Content-Length: 0^M ^M \"}]",
	"Aug 20 16:40:00 h [0]Off Hook\rAug 20 16:40:01 h BYE sip:b@c SIP/2.0\rVia: x\r\r",
	"Aug 20 16:40:00 h <134>1 2026-08-20T16:40:00Z h spa - EVENT - [0]Off Hook\n",
	"\nContent-Length: 0\nCall-ID: z\nTo: y\nVia: x\nAug 20 16:40:00 h BYE sip:b@c SIP/2.0\nAug 20 16:39:00 h [0]Off Hook",
	"\x00\xff<1>", "prose\n",
}

// Record is what is held to the source of what a decoder gives out. Number is negative where the lines of the source are read from its end. Words: its data are words about the source.
type Record struct {
	Start, End, Number int64
	Data               []byte
	Words              bool
}

// Records holds the records of a source of so many bytes to what every decoder promises: origins that lie inside the source and do not go back, and no
// more data than the source has, but for the CR that a line end of the source may lack.
func Records(t testing.TB, size int, next func() (Record, bool)) {
	t.Helper()
	total, last := 0, int64(math.MinInt64)
	for {
		r, ok := next()
		if !ok {
			break
		}
		if r.Start < 0 || r.End > int64(size) || r.Start > r.End || r.Number < last {
			t.Fatalf("a record at [%d,%d), line %d after line %d, of %d bytes", r.Start, r.End, r.Number, last, size)
		}
		last = r.Number
		if !r.Words {
			total += len(r.Data)
		}
	}
	if total > 2*size+16 {
		t.Fatalf("%d bytes of data from %d", total, size)
	}
}

// Verdict holds what a Sniff function concludes to its form: between nothing and certainty, with a reason if there is anything.
func Verdict(t testing.TB, score int, reason string) {
	t.Helper()
	if score < 0 || score > 100 || (score > 0) != (reason != "") {
		t.Fatalf("a score of %d, because %q", score, reason)
	}
}
