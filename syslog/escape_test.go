package syslog

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// message is a SIP message as a device sends it, of the size and shape of an SPA's INVITE.
func message() []byte {
	var b strings.Builder
	lines := []string{
		"INVITE sip:18005551212@sip.example.com SIP/2.0",
		"Via: SIP/2.0/UDP 192.168.0.2:5062;branch=z9hG4bK-1f2e3d4c;rport",
		"From: Test Body <sip:spa1@sip.example.com>;tag=0123456789abcdefo0",
		"To: <sip:18005551212@sip.example.com>",
		"Call-ID: a1b2c3d4-5e6f7a8b@192.168.0.2",
		"CSeq: 102 INVITE",
		"Max-Forwards: 70",
		`Proxy-Authorization: Digest username="spa1",realm="asterisk",nonce="1234abcd",response="00112233445566778899aabbccddeeff"`,
		"Contact: Test Body <sip:spa1@192.168.0.2:5062>",
		"Expires: 240",
		"User-Agent: Sipura/SPA3000-2.0.13(GWg)",
		"Content-Length: 320",
		"Allow: ACK, BYE, CANCEL, INFO, INVITE, NOTIFY, OPTIONS, REFER",
		"Supported: x-sipura",
		"Content-Type: application/sdp",
		"",
		"v=0", "o=- 1000 1000 IN IP4 192.168.0.2", "s=-", "c=IN IP4 192.168.0.2", "t=0 0",
		"m=audio 16384 RTP/AVP 0 2 4 8 18 96 97 98 100 101",
		"a=rtpmap:0 PCMU/8000", "a=rtpmap:2 G726-32/8000", "a=rtpmap:4 G723/8000", "a=rtpmap:8 PCMA/8000",
		"a=rtpmap:18 G729a/8000", "a=rtpmap:96 G726-40/8000", "a=rtpmap:97 G726-24/8000", "a=rtpmap:98 G726-16/8000",
		"a=rtpmap:100 NSE/8000", "a=fmtp:100 192-193", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=ptime:30", "a=sendrecv",
	}
	for _, l := range lines {
		b.WriteString(l + "\r\n")
	}
	return []byte(b.String())
}

// lineEscapes are those that write line ends so that all of a message comes back.
var lineEscapes = []Escape{EscapeCaret, EscapeMeta, EscapeHashOctal, EscapeBackslashOctal, EscapeC, EscapeDecimal, EscapeBlanks,
	EscapeSpaceLF, EscapeNamed}

func TestEscapesBringAMessageBack(t *testing.T) {
	msg := message()
	for _, e := range append([]Escape{EscapeNone, EscapeHex}, lineEscapes...) {
		logged := e.AppendEscaped(nil, msg)
		if e != EscapeNone && e != EscapeHex && bytes.ContainsAny(logged, "\r\n") && (e != EscapeSpaceLF || bytes.ContainsAny(logged, "\n")) {
			t.Errorf("%v: a line end is left: %q", e, logged)
		}
		want := e
		if e == EscapeHex || e == EscapeMeta {
			want = EscapeNone // raw line ends
			if e == EscapeMeta {
				want = EscapeCaret // no byte that tells the two apart
			}
		}
		if got := DetectEscape(logged); got != want {
			t.Errorf("%v: detected as %v", e, got)
		}
		clean, m := e.AppendUnescaped(nil, logged, nil)
		if !bytes.Equal(clean, msg) {
			t.Errorf("%v:\n got %q\nwant %q", e, clean, msg)
		}
		checkMap(t, clean, logged, m)
	}
}

// checkMap holds that the map goes forward, stays inside and leads each byte that was not escaped to itself.
func checkMap(t *testing.T, clean, logged []byte, m OffsetMap) {
	t.Helper()
	last := -1
	for i := range clean {
		at := m.Logged(i)
		if at < last || at < 0 || at >= len(logged) {
			t.Fatalf("byte %d of %q leads to %d of %q, after %d", i, clean, at, logged, last)
		}
		c := clean[i]
		if c > ' ' && c < 0x7f && logged[at] != c {
			t.Fatalf("byte %d, %q, of %q leads to %q at %d of %q", i, c, clean, logged[at], at, logged)
		}
		last = at
	}
}

func TestAppendUnescaped(t *testing.T) {
	for _, c := range []struct {
		name          string
		e             Escape
		logged, clean string
	}{
		{"a blank is LF", EscapeCaret, "A^M B", "A\r\nB"},
		{"a lost blank", EscapeCaret, "CSeq: 101 ACK^MMax-Forwards: 70^M ", "CSeq: 101 ACK\r\nMax-Forwards: 70\r\n"},
		{"a text that ends with ^M", EscapeCaret, "A^M ^M", "A\r\n\r\n"},
		{"the blank of a folded line stays", EscapeCaret, "A: b,^M  c", "A: b,\r\n c"},
		{"TAB and NUL", EscapeCaret, "a^Ib^@c", "a\tb\x00c"},
		{"octal", EscapeCaret, `a\177b\200c\237d`, "a\x7fb\x80c\x9fd"},
		{"octal that sysklogd does not write", EscapeCaret, `a\101 \240 \"x\" \`, `a\101 \240 \"x\" \`},
		{"a caret and no letter", EscapeCaret, "2^3 ^ ^a ^", "2^3 ^ ^a ^"},
		{"a caret and a backslash", EscapeCaret, `a^\b\200^\`, "a\x1cb\x80\x1c"},
		{"octal and caret together", EscapeCaret, `\342\200\235^M \200^M `, "\\342\x80\x9d\r\n\x80\r\n"},
		{"C1", EscapeMeta, "\xe2M-^@M-^]^M ", "\xe2\x80\x9d\r\n"},
		{"a name that ends with M-", EscapeMeta, "X: TEAM-^M Y: 1", "X: TEAM-\r\nY: 1"},
		{"0x8d behind a lead byte", EscapeMeta, "\xc5M-^M ", "\xc5\x8d "},
		{"DEL", EscapeMeta, "a^?b\tc", "a\x7fb\tc"},
		{"DEL is not sysklogd's", EscapeCaret, "a^?b", "a^?b"},
		{"CR LF", EscapeHashOctal, "A#015#012B", "A\r\nB"},
		{"the LF at the end was dropped", EscapeHashOctal, "A#015#012#015", "A\r\n\r\n"},
		{"SpaceLF", EscapeHashOctal, "A#015 B#015 ", "A\r\nB\r\n"},
		{"LF alone", EscapeHashOctal, "A#012B", "A\nB"},
		{"what was dialled", EscapeHashOctal, "sip:*98#123#200@h #01", "sip:*98#123#200@h #01"},
		{"8-bit option", EscapeHashOctal, "#303#251#342#200#235", "é”"},
		{"backslash", EscapeBackslashOctal, `A\015\012B\011\"`, "A\r\nB\t\\\""},
		{"a quoted pair", EscapeBackslashOctal, `"\\015"`, `"\\015"`},
		{"C", EscapeC, `A\r\nB\tC\x1FD\0\a\b\e\f\v`, "A\r\nB\tC\x1fD\x00\a\b\x1b\f\v"},
		{"C, quoted pairs", EscapeC, `"\"a\\n\q" \x41 \xZZ \`, `"\"a\\n\q" \x41 \xZZ \`},
		{"C, hexadecimal line ends", EscapeC, `A\x0d\x0AB`, "A\r\nB"},
		{"Kiwi", EscapeDecimal, "A<013><010>B<009><127>", "A\r\nB\t\x7f"},
		{"Kiwi, what is none", EscapeDecimal, "<sip:a@b> <134> <065> <13> <", "<sip:a@b> <134> <065> <13> <"},
		{"hexadecimal", EscapeHex, `a\xe9b\x41 \x0d\n`, "a\xe9b\\x41 \\x0d\\n"},
		{"none", EscapeNone, "a^M #015", "a^M #015"},
		{"two blanks", EscapeBlanks, "BYE sip:b@x SIP/2.0  Via: a  To: b  c  Content-Length: 0    ", "BYE sip:b@x SIP/2.0\r\nVia: a\r\nTo: b  c\r\nContent-Length: 0\r\n\r\n"},
		{"two blanks, a body", EscapeBlanks, "BYE sip:b@x SIP/2.0  A: 1    v=0  o=- 1  s=a  b  Signal=5  ", "BYE sip:b@x SIP/2.0\r\nA: 1\r\n\r\nv=0\r\no=- 1\r\ns=a  b\r\nSignal=5\r\n"},
		{"two blanks, an empty value", EscapeBlanks, "BYE sip:b@x SIP/2.0  Subject:   To: b", "BYE sip:b@x SIP/2.0\r\nSubject: \r\nTo: b"},
		{"two blanks, single ones stay", EscapeBlanks, "BYE sip:b@x SIP/2.0  From: Via: me  To: b", "BYE sip:b@x SIP/2.0\r\nFrom: Via: me\r\nTo: b"},
		{"two blanks, XML", EscapeBlanks, "NOTIFY sip:b@x SIP/2.0  A: 1    <?xml?>  <a>    <b/>", "NOTIFY sip:b@x SIP/2.0\r\nA: 1\r\n\r\n<?xml?>\r\n<a>\r\n  <b/>"},
		{"one blank", EscapeBlanks, "SIP/2.0 180 Ringing To: b Via: a Subject: \"see From: x\" From: c", "SIP/2.0 180 Ringing\r\nTo: b\r\nVia: a\r\nSubject: \"see From: x\"\r\nFrom: c"},
		{"one blank, a body", EscapeBlanks, "ACK sip:b@x SIP/2.0 Via: a Content-Length: 9  v=0 o=- 1 1 IN IP4 h s=x ", "ACK sip:b@x SIP/2.0\r\nVia: a\r\nContent-Length: 9\r\n\r\nv=0\r\no=- 1 1 IN IP4 h\r\ns=x\r\n"},
		{"blanks in what is no SIP", EscapeBlanks, "a  Via: b", "a  Via: b"},
		{"a reason phrase with blanks", EscapeBlanks, "SIP/2.0 400 Bad Request: no  Via: a  To: b", "SIP/2.0 400 Bad Request: no\r\nVia: a\r\nTo: b"},
		{"names", EscapeNamed, "A: <sip:a@b><CR><LF>B<CR><LF><CR><LF><CRLF><cr> <LF", "A: <sip:a@b>\r\nB\r\n\r\n<CRLF><cr> <LF"},
		{"names, the last LF dropped", EscapeNamed, "A<CR><LF>B<CR>", "A\r\nB\r\n"},
		{"a raw CR and a blank", EscapeSpaceLF, "A\r B:\tx\r \r #015", "A\r\nB:\tx\r\n\r\n\r\n"},
		{"a raw CR and a blank, C style", EscapeSpaceLF, `A: b` + "\r " + `\r`, "A: b\r\n\r\n"},
		{"a raw CR at the end", EscapeSpaceLF, "A: b\r \r", "A: b\r\n\r\n"},
		{"a raw CR and a blank at the end", EscapeSpaceLF, "A: b\r \r ", "A: b\r\n\r\n"},
		{"another character at the end", EscapeSpaceLF, "A: b\r c\r d#011", "A: b\r\nc\r\nd\t"},
		{"a body that does not end in a line end", EscapeSpaceLF, "A: b\r \r x y", "A: b\r\n\r\nx y"},
		{"a CR without a blank", EscapeSpaceLF, "A\rB", "A\rB"},
		{"two blanks, and rsyslog's in the URI", EscapeBlanks, "BYE sip: b@x SIP/2.0  Via: a", "BYE sip: b@x SIP/2.0\r\nVia: a"},
	} {
		clean, m := c.e.AppendUnescaped([]byte("before"), []byte(c.logged), nil)
		if string(clean) != "before"+c.clean {
			t.Errorf("%s: %q\n got %q\nwant %q", c.name, c.logged, clean[6:], c.clean)
			continue
		}
		checkMap(t, clean[6:], []byte(c.logged), m)
	}
}

func TestOffsetMapOfCaret(t *testing.T) {
	//                 0    5    10
	logged := []byte("AB^M CD^MEF^M ^M")
	clean, m := EscapeCaret.AppendUnescaped(nil, logged, nil)
	if string(clean) != "AB\r\nCD\r\nEF\r\n\r\n" {
		t.Fatalf("%q", clean)
	}
	want := []int{0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15}
	for i, w := range want {
		if got := m.Logged(i); got != w {
			t.Errorf("byte %d %q: %d, want %d", i, clean[i], got, w)
		}
	}
}

func TestDetectEscape(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       Escape
	}{
		{"sysklogd", "INVITE sip:b@x SIP/2.0^M Via: SIP/2.0/UDP x^M ", EscapeCaret},
		{"sysklogd, blank lost", "SIP/2.0 200 OK^MVia: SIP/2.0/UDP x", EscapeCaret},
		{"sysklogd, compact forms", "SIP/2.0 200 OK^M v:SIP/2.0/UDP x", EscapeCaret},
		{"a start line alone", "INVITE sip:b@x SIP/2.0^M", EscapeCaret},
		{"a start line and the empty line", "INVITE sip:b@x SIP/2.0^M ^M ", EscapeCaret},
		{"a body", "v=0^M o=- 1 1 IN IP4 x", EscapeCaret},
		{"C1 of the BSD family", "BYE sip:b@x SIP/2.0^M Via: a^M Subject: \xe2M-^@M-^]", EscapeMeta},
		{"TAB of the BSD family", "BYE sip:b@x SIP/2.0^M Via: a\tb^M ", EscapeMeta},
		{"a lone ^M in prose", "press ^M to continue", EscapeNone},
		{"a ^M at the end of prose", "to continue press ^M", EscapeNone},
		{"rsyslog", "INVITE sip:b@x SIP/2.0#015#012Via: x", EscapeHashOctal},
		{"rsyslog, LF alone", "INVITE sip:b@x SIP/2.0#012Via: x", EscapeHashOctal},
		{"rsyslog, SpaceLF", "INVITE sip:b@x SIP/2.0#015 Via: x", EscapeHashOctal},
		{"rsyslog, a line end in a URI before it", "INVITE sip:*98#015@x SIP/2.0#015#012Via: x", EscapeHashOctal},
		{"#015 in a URI", "Calling:*98#015@sip.example.com", EscapeNone},
		{"#012 in a URI", "INVITE sip:*98#012@x SIP/2.0", EscapeNone},
		{"#015 at the end", "Calling:*98#015", EscapeNone},
		{"rsyslog 8, SpaceLF", "INVITE sip:b@x SIP/2.0\r Via: x\r #015", EscapeSpaceLF},
		{"rsyslog 8, SpaceLF, a response", "SIP/2.0 200 OK\r Via: x\r #015", EscapeSpaceLF},
		{"rsyslog 8, SpaceLF, no escapes", "SIP/2.0 200 OK\r Via: x\r \r\n", EscapeSpaceLF},
		{"rsyslog 8, SpaceLF, a start line alone", "BYE sip:b@x SIP/2.0\r #015", EscapeSpaceLF},
		{"rsyslog 8, SpaceLF, C style", "BYE sip:b@x SIP/2.0\r \\r", EscapeSpaceLF},
		{"rsyslog 8, a blank in the URI, flattened", "BYE sip: b@x SIP/2.0  Via: x", EscapeBlanks},
		{"a raw CR in prose", "he said\r and went", EscapeNone},
		{"octal", `INVITE sip:b@x SIP/2.0\015\012Via: x`, EscapeBackslashOctal},
		{"C", `INVITE sip:b@x SIP/2.0\r\nVia: x`, EscapeC},
		{"C, hexadecimal", `INVITE sip:b@x SIP/2.0\x0d\x0aVia: x`, EscapeC},
		{"a quoted pair", `Reason: Q.850;text="a\rb"`, EscapeNone},
		{"Kiwi", "INVITE sip:b@x SIP/2.0<013><010>Via: x", EscapeDecimal},
		{"names", "INVITE sip:b@x SIP/2.0<CR><LF>Via: x", EscapeNamed},
		{"the name of LF alone", "INVITE sip:b@x SIP/2.0<LF>Via: x", EscapeNamed},
		{"a name in prose", "INVITE sip:b@x SIP/2.0 ends in <CR> there", EscapeNone},
		{"Kiwi's number in prose", "code <013> came", EscapeNone},
		{"flattened", "INVITE sip:b@x SIP/2.0  Via: x  To: y", EscapeBlanks},
		{"flattened to one blank", "INVITE sip:b@x SIP/2.0 Via: x To: y", EscapeBlanks},
		{"flattened response", "SIP/2.0 407 Proxy Authentication Required  Via: x", EscapeBlanks},
		{"an unknown field behind one blank", "INVITE sip:b@x SIP/2.0 Foo: x", EscapeNone},
		{"raw", "INVITE sip:b@x SIP/2.0\r\nVia: x^M To: y\r\n", EscapeNone},
		{"the line end of the log itself", "INVITE sip:b@x SIP/2.0^M Via: x\r\n", EscapeCaret},
		{"words of an SPA", "[0]Off Hook", EscapeNone},
		{"empty", "", EscapeNone},
	} {
		if got := DetectEscape([]byte(c.text)); got != c.want {
			t.Errorf("%s: %q: got %v, want %v", c.name, c.text, got, c.want)
		}
	}
}

func TestAppendEscaped(t *testing.T) {
	// Caret and meta follow the sources of sysklogd and of the BSD family, rsyslog's two styles its own tests. Kiwi's and
	// syslog-ng's rows go no further than what their logs show: which other bytes they escape was not to be found.
	const mixed = "A\a\tB\r\n\x7f\x85é\xff"
	for _, c := range []struct {
		e    Escape
		want string
	}{
		{EscapeCaret, `A^G^IB^M \177\205` + "\xc3\xa9\xff"},
		{EscapeMeta, "A^G\tB^M ^?M-^E\xc3\xa9\xff"},
		{EscapeHashOctal, "A#007#011B#015#012\x7f\x85\xc3\xa9\xff"},
		{EscapeBackslashOctal, `A\007\011B\015\012` + "\x7f\x85\xc3\xa9\xff"},
		{EscapeC, `A\a\tB\r\n` + "\x7f\x85\xc3\xa9\xff"},
		{EscapeDecimal, "A<007><009>B<013><010>\x7f\x85\xc3\xa9\xff"},
		{EscapeHex, "A\a\tB\r\n\x7f\\x85\xc3\xa9\\xff"},
		{EscapeBlanks, "A\a\tB  \x7f\x85\xc3\xa9\xff"},
		{EscapeSpaceLF, "A\a\tB\r \x7f\x85\xc3\xa9\xff"},
		{EscapeNamed, "A\a\tB<CR><LF>\x7f\x85\xc3\xa9\xff"},
		{EscapeNone, mixed},
	} {
		if got := c.e.AppendEscaped(nil, []byte(mixed)); string(got) != c.want {
			t.Errorf("%v: got %q, want %q", c.e, got, c.want)
		}
	}
	if got := EscapeCaret.AppendEscaped(nil, []byte("a\x00b")); string(got) != "a" {
		t.Errorf("the text ends at NUL: %q", got)
	}
	if got := EscapeHashOctal.AppendEscaped(nil, []byte("a\x00\r\n")); string(got) != "a#000#015" {
		t.Errorf("the last LF is dropped: %q", got)
	}
	// As rsyslog 8.2302 wrote it.
	if got := EscapeSpaceLF.AppendEscaped(nil, []byte("A\r\nB\tc\r\n\r\n")); string(got) != "A\r B\tc\r #015" {
		t.Errorf("SpaceLF: %q", got)
	}
	if got := EscapeC.AppendEscaped(nil, []byte("\x1f\x00")); string(got) != `\x1F\0` {
		t.Errorf("C: %q", got)
	}
}

func TestSysklogdLimit(t *testing.T) {
	long := bytes.Repeat([]byte("0123456789"), 200)
	got := EscapeCaret.AppendEscapedLimit(nil, long, SysklogdLimit(0))
	if len(got) != 1021 {
		t.Errorf("plain text: %d characters, want 1021", len(got))
	}
	// 1022 received bytes of which 5 are the PRI.
	got = EscapeCaret.AppendEscapedLimit(nil, long, SysklogdLimit(len("<134>")))
	if len(got) != 1017 {
		t.Errorf("behind a PRI: %d characters, want 1017", len(got))
	}
	// 1020 characters and an escape: it begins before the limit and is written whole, and nothing after it.
	got = EscapeCaret.AppendEscapedLimit(nil, append(bytes.Repeat([]byte("x"), 1020), "\x7fy"...), SysklogdLimit(0))
	if want := strings.Repeat("x", 1020) + `\177`; string(got) != want {
		t.Errorf("ends with %q", got[1000:])
	}
	// Escapes lengthen a text: one of 1000 bytes in lines of 10 becomes longer by one for each CR and stops before its end.
	lines := bytes.Repeat([]byte("01234567\r\n"), 100)
	got = EscapeCaret.AppendEscapedLimit(nil, lines, SysklogdLimit(0))
	if len(got) < 1021 || len(got) > 1024 {
		t.Errorf("lines: %d characters", len(got))
	}
	clean, _ := EscapeCaret.AppendUnescaped(nil, got, nil)
	if len(clean) < 900 || !bytes.HasPrefix(lines, clean[:len(clean)-2]) {
		t.Errorf("cut text is not the beginning of the message: %q", clean[900:])
	}
}

// representable reports whether e keeps all of text: it has nothing that looks like an escape or a line end that is none.
func representable(e Escape, text []byte) bool {
	crlf := bytes.ReplaceAll(text, []byte("\r\n"), nil)
	bare := bytes.ContainsAny(crlf, "\r\n")
	switch e {
	case EscapeCaret:
		return !bare && !bytes.ContainsAny(text, "^\\\x00")
	case EscapeMeta:
		for i, c := range text {
			// 0x8a becomes "M- ", 0x89 "M-" and TAB; 0x8d wants a byte from 0x80 before it.
			if c == 0x8a || c == 0x89 || c == 0x8d && (i == 0 || text[i-1] < 0x80) {
				return false
			}
		}
		return !bare && !bytes.ContainsAny(text, "^\x00") && !bytes.Contains(text, []byte("M-"))
	case EscapeHashOctal, EscapeBackslashOctal, EscapeC:
		marks := map[Escape]string{EscapeHashOctal: "#", EscapeBackslashOctal: `\`, EscapeC: `\`}
		if bytes.ContainsAny(text, marks[e]) || bytes.Contains(text, []byte("\r ")) {
			return false
		}
		// The LF at the end is dropped, and comes back only with a CR before it.
		return !bytes.HasSuffix(text, []byte("\r")) && (!bytes.HasSuffix(text, []byte("\n")) || bytes.HasSuffix(text, []byte("\r\n")))
	case EscapeDecimal:
		return !bytes.ContainsAny(text, "<") && !bytes.Contains(text, []byte("\r ")) && !bytes.HasSuffix(text, []byte("\r"))
	case EscapeHex:
		return !bytes.ContainsAny(text, `\`)
	case EscapeSpaceLF:
		// LF alone is a blank, and the end is looked at for escapes.
		return !bytes.Contains(bytes.ReplaceAll(text, []byte("\r\n"), nil), []byte("\n")) && !bytes.Contains(text, []byte("\r ")) &&
			!bytes.ContainsAny(text, `#\`) && !bytes.HasSuffix(text, []byte("\r"))
	}
	return true
}

func FuzzEscape(f *testing.F) {
	for e := EscapeNone; e <= EscapeSpaceLF; e++ {
		f.Add(uint8(e), message())
		f.Add(uint8(e), []byte("a\r\n\tb\x7f\x85\xc5\x8d\xff\r\n\r\n"))
		f.Add(uint8(e), e.AppendEscaped(nil, message()))
	}
	f.Fuzz(func(t *testing.T, n uint8, text []byte) {
		e := Escape(n % uint8(EscapeSpaceLF+1))
		// Anything can be unescaped, and its map is in order.
		clean, m := e.AppendUnescaped(nil, text, nil)
		if e != EscapeBlanks && len(clean) > len(text)+1 {
			t.Fatalf("%v: %d bytes became %d", e, len(text), len(clean))
		}
		if DetectEscape(text) > EscapeSpaceLF {
			t.Fatal("no such escape")
		}
		last := 0
		for i := range clean {
			at := m.Logged(i)
			if at < last || at >= len(text) {
				t.Fatalf("%v: byte %d of %q leads to %d of %q, after %d", e, i, clean, at, text, last)
			}
			last = at
			// A byte that an escape cannot make is the logged one.
			if c := clean[i]; c > ' ' && c < 0x7f && text[at] != c {
				t.Fatalf("%v: byte %d, %q, of %q leads to %q at %d of %q", e, i, c, clean, text[at], at, text)
			}
		}
		if e == EscapeBlanks || !representable(e, text) {
			return
		}
		logged := e.AppendEscaped(nil, text)
		back, m := e.AppendUnescaped(nil, logged, nil)
		if !bytes.Equal(back, text) {
			t.Fatalf("%v: %q was logged as %q and read as %q", e, text, logged, back)
		}
		checkMap(t, back, logged, m)
	})
}

// Lines of SIP with any values come back from blanks as long as no value has two blanks together or a blank at an end.
func FuzzEscapeBlanks(f *testing.F) {
	f.Add("Subject", "hello", "x")
	f.Add("X-Y", "a b c: d", "y z")
	f.Fuzz(func(t *testing.T, name, value, body string) {
		if tokenLen([]byte(name)) != len(name) || name == "" || len(name) > maxFieldName-1 {
			return
		}
		for _, v := range []string{value, body} {
			if strings.ContainsAny(v, "\r\n\x00") || strings.Contains(v, "  ") || strings.HasPrefix(v, " ") || strings.HasSuffix(v, " ") {
				return
			}
		}
		msg := fmt.Sprintf("MESSAGE sip:b@x SIP/2.0\r\nVia: a\r\n%s: %s.\r\nTo: b\r\n\r\nv=0\r\ns=%s.\r\n", name, value, body)
		logged := EscapeBlanks.AppendEscaped(nil, []byte(msg))
		clean, m := EscapeBlanks.AppendUnescaped(nil, logged, nil)
		if string(clean) != msg {
			t.Fatalf("%q was logged as %q and read as %q", msg, logged, clean)
		}
		checkMap(t, clean, logged, m)
	})
}

// The short way gives what the long way gives, behind what was there already, or nothing; and of a usual message it gives something.
func FuzzCaretLines(f *testing.F) {
	f.Add([]byte("x"), EscapeCaret.AppendEscaped(nil, message()))
	for _, s := range []string{"", "^", "^M", "^M ", "^M ^M", "^Mx", "a^", "^N", "12345678^M 1234567^M", "\xde^M \xdf\x00\xff234567890123456^M ", "a\\^M "} {
		f.Add([]byte(nil), []byte(s))
	}
	f.Fuzz(func(t *testing.T, before, text []byte) {
		// Room behind before, and none: what stood in the room must not matter.
		for _, dst := range [][]byte{slices.Clip(slices.Clone(before)), append(bytes.Repeat([]byte("^M"), len(text)+20)[:0], before...)} {
			got, ok := AppendCaretLines(dst, text)
			if !ok {
				if !bytes.Equal(got, before) {
					t.Fatalf("%q behind %q: refused, and became %q", text, before, got)
				}
				continue
			}
			want, _ := EscapeCaret.AppendUnescaped(slices.Clone(before), text, nil)
			if !bytes.Equal(got, want) {
				t.Fatalf("%q behind %q is %q, and %q the long way", text, before, got, want)
			}
		}
	})
}

func TestCaretLinesOfAUsualMessage(t *testing.T) {
	if got, ok := AppendCaretLines(nil, EscapeCaret.AppendEscaped(nil, message())); !ok || !bytes.Equal(got, message()) {
		t.Errorf("%v, %q", ok, got)
	}
}

func TestUnescapingDoesNotAllocate(t *testing.T) {
	for _, e := range lineEscapes {
		logged := e.AppendEscaped(nil, message())
		dst, m := make([]byte, 0, 4096), make(OffsetMap, 0, 512)
		if n := testing.AllocsPerRun(100, func() {
			if d := DetectEscape(logged); d == EscapeNone {
				t.Fatal("not detected")
			}
			e.AppendUnescaped(dst, logged, m)
		}); n != 0 {
			t.Errorf("%v: %v allocations", e, n)
		}
	}
}

func BenchmarkAppendUnescaped(b *testing.B) {
	for _, e := range lineEscapes {
		b.Run(e.String(), func(b *testing.B) {
			logged := e.AppendEscaped(nil, message())
			dst, m := make([]byte, 0, 4096), make(OffsetMap, 0, 512)
			b.SetBytes(int64(len(logged)))
			b.ReportAllocs()
			for b.Loop() {
				e.AppendUnescaped(dst, logged, m)
			}
		})
	}
}

func BenchmarkDetectEscape(b *testing.B) {
	for _, e := range append([]Escape{EscapeNone}, lineEscapes...) {
		b.Run(e.String(), func(b *testing.B) {
			logged := e.AppendEscaped(nil, message())
			b.ReportAllocs()
			for b.Loop() {
				DetectEscape(logged)
			}
		})
	}
}
