package decode

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"sipscribe/internal/capture"
)

// decodeAll reads everything and returns copies.
func decodeAll(t testing.TB, text []byte, keepUnknown bool) ([]capture.Record, *Input) {
	t.Helper()
	in := &Input{R: NewReader(bytes.NewReader(text)), Options: Options{KeepUnrecognised: keepUnknown}}
	dec := NewText(in)
	var all []capture.Record
	for {
		var rec capture.Record
		err := dec.Next(&rec)
		if err == io.EOF {
			return all, in
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, keep(rec))
	}
}

func TestFindStart(t *testing.T) {
	for line, want := range map[string]int{
		"INVITE sip:bob@example.com SIP/2.0":                             0,
		"INVITE sip:bob@example.com SIP/2.0\r\n":                         0,
		"INVITE sip:bob@example.com SIP/2.0^M Via: x":                    0,
		"INVITE sip:bob@example.com SIP/2.0#015#012Via: x":               0,
		"INVITE sip:bob@example.com SIP/2.0  Via: x":                     0,
		"INVITE sip:[email protected] SIP/2.0":                           0,
		"INVITE [email protected] SIP/2.0":                               0,
		"INVITE tel:+15551234 SIP/2.0":                                   0,
		"PUBLIS H sip:bob@example.com SIP/2.0":                           0,
		"FOO sip:bob@example.com SIP/2.0":                                0,
		"sip:bob@example.com SIP/2.0^M Via: x":                           0,
		"407 Proxy Authentication Required^M Via: SIP/2.0/UDP 192.0.2.5": 0,
		"SIP/2.0 200 OK":                       0,
		"SIP/2.0 200":                          0,
		"SIP/2.0 999 Odd":                      0,
		"   SIP/2.0 200 OK":                    3,
		"> INVITE sip:bob@example.com SIP/2.0": 2,
		"[Aug  5 11:43:53] SIP/2.0 200 OK":     18,
		"message=<BYE sip:bob@example.com SIP/2.0#015#012Via: x>": 9,
		"Start-Line: ACK sip:bob@example.com SIP/2.0":             12,
		"E..4.@.@...........x.#REGISTER sip:example.com SIP/2.0":  22,
		"INVITE sip: bob@example.com SIP/2.0":                     0,
		"INVITE sip: bob@example.com SIP/2.0#015#012Via: x":       0,
		"ACK sips: [email protected] SIP/2.0":                     0,
		"syslog:Aug 20 16:40:00 ACK tel: +1 SIP/2.0\r":            23,
		"x #012BYE sip:bob@example.com SIP/2.0":                   6,
		"we sent a BYE, then ACK sip:bob@example.com SIP/2.0":     20, // that fields follow is for the caller to see
	} {
		if got, ok := findStart([]byte(line)); !ok || got != want {
			t.Errorf("%q begins at %d %v, want %d", line, got, ok, want)
		}
	}
	for _, line := range []string{
		"", "SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.5", "v: SIP/2.0/UDP 192.0.2.5", "the phone sends INVITE sip:bob@example.com SIP/2.0 and waits",
		"SIP/2.0 20 OK", "SIP/2.0 2000 OK", "SIP/2.0 200OK", "SIP/2.0/UDP 192.0.2.5", "xSIP/2.0 200 OK", "RFC 3261 is SIP/2.0", "see SIP/2.0",
		"INVITE bob SIP/2.0", "GET http://example.com/ HTTP/1.1", "then INVITE sip:bob@example.com is sent with SIP/2.0",
		"INFO sip: ready for SIP/2.0", "INVITE sip: bob SIP/2.0 is wrong", "we use sip: bob SIP/2.0", ": bob SIP/2.0", "INVITE : bob SIP/2.0",
		"200 OK was the answer to Via: SIP/2.0/UDP", strings.Repeat("x", 5000) + " INVITE sip:bob@example.com SIP/2.0",
	} {
		if got, ok := findStart([]byte(line)); ok {
			t.Errorf("%.80q begins at %d", line, got)
		}
	}
}

func TestIsOddStart(t *testing.T) {
	for line, want := range map[string]bool{
		"OPTIONS sip:bob@example.org SIP/7.0":              true,
		"OPTIONS sip:bob@example.org SIP/3.0^M Via: x":     true,
		"NEWMETHOD sips:bob@example.org SIP/1.0\r":         true,
		"SIP/2.0 4294967301 better not break the receiver": true,
		"SIP/2.0 2000 OK":                                   true,
		"SIP/7.0 200 OK":                                    true,
		"INVITE sip:bob@example.org":                        true,
		"INVITE SIP:bob@example.org\r\n":                    true,
		"SIP/2.0 200 OK":                                    false,
		"SIP/2.0 20 OK":                                     false,
		"SIP/7.0/UDP 192.0.2.5":                             false,
		"SIP/7.0 20000OK":                                   false,
		"SIP/ 4294967301":                                   false,
		"SIP/2.0":                                           false,
		"GET http://example.com/ HTTP/1.1":                  false,
		"GET http://example.com/":                           false,
		"INVITE tel:1800":                                   false,
		"INVITE bob SIP/7.0":                                false,
		"INVITE sip:bob@example.org is what it sends":       false,
		"INVITE sip:bob@example.org SIP/7.0 is what it was": false,
		"OPTIONS sip:bob@example.org SIP/7":                 false,
		"OPTIONS sip:bob@example.org SIP/7.":                false,
		"Contact: sip:bob@example.org":                      false,
		"Reading sip:bob@example.org":                       false,
	} {
		if got := isOddStart([]byte(line)); got != want {
			t.Errorf("%q: %v, want %v", line, got, want)
		}
	}
}

func TestReadMarker(t *testing.T) {
	for line, want := range map[string]string{
		"<--- SIP read from UDP:192.0.2.5:5060 --->":                                      "received UDP 192.0.2.5:5060",
		"<--- SIP read from 192.0.2.5:5060 --->":                                          "received  192.0.2.5:5060",
		"Retransmitting #3 (NAT) to 192.0.2.5:5060:":                                      "sent  192.0.2.5:5060",
		"<--- Transmitting SIP response (543 bytes) to UDP:192.0.2.5:5060 --->":           "sent UDP 192.0.2.5:5060",
		"send 697 bytes to udp/[192.0.2.5]:5060 at 18:52:34.713099:":                      "sent UDP 192.0.2.5:5060 18:52:34.713099",
		"recv 602 bytes from tls/[2001:db8::7]:5061 at 18:52:34.713099:":                  "received TLS [2001:db8::7]:5061 18:52:34.713099",
		"U 2022/02/11 17:40:45.1 192.0.2.1:5060 -> 198.51.100.7:5060 #4":                  "unknown  192.0.2.1:5060>198.51.100.7:5060 2022/02/11 17:40:45.1",
		"    192.0.2.5.5060 > 198.51.100.7.5062: SIP, length: 4":                          "unknown  192.0.2.5:5060>198.51.100.7:5062",
		"17:40:45.1 IP6 2001:db8::5.5060 > 2001:db8::7.5060: SIP":                         "unknown  [2001:db8::5]:5060>[2001:db8::7]:5060 17:40:45.1",
		"... TO 198.51.100.7 <- 192.0.2.5:5060":                                           "unknown  192.0.2.5:5060>198.51.100.7",
		"Incoming SIP UDP message size 512 from 192.0.2.5:[5061]:":                        "received UDP 192.0.2.5:5061",
		"Inbound SIP message from IP = 192.0.2.5 port: 5061":                              "received  192.0.2.5:5061",
		"On [0:0]192.0.2.1:5060 received from 198.51.100.7:5060":                          "received  198.51.100.7:5060>192.0.2.1:5060",
		"Received: SIP UDP message from 192.0.2.1:5060 to 198.51.100.7:5060":              "received UDP 192.0.2.1:5060>198.51.100.7:5060",
		"---- Incoming SIP Message from 192.0.2.1:5060 to SIPInterface #0 (a) TLS TO(#1)": "received TLS 192.0.2.1:5060",
		"Sent:":                    "sent  ",
		"======>>":                 "sent  ",
		"<<=====READ 0481 bytes==": "received  ",
		"Direction: incoming;source=\"external edge\"": "received  ",
		"20:25:11.561#":                           "unknown   20:25:11.561",
		"F12 180 Ringing Proxy 1 -> Alice":        "unknown   F12 Proxy 1>Alice",
		"### F1 INVITE Alice -> Bob":              "unknown   F1 Alice>Bob",
		"F4 488 Some New Reason Proxy 2 -> Alice": "unknown   F4 Proxy 2>Alice",
		"F5 REGISTER Bob -> SIP Server (TLS)":     "unknown   F5 Bob>SIP Server",
	} {
		m := readMarker([]byte(line))
		got := m.direction.String() + " "
		switch {
		case m.src.IsValid():
			got += m.src.Transport.String() + " " + m.src.String() + ">" + m.dst.String()
		default:
			got += m.peer.Transport.String() + " " + m.peer.String()
		}
		if len(m.label) > 0 {
			got += " " + string(m.label) + " " + string(m.from) + ">" + string(m.to)
		}
		if !m.time.IsZero() {
			got += " " + m.time.String()
		}
		if !m.set || got != want {
			t.Errorf("%q\n got %q %v\nwant %q", line, got, m.set, want)
		}
	}
	for _, line := range []string{
		"", "Sent", "I was sent to 192.0.2.5 once", "the server at 192.0.2.5:5060 is down", "c=IN IP4 192.0.2.5", "o=- 1 1 IN IP4 192.0.2.5",
		"received to 192.0.2.5:5060", "version 1.2.3.4.5.6 -> 2", "F1 is a key", "Fine -> good", "12:00:00 we had lunch", "10.1.2 -> 10.1.3",
		strings.Repeat("x", 700) + " sent to 192.0.2.5:5060",
	} {
		if m := readMarker([]byte(line)); m.set {
			t.Errorf("%.80q is a marker: %+v", line, m)
		}
	}
}

func TestPrefix(t *testing.T) {
	for _, c := range []struct {
		first, line string
		want        int // -1: not there
	}{
		{"[Aug  5 11:43:53] ", "[Aug  5 11:43:54] Via: x\n", 18},
		{"[Aug  5 11:43:53] ", "[Aug  5 11:43:54]\n", 17},
		{"[Aug  9 11:43:53] ", "[Aug 10 11:43:54]  ;folded\n", 18},
		{"[Aug  5 11:43:53] ", "Via: x\n", -1},
		{"SIP: ", "Via: x\n", -1},
		{"  9. ", " 10. Via: x\n", 5},
		{" 99. ", "100. Via: x\n", 5},
		{"> ", ">\n", 1},
		{"> ", "> Via: x", 2},
		{"\t", "\tVia: x\n", 1},
		{"\t", "\t\n", 1},
		{"   ", "\n", 0},
		{"   ", "    ;folded\n", 3},
		{"", "Via: x\n", -1},
		{"a 1 ", "b 1 Via: x", -1},
	} {
		var p prefix
		p.learn([]byte(c.first+"INVITE"), len(c.first))
		n, ok := p.strip([]byte(c.line))
		if !ok {
			n = -1
		}
		if n != c.want {
			t.Errorf("%q before %q: %d, want %d", c.first, c.line, n, c.want)
		}
	}
}

const bye = "BYE sip:bob@example.com SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bK1\nCall-ID: a@b\nCSeq: 1 BYE\nContent-Length: 0\n\n"

// hostile are inputs that no logger writes: about a megabyte each, divided by part.
func hostile(part int) map[string][]byte {
	rep := func(s string, n int) []byte { return bytes.Repeat([]byte(s), n/part) }
	cat := func(b ...[]byte) []byte { return bytes.Join(b, nil) }
	garbage := make([]byte, 1<<20/part)
	x := uint32(1)
	for i := range garbage {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		garbage[i] = byte(x)
	}
	return map[string][]byte{
		"a line of 1 MB":           rep("x", 1<<20),
		"a URI of 1 MB":            cat([]byte("INVITE sip:"), rep("x", 1<<20), []byte(" SIP/2.0\n")),
		"a field of 1 MB":          cat([]byte(bye[:len(bye)-20]), rep("x", 1<<20)),
		"garbage":                  garbage,
		"NULs":                     rep("\x00", 1<<20),
		"no line ends":             rep("INVITE sip:bob@example.com SIP/2.0 ", 30_000),
		"versions":                 rep("SIP/2.0\" ", 100_000),
		"versions in short lines":  rep(strings.Repeat("SIP/2.0\"", 500)+"\n", 250),
		"^M":                       rep("^M\n", 100_000),
		"^M on one line":           cat([]byte("INVITE sip:b@c SIP/2.0"), rep("^M ", 300_000), []byte("\n")),
		"^M messages":              rep("BYE sip:b@c SIP/2.0^M Via: x^M ^M \n", 30_000),
		"markers":                  rep("<--- SIP read from UDP:192.0.2.5:5060 --->\n", 25_000),
		"times":                    rep("20:25:11.561#\n", 50_000),
		"markers of all kinds":     rep("20:25:11.561#\nDirection: incoming\nF1 INVITE Alice -> Bob\nPeer: 192.0.2.5:5060\n", 10_000),
		"markers without address":  rep("send send send send send recv recv ->\n", 25_000),
		"start lines":              rep("INVITE sip:bob@example.com SIP/2.0\n", 30_000),
		"start lines, odd":         rep("x INVITE sip:bob@example.com SIP/2.0\nand so on\n", 20_000),
		"fields":                   cat([]byte(bye[:33]), rep("X-Field: value\n", 60_000)),
		"folded":                   cat([]byte(bye[:80]), rep("\n folded", 100_000)),
		"broken lines":             rep(bye[:len(bye)-1]+"Contact: <sip:a\nb\nc\nd\ne\nf\ng\nh\n", 8_000),
		"length beyond all":        cat([]byte(strings.Replace(bye, "Length: 0", "Length: 2000000000", 1)), rep("text\n", 200_000)),
		"SDP without end":          cat([]byte(strings.Replace(bye, "Content-Length: 0", "Content-Type: application/sdp", 1)), rep("a=x\n", 250_000)),
		"escape characters":        rep("\x1b[1;31m\x1b\x1b[\n", 80_000),
		"references":               rep("&lt;sip&colon;&#", 60_000),
		"references in messages":   rep("BYE sip&colon;b@c SIP/2.0^M From: &lt;sip:x&gt;^M ^M \n", 20_000),
		"PRIs":                     rep("<134>", 200_000),
		"PRIs with events":         rep("<134>[0]Off Hook", 60_000),
		"parts":                    rep("Aug 20 16:40:00 192.0.2.5 [Part 01 of 99] BYE sip:b@c SIP/2.0#015#012Via: x#015#012\n", 12_000),
		"parts that go on":         cat([]byte("Aug 20 16:40:00 h [Part 01 of 99] BYE sip:b@c SIP/2.0#015#012Via: x\n"), rep("Aug 20 16:40:00 h [Part 02 of 99] more#015#012\n", 20_000)),
		"bundles":                  cat([]byte("Aug 20 16:40:00 h x "), rep("BYE sip:b@c SIP/2.0#015#012Via: x#015#012#012(N 1) ", 20_000)),
		"pages":                    rep("Somebody             Standards Track             [Page 1]\n\f\nRFC 1 \n"+bye[:60], 8_000),
		"dots":                     rep("BYE sip:b@c SIP/2.0.\nVia: x.\n.\n", 30_000),
		"Lync":                     rep("Start-Line: BYE sip:b@c SIP/2.0\nVia: x\nMessage-Body: v=0\n", 20_000),
		"empty lines":              cat([]byte(strings.Replace(bye, "Length: 0", "Length: 9", 1)), rep("\n", 1<<20)),
		"sipfrag in sipfrag":       rep(strings.Replace(bye, "Content-Length: 0", "Content-Type: message/sipfrag\nContent-Length: 900000", 1), 8_000),
		"quoted":                   rep("> > > > BYE sip:b@c SIP/2.0\n> > > > Via: \"\n", 20_000),
		"broken URIs":              rep("Aug 20 16:40:00 INVITE sip: bob SIP/2.0 sip: SIP/2.0 : \n", 20_000),
		"broken URIs on one line":  cat([]byte("Aug 20 16:40:00 INVITE sip: "), rep("x: SIP/2.0 ", 100_000), []byte("\n")),
		"raw CRs":                  cat([]byte("Aug 20 16:40:00 INVITE sip: b@c SIP/2.0"), rep("\r Via: x", 100_000), []byte("#015\n")),
		"wrapped":                  rep("Aug 20 16:40:00 192.0.2.5 INVITE sip:18005551212@sip.example.com;user=phon\ne^M x\n", 10_000),
		"wrapped without end":      rep("Aug 20 16:40:00 192.0.2.5 INVITE sip:18005551212@sip.example.com;user=phon\n"+strings.Repeat("x yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\n", 300), 40),
		"wrapped, one line each":   rep("BYE sip:bob@example.com and what then follows\nBYE sip:bob@example.com is something else\n", 10_000),
		"hexadecimal":              rep("sip port 26 read [(0,30000) (42594520736970\n", 20_000),
		"hexadecimal without end":  cat([]byte("sip port 26 read [(0,30000) ("), rep("42594520\n", 50_000)),
		"a list of packets":        rep("1 0.0 192.0.2.5 -> 192.0.2.6 SIP Request: INVITE sip:b@c, |\n2 0.1 192.0.2.6 -> 192.0.2.5 SIP Status: 200 OK (x) (y) (z) |\n", 8_000),
		"full stops":               rep("U 192.0.2.5:5060 -> 192.0.2.6:5060\n  BYE sip:b@c SIP/2.0..Via: x........\n  ........\n", 8_000),
		"full stops without end":   cat([]byte("U 192.0.2.5:5060 -> 192.0.2.6:5060\n"), rep("  BYE sip:b@c SIP/2.0.", 40_000)),
		"parts for a header":       rep("<13>1 2026-08-20T16:40:00Z INVITE sip - - - b@c SIP/2.0#015#012Via: x\n<13>1 2026-08-20T16:40:00Z h SIP - - -  200 OK\n", 8_000),
		"stuck":                    rep("Aug 20 16:40:00 h BYE sip:b@c SIP/2.0^M Via: x^M ^M ", 20_000),
		"stuck, bare":              rep("BYE sip:b@c SIP/2.0^M Content-Length: 0^M ^M ", 20_000),
		"stuck without an end":     rep("Aug 20 16:40:00 h BYE sip:b@c SIP/2.0^M Via: x^M ", 20_000),
		"stuck in a body":          cat([]byte("BYE sip:b@c SIP/2.0^M Content-Length: 999999^M ^M "), rep("Aug 20 16:40:00 h BYE sip:b@c SIP/2.0^M Via: x^M ^M ", 20_000)),
		"stuck, with long headers": rep("Aug 20 16:40:00 h "+strings.Repeat("A1 ", 50)+"SIP/2.0 200 OK^M Via: x^M Content-Length: 0^M ^M ", 5_000),
		"stuck, no start lines":    cat([]byte("BYE sip:b@c SIP/2.0^M Via: x^M ^M "), rep("A1 SIP/2.0 200 ", 60_000)),
		"stuck, many short lines":  rep("BYE sip:b@c SIP/2.0^M Via: x^M ^M BYE sip:b@c SIP/2.0^M Via: x^M ^M \n", 12_000),
		"stuck, words before":      cat([]byte("Aug 20 16:40:00 h BYE sip:b@c SIP/2.0^M Content-Length: 0^M ^M Aug 20 16:40:00 h "), rep("x BYE sip:b@c SIP/2.0^M Via: x^M ^M A1 ", 20_000)),
		"stuck, flat":              rep("BYE sip:b@c SIP/2.0 Via: x Content-Length: 0  ", 20_000),
		"stuck, flat, words":       rep("BYE sip:b@c SIP/2.0 Via: x Content-Length: 0  <--- x ", 20_000),
		"stuck, CR":                rep("Aug 20 16:40:00 h BYE sip:b@c SIP/2.0#015#012Via: x#015#012#015#012\r ", 15_000),
		"stuck, headers alone":     cat([]byte("Aug 20 16:40:00 h BYE sip:b@c SIP/2.0^M Via: x^M ^M BYE sip:b@c SIP/2.0^M Via: x^M ^M "), rep("Aug 20 16:40:00 g ", 50_000)),
		"CRs":                      rep("\rx", 500_000),
		"a message after all that": []byte(bye),
	}
}

// Memory is bounded, and what is handed out is never more than a few times what came in. That the time grows with the input and no more is for
// BenchmarkHostile to show.
func TestHostile(t *testing.T) {
	for name, text := range hostile(1) {
		t.Run(name, func(t *testing.T) { checkText(t, text) })
	}
	if testing.Short() {
		return
	}
	var before, after runtime.MemStats
	in := &Input{R: NewReader(io.LimitReader(endless("Contact: <sip:a\nBYE sip:b@c SIP/2.0\nVia: x\n\n"), 32<<20))}
	dec := NewText(in)
	var rec capture.Record
	runtime.GC()
	runtime.ReadMemStats(&before)
	for dec.Next(&rec) == nil {
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if after.HeapAlloc > before.HeapAlloc+4<<20 {
		t.Errorf("the heap grew by %d bytes over 32 MB", after.HeapAlloc-before.HeapAlloc)
	}
	runtime.KeepAlive(dec)
}

// endless repeats a text.
type endless string

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n+len(e) <= len(p) {
		n += copy(p[n:], e)
	}
	if n == 0 {
		return copy(p, e), nil
	}
	return n, nil
}

// checkText decodes a text and holds the records to it.
func checkText(t testing.TB, text []byte) {
	t.Helper()
	in := &Input{R: NewReader(bytes.NewReader(text)), Options: Options{KeepUnrecognised: true}}
	dec := NewText(in)
	var rec capture.Record
	total, unknown, last := 0, int64(0), int64(0)
	for {
		rec = capture.Record{Label: []byte("left over"), Event: capture.Event{Line: 9}}
		err := dec.Next(&rec)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		total += len(rec.Data)
		if rec.Kind == capture.KindUnknown {
			unknown++
		}
		number := rec.Origin.Number
		if in.TurnedWhole {
			number = -number
		}
		if number < last && last != 0 {
			t.Fatalf("a record of line %d behind one of line %d", number, last)
		}
		last = number
		if in.TurnedWhole && len(rec.Origin.Map) > 0 {
			rec.Origin.Map, rec.Data = nil, rec.Data[:1] // places go back
		}
		checkRecord(t, text, &rec)
	}
	if total > 2*len(text)+100 {
		t.Fatalf("%d bytes of data from %d", total, len(text))
	}
	if unknown != in.Stats.UnrecognisedLines {
		t.Fatalf("%d records that are not recognised, but %d lines", unknown, in.Stats.UnrecognisedLines)
	}
}

// checkRecord holds a record to its source: the origin is inside it, places do not go back, and a byte that is not part of an escape
// stands at its place; what rsyslog took away (see restore) stands at a blank.
func checkRecord(t testing.TB, text []byte, r *capture.Record) {
	t.Helper()
	o := r.Origin
	if o.Start < 0 || o.End < o.Start || o.End > int64(len(text)) || o.Number < 1 || len(r.Data) > 0 && o.Start == o.End {
		t.Fatalf("line %d: [%d,%d) of %d bytes for %d bytes of data", o.Number, o.Start, o.End, len(text), len(r.Data))
	}
	if string(r.Label) == "left over" || r.Event.Line == 9 {
		t.Fatal("the record was not filled")
	}
	if r.Kind == capture.KindLoss {
		return // its data are words about the source
	}
	if r.Form == capture.FormHex || r.Form == capture.FormSummary {
		text = nil // other characters stand there
	}
	w := mapWalk{m: o.Map}
	last, lf := 0, 0
	for i, c := range r.Data {
		place := w.logged(i)
		if o.Lines != nil {
			place = i + lf
			if c == '\n' {
				lf++
			}
		}
		at := o.Start + int64(place)
		if place < last || at >= o.End {
			t.Fatalf("line %d: byte %d %q is at %d after %d, in [%d,%d)", o.Number, i, c, at, o.Start+int64(last), o.Start, o.End)
		}
		last = place
		if text == nil {
			continue
		}
		if got := text[at]; got != c && c > ' ' && c < 0x7f && got != '&' && !escapeByte(got) && !(got == ' ' && strings.IndexByte("/2.0:", c) >= 0) {
			t.Fatalf("line %d: byte %d is %q, at %d stands %q", o.Number, i, c, at, got)
		}
	}
}

func escapeByte(c byte) bool { return c == '^' || c == '#' || c == '\\' || c == '<' || c == 'M' }

func TestMapWalk(t *testing.T) {
	recs, _ := decodeAll(t, []byte("x\n> "+strings.ReplaceAll(bye, "\n", "\n> ")+"\n"), false)
	if len(recs) != 1 {
		t.Fatal(len(recs))
	}
	w := mapWalk{m: recs[0].Origin.Map}
	for i := range recs[0].Data {
		if a, b := w.logged(i), recs[0].Origin.Map.Logged(i); a != b {
			t.Fatalf("byte %d at %d, want %d", i, a, b)
		}
	}
}

// A message is the same however its lines are written.
func TestSameMessage(t *testing.T) {
	wire := strings.ReplaceAll(bye, "\n", "\r\n")
	body := "v=0\r\no=- 1 1 IN IP4 192.0.2.5\r\ns=-\r\n"
	wire = strings.Replace(wire, "Content-Length: 0\r\n", fmt.Sprintf("Content-Type: application/sdp\r\nContent-Length: %d\r\n", len(body)), 1) + body
	lines := strings.Split(strings.TrimSuffix(wire, "\r\n"), "\r\n")
	each := func(p string) string {
		var b strings.Builder
		for _, l := range lines {
			b.WriteString(p + l + "\n")
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"as sent":         wire,
		"LF":              each(""),
		"quoted":          each("> "),
		"indented":        each("      "),
		"TAB":             each("\t"),
		"Asterisk":        each("[Aug  5 11:43:53] "),
		"docker":          each("2022-02-11T17:40:45.003Z "),
		"syslog":          each("Aug 20 16:40:00 192.0.2.5 "),
		"syslog with tag": each("Aug 20 16:40:00 192.0.2.5 sip[7]: "),
		"caret":           "Aug 20 16:40:00 192.0.2.5 " + strings.NewReplacer("\r", "^M", "\n", " ").Replace(strings.TrimSuffix(wire, "\n")) + "\n",
		"octal":           "Aug 20 16:40:00 192.0.2.5 " + strings.NewReplacer("\r", "#015", "\n", "#012").Replace(wire) + "\n",
		"rsyslog":         rsyslog("Aug 20 16:40:00 ", strings.NewReplacer("\r", "#015", "\n", "#012"), wire),
		"rsyslog, ISO":    rsyslog("2009-08-20T16:40:00.123456+02:00 ", strings.NewReplacer("\r", "#015", "\n", "#012"), wire),
		"rsyslog, C":      rsyslog("Aug 20 16:40:00 ", strings.NewReplacer("\r", `\r`, "\n", `\n`), wire),
		"rsyslog, raw":    "Aug 20 16:40:00 " + strings.Replace(wire, "sip:", "sip: ", 1),
		"rsyslog, blanks": rsyslog("Aug 20 16:40:00 ", strings.NewReplacer("\r", " ", "\n", " "), wire+"\n"),
		"rsyslog, no CC":  rsyslog("Aug 20 16:40:00 ", strings.NewReplacer("\n", " "), wire),
		"rsyslog in grep": rsyslog("syslog.1:Aug 20 16:40:00 ", strings.NewReplacer("\r", "#015", "\n", "#012"), wire),
		"rsyslog in red":  "\x1b[31m" + rsyslog("Aug 20 16:40:00 ", strings.NewReplacer("\r", "#015", "\n", "#012"), wire),
		"SpaceLF":         rsyslog("Aug 20 16:40:00 ", strings.NewReplacer("\n", " "), strings.TrimSuffix(wire, "\r\n")+"#015"),
		"ngrep":           strings.ReplaceAll(wire, "\r\n", ".\n"),
		"colours":         strings.ReplaceAll(each(""), "\n", "\x1b[0m\n"),
		"references":      strings.NewReplacer("sip:", "sip&colon;").Replace(each("")),
		"BOM":             "\xef\xbb\xbf" + wire,
		"with a rule":     "----\n" + each("") + "----\nand words\n",
		"Lync":            "Start-Line: " + strings.Replace(each(""), "\n\n", "\nMessage-Body: ", 1) + "$$end_record\n",
	} {
		recs, _ := decodeAll(t, []byte(text), false)
		if len(recs) != 1 || string(recs[0].Data) != wire {
			t.Errorf("%s: %d records, %q\nwant %q", name, len(recs), recs[0].Data, wire)
			continue
		}
		checkRecord(t, []byte(text), &recs[0])
	}
}

// rsyslog writes a request that came without a header: the method for the host, the scheme for a TAG, and a blank behind that. An LF at
// the end is dropped.
func rsyslog(date string, escape *strings.Replacer, wire string) string {
	return date + strings.Replace(escape.Replace(strings.TrimSuffix(wire, "\n")), "sip:", "sip: ", 1) + "\n"
}

// The blank is taken away where rsyslog put it, and only there.
func TestBrokenURI(t *testing.T) {
	const rest = " SIP/2.0#015#012Via: SIP/2.0/UDP 192.0.2.5#015#012#015\n"
	for before, want := range map[string]string{
		"Aug 20 16:40:00 INVITE sip: b@c":                             "INVITE sip:b@c",
		"<134>Aug 20 16:40:00 INVITE sips: b@c":                       "INVITE sips:b@c",
		"2009-08-20T16:40:00.123456+02:00 ACK tel: +1555":             "ACK tel:+1555",
		"log:2009-08-20T16:40:00.123456789+02:00 OPTIONS sip: h:5060": "OPTIONS sip:h:5060",
		"log:Aug  2 16:40:00 X-FOO sip: b@c":                          "X-FOO sip:b@c",
		"Aug 20 16:40:00 192.0.2.5 INVITE sip: b@c":                   "INVITE sip: b@c",
		"Aug 20 16:40:00 INVITE sip:b@c":                              "INVITE sip:b@c",
		"INVITE sip: b@c":                                             "INVITE sip: b@c",
		"<134>INVITE sip: b@c":                                        "INVITE sip: b@c",
		"16:40:00 INVITE sip: b@c":                                    "INVITE sip: b@c",
		"message=<INVITE sip: b@c":                                    "INVITE sip: b@c",
	} {
		recs, _ := decodeAll(t, []byte(before+rest), false)
		if len(recs) != 1 || string(recs[0].Data) != want+" SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.5\r\n\r\n" {
			t.Errorf("%q: %d records, want %s", before, len(recs), want)
			continue
		}
		checkRecord(t, []byte(before+rest), &recs[0])
		// Every byte of the start line leads to itself.
		for i := range len(want) {
			if at := recs[0].Origin.Start + int64(recs[0].Origin.Map.Logged(i)); before[at] != want[i] {
				t.Errorf("%q: byte %d %q is at %d", before, i, want[i], at)
			}
		}
	}
}

// Datagrams on one line are read one by one, those too whose line ends are escaped, and in the time that their bytes take.
func TestGlued(t *testing.T) {
	const ringing = "<134>SIP/2.0 180 Ringing^M Via: SIP/2.0/UDP 192.0.2.5^M Content-Length: 0^M ^M "
	text := ringing + "<134>[0]On Hook" + ringing + ringing + "\n"
	recs, _ := decodeAll(t, []byte(text), true)
	var got []string
	for i := range recs {
		checkRecord(t, []byte(text), &recs[i])
		got = append(got, string(recs[i].Data[:min(len(recs[i].Data), 19)]))
	}
	if want := "SIP/2.0 180 Ringing|[0]On Hook|SIP/2.0 180 Ringing|SIP/2.0 180 Ringing"; strings.Join(got, "|") != want {
		t.Errorf("got %q", got)
	}
}

// The start line alone counts where something says that it was logged.
func TestStartLineAlone(t *testing.T) {
	for text, want := range map[string]bool{
		"BYE sip:bob@example.com SIP/2.0\n":                           false,
		"words BYE sip:bob@example.com SIP/2.0\nmore words\n":         false,
		"Aug 20 16:40:00 192.0.2.5 BYE sip:bob@example.com SIP/2.0\n": true,
		"<134>BYE sip:bob@example.com SIP/2.0\n":                      true,
		"Aug 20 16:40:00 BYE sip: bob@example.com SIP/2.0#015\n":      true,
		"INFO sip: ready\n": false,
		"Aug 20 16:40:00 192.0.2.5 words BYE sip:bob@example.com SIP/2.0\n":                      false,
		"<--- SIP read from UDP:192.0.2.5:5060 --->\nBYE sip:bob@example.com SIP/2.0\n<------->": true,
		"BYE sip:bob@example.com SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.5\n":                          true,
	} {
		recs, in := decodeAll(t, []byte(text), false)
		if (len(recs) == 1) != want || !want && in.Stats.UnrecognisedLines == 0 {
			t.Errorf("%q: %d records, %d lines not recognised", text, len(recs), in.Stats.UnrecognisedLines)
		}
		if want && !strings.Contains(text, "Via") && recs[0].Missing != capture.MissingHead {
			t.Errorf("%q misses %d", text, recs[0].Missing)
		}
	}
}

func FuzzText(f *testing.F) {
	logs, err := filepath.Glob("all/testdata/*.log")
	if err != nil || len(logs) == 0 {
		f.Fatal(logs, err)
	}
	for _, name := range logs {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
		f.Add([]byte(fold(string(text), 76, false)))
		f.Add([]byte(trimmed(fold(string(text), 72, true))))
	}
	f.Fuzz(func(t *testing.T, text []byte) { checkText(t, text) })
}
