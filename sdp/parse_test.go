package sdp

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// minimal is the smallest clean description with a media section.
const minimal = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"

// with returns minimal with the line that begins with prefix replaced, or left out if by is empty.
func with(prefix, by string) string {
	i := strings.Index(minimal, prefix)
	end := i + strings.Index(minimal[i:], "\n") + 1
	if by != "" {
		by += "\r\n"
	}
	return minimal[:i] + by + minimal[end:]
}

// problemCases has at least one description for each problem: what is found, in order.
var problemCases = []struct {
	name string
	in   string
	want []ProblemCode
}{
	{"the smallest description has no problem", minimal, nil},
	{"a description without media is whole", minimal[:strings.Index(minimal, "m=")], nil},
	{"nothing at all", "", []ProblemCode{ProblemEmpty}},
	{"LF alone is told once", strings.ReplaceAll(minimal, "\r", ""), []ProblemCode{ProblemBareLF}},
	{"CR alone is told once", strings.ReplaceAll(minimal, "\n", ""), []ProblemCode{ProblemBareCR}},
	{"a doubled CR is told once", strings.ReplaceAll(minimal, "\r", "\r\r"), []ProblemCode{ProblemBareCR}},
	{"no line end at the end", strings.TrimSuffix(minimal, "\r\n"), []ProblemCode{ProblemNoLineEnd}},
	{"half a line end at the end", strings.TrimSuffix(minimal, "\n"), []ProblemCode{ProblemBareCR}},
	{"an empty line at the end", minimal + "\r\n", []ProblemCode{ProblemEmptyLine}},
	{"a line that is not one", minimal + "audio\r\n", []ProblemCode{ProblemNotALine}},
	{"a blank before the letter", minimal + " a=sendrecv\r\n", []ProblemCode{ProblemNotALine}},
	{"a letter that nobody knows", minimal + "y=1\r\n", []ProblemCode{ProblemUnknownType}},
	{"types are case-significant", minimal + "A=sendrecv\r\n", []ProblemCode{ProblemUnknownType}},
	{"b= before c= in the session", with("c=", "b=AS:1\r\nc=IN IP4 192.0.2.1"), []ProblemCode{ProblemOrder}},
	{"a time inside media", minimal + "t=0 0\r\n", []ProblemCode{ProblemOrder}},
	{"c= after a= inside media", minimal + "a=sendrecv\r\nc=IN IP4 192.0.2.1\r\n", []ProblemCode{ProblemOrder}},
	{"r= without t=", with("t=", "r=1d 1h 0\r\nt=0 0"), []ProblemCode{ProblemOrder}},
	{"a second session in one description", minimal + "v=0\r\n", []ProblemCode{ProblemOrder}},
	{"two names", with("s=", "s=-\r\ns=-"), []ProblemCode{ProblemRepeated}},
	{"two titles of one medium", minimal + "i=a\r\ni=b\r\n", []ProblemCode{ProblemRepeated}},
	{"two connections of one medium", minimal + "c=IN IP4 233.252.0.1/127\r\nc=IN IP4 233.252.0.2/127\r\n", nil},
	{"two times", with("t=", "t=1 2\r\nr=1d 1h 0 2h\r\nz=3730928400 -1h\r\nt=3 4"), nil},
	{"no version", with("v=", ""), []ProblemCode{ProblemNoVersion}},
	{"no origin", with("o=", ""), []ProblemCode{ProblemNoOrigin}},
	{"no name", with("s=", ""), []ProblemCode{ProblemNoName}},
	{"no time", with("t=", ""), []ProblemCode{ProblemNoTime}},
	{"no connection at all", with("c=", ""), []ProblemCode{ProblemNoConnection}},
	{"a connection of the medium alone", with("c=", "") + "c=IN IP6 ::1\r\n", nil},
	{"a connection of one of two media", with("c=", "") + "c=IN IP6 ::1\r\nm=audio 1 RTP/AVP 0\r\n", []ProblemCode{ProblemNoConnection}},
	{"NUL", with("s=", "s=a\x00b\x00c"), []ProblemCode{ProblemForbiddenByte}},
	{"NUL in two lines", with("s=", "s=a\x00") + "a=b:\x00\r\n", []ProblemCode{ProblemForbiddenByte, ProblemForbiddenByte}},
	{"a blank at the end of t=", with("t=", "t=0 0 "), []ProblemCode{ProblemSpacing}},
	{"two blanks in o=", with("o=", "o=-  1 1 IN IP4 192.0.2.1"), []ProblemCode{ProblemSpacing}},
	{"a tab in c=", with("c=", "c=IN\tIP4 192.0.2.1"), []ProblemCode{ProblemSpacing}},
	{"a blank at the end of m=", with("m=", "m=audio 4000 RTP/AVP 0 "), []ProblemCode{ProblemSpacing}},
	{"an empty name", with("s=", "s="), []ProblemCode{ProblemEmptyName}},
	{"a blank as name", with("s=", "s= "), nil},
	{"an empty URI", with("s=", "s=-\r\nu="), []ProblemCode{ProblemEmptyValue}},
	{"version 1", with("v=", "v=1"), []ProblemCode{ProblemVersion}},
	{"no version number", with("v=", "v="), []ProblemCode{ProblemVersion}},
	{"an origin without version", with("o=", "o=- 1 IN IP4 192.0.2.1"), []ProblemCode{ProblemOrigin}},
	{"a user name with a blank", with("o=", "o=John Doe 1 1 IN IP4 192.0.2.1"), []ProblemCode{ProblemOrigin}},
	{"a session id that is no number", with("o=", "o=- a 1 IN IP4 192.0.2.1"), []ProblemCode{ProblemOrigin}},
	{"a connection without address", with("c=", "c=IN IP4"), []ProblemCode{ProblemConnection}},
	{"a bandwidth without type", minimal + "b=64\r\n", []ProblemCode{ProblemBandwidth}},
	{"a bandwidth", minimal + "b=AS:64\r\n", nil},
	{"one time", with("t=", "t=0"), []ProblemCode{ProblemTime}},
	{"a repeat without offset", with("t=", "t=0 0\r\nr=1d 1h"), []ProblemCode{ProblemRepeat}},
	{"a repeat with a unit in capitals", with("t=", "t=0 0\r\nr=1D 1h 0"), []ProblemCode{ProblemRepeat}},
	{"a zone without offset", with("t=", "t=0 0\r\nz=3730928400"), []ProblemCode{ProblemZone}},
	{"a zone with a lone minus", with("t=", "t=0 0\r\nz=3730928400 -"), []ProblemCode{ProblemZone}},
	{"an attribute without name", minimal + "a=\r\n", []ProblemCode{ProblemAttribute}},
	{"an attribute with a blank in its name", minimal + "a=send recv\r\n", []ProblemCode{ProblemAttribute}},
	{"a colon and nothing", minimal + "a=fmtp:\r\n", []ProblemCode{ProblemAttribute}},
	{"an attribute that nobody knows", minimal + "a=X-thing:\xff \x01\r\n", nil},
	{"an attribute in other capitals", minimal + "a=SendOnly\r\n", []ProblemCode{ProblemAttributeCase}},
	{"no formats", with("m=", "m=audio 4000 RTP/AVP"), []ProblemCode{ProblemMedia}},
	{"a media type alone", with("m=", "m=audio"), []ProblemCode{ProblemMedia}},
	{"an empty media line", with("m=", "m="), []ProblemCode{ProblemMedia}},
	{"a protocol that ends in a slash", with("m=", "m=audio 4000 RTP/ 0"), []ProblemCode{ProblemMedia}},
	{"zero ports", with("m=", "m=audio 4000/0 RTP/AVP 0"), []ProblemCode{ProblemMedia}},
	{"fax", with("m=", "m=image 4000 udptl t38"), nil},
	{"a port past the last", with("m=", "m=audio 65536 RTP/AVP 0"), []ProblemCode{ProblemPort}},
	{"a port in words", with("m=", "m=audio x RTP/AVP 0"), []ProblemCode{ProblemPort}},
	{"payload type 128", with("m=", "m=audio 4000 RTP/AVP 0 128 999"), []ProblemCode{ProblemPayloadType}},
	{"a payload type twice", with("m=", "m=audio 4000 RTP/AVP 0 8 0"), []ProblemCode{ProblemFormatRepeated}},
	{"an rtpmap without rate", minimal + "a=rtpmap:0 PCMU\r\n", []ProblemCode{ProblemRTPMap}},
	{"an rtpmap with rate zero", minimal + "a=rtpmap:0 PCMU/0\r\n", []ProblemCode{ProblemRTPMap}},
	{"a blank before the payload type", minimal + "a=rtpmap: 0 PCMU/8000\r\n", []ProblemCode{ProblemRTPMap}},
	{"an rtpmap with channels", minimal + "a=rtpmap:0 PCMU/8000/1\r\n", nil},
	{"two rtpmaps", minimal + "a=rtpmap:0 PCMU/8000\r\na=rtpmap:0 PCMU/8000\r\n", []ProblemCode{ProblemRTPMapRepeated}},
	{"an fmtp without parameters", minimal + "a=fmtp:0\r\n", []ProblemCode{ProblemFMTP}},
	{"an fmtp", minimal + "a=fmtp:0 x=1; y=2 \r\n", nil},
	{"an rtpmap of another payload type", minimal + "a=rtpmap:8 PCMA/8000\r\n", []ProblemCode{ProblemUnlisted}},
	{"an fmtp of another payload type", minimal + "a=fmtp:101 0-15\r\n", []ProblemCode{ProblemUnlisted}},
	{"a dynamic payload type without rtpmap", with("m=", "m=audio 4000 RTP/AVP 0 96 127"), []ProblemCode{ProblemNoRTPMap, ProblemNoRTPMap}},
	{"payload type 2 is not static", with("m=", "m=audio 4000 RTP/AVP 2"), []ProblemCode{ProblemNoRTPMap}},
	{"a rejected stream needs no rtpmap", with("m=", "m=audio 0 RTP/AVP 96"), nil},
	{"ptime zero", minimal + "a=ptime:0\r\n", []ProblemCode{ProblemPacketTime}},
	{"ptime with a fraction", minimal + "a=ptime:2.5\r\n", nil},
	{"maxptime without number", minimal + "a=maxptime:x\r\n", []ProblemCode{ProblemPacketTime}},
	{"two directions", minimal + "a=sendonly\r\na=inactive\r\n", []ProblemCode{ProblemDirectionRepeated}},
	{"a direction for session and medium", with("t=", "t=0 0\r\na=inactive") + "a=sendonly\r\n", nil},
	{"MaxMedia media", minimal + strings.Repeat("m=audio 1 RTP/AVP 0\r\n", MaxMedia-1), nil},
	{"more than MaxMedia media", minimal + strings.Repeat("m=audio 1 RTP/AVP 0\r\n", MaxMedia+1), []ProblemCode{ProblemTooManyMedia}},
	{"MaxFormats formats", with("m=", "m=image 1 udptl"+strings.Repeat(" x", MaxFormats)), nil},
	{"more than MaxFormats formats", with("m=", "m=image 1 udptl"+strings.Repeat(" x", MaxFormats+1)), []ProblemCode{ProblemTooManyFormats}},
	{"more than MaxLines lines", minimal + strings.Repeat("a=x\r\n", MaxLines), []ProblemCode{ProblemTooManyLines}},
	{"more than MaxProblems problems", minimal + strings.Repeat("\r\n", MaxProblems+9),
		append(slices.Repeat([]ProblemCode{ProblemEmptyLine}, MaxProblems-1), ProblemTooManyProblems)},
}

func TestProblems(t *testing.T) {
	reached := map[ProblemCode]bool{ProblemNone: true}
	for _, c := range problemCases {
		t.Run(c.name, func(t *testing.T) {
			s := Parse([]byte(c.in))
			checkLossless(t, s)
			var got []ProblemCode
			for _, p := range s.Problems {
				got = append(got, p.Code)
				reached[p.Code] = true
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if s.IsClean() != (len(c.want) == 0) {
				t.Errorf("IsClean is %t", s.IsClean())
			}
		})
	}
	for code := range problemCodes {
		if !reached[code] {
			t.Errorf("no case for %q", code)
		}
	}
}

func TestProblemTexts(t *testing.T) {
	seen := map[string]ProblemCode{}
	for code := range problemCodes {
		text := code.String()
		if other, twice := seen[text]; text == "" || twice {
			t.Errorf("code %d: text %q, as code %d", code, text, other)
		}
		seen[text] = code
	}
	if got := problemCodes.String(); got != "" {
		t.Errorf("a code that does not exist: %q", got)
	}
}

// Every beginning of a description, as a log may cut it, keeps all its bytes, and what stood before the cut is read as in the whole.
func TestCutAnywhere(t *testing.T) {
	whole := read(t, "testdata/adapter-offer.sdp")
	all := Parse(whole)
	for n := range whole {
		s := Parse(whole[:n])
		checkLossless(t, s)
		for i, l := range s.Lines {
			if i < len(s.Lines)-1 && l != all.Lines[i] {
				t.Fatalf("cut at %d: line %d is %v, in the whole %v", n, i, l, all.Lines[i])
			}
		}
		last := byte('\n')
		if n > 0 {
			last = whole[n-1]
		}
		if got, want := has(s, ProblemNoLineEnd), last != '\n' && last != '\r'; got != want {
			t.Errorf("cut at %d: told %t that the last line has no end, want %t", n, got, want)
		}
	}
}

func has(s *Session, code ProblemCode) bool {
	return slices.ContainsFunc(s.Problems, func(p Problem) bool { return p.Code == code })
}

// The line ends do not change what is read.
func TestLineEndsReadAlike(t *testing.T) {
	for _, name := range descriptions(t) {
		wire := read(t, name+".sdp")
		if !bytes.Contains(wire, []byte("\r\n")) || bytes.Contains(wire, []byte("\r\n\r\n")) {
			continue
		}
		want := Parse(wire).Description()
		for _, end := range []string{"\n", "\r", "\r\r\n"} {
			s := Parse(bytes.ReplaceAll(wire, []byte("\r\n"), []byte(end)))
			checkLossless(t, s)
			if got := s.Description(); fmt.Sprint(got.Media) != fmt.Sprint(want.Media) || got.Origin != want.Origin {
				t.Errorf("%s with %q:\ngot  %+v\nwant %+v", name, end, got, want)
			}
		}
	}
}

func TestTooManyMediaAreKeptAsLines(t *testing.T) {
	s := Parse([]byte(minimal + strings.Repeat("m=audio 1 RTP/AVP 0\r\na=sendonly\r\n", MaxMedia)))
	checkLossless(t, s)
	if s.MediaCount() != MaxMedia {
		t.Fatalf("%d media", s.MediaCount())
	}
	if n := len(s.Media(MaxMedia - 1).Lines()); n != 2 {
		t.Errorf("the last section has %d lines, want 2", n)
	}
	if want := 6 + 2*MaxMedia; len(s.Lines) != want {
		t.Errorf("%d lines, want %d", len(s.Lines), want)
	}
}

// A Session that is used again knows nothing of the description before.
func TestParseAgain(t *testing.T) {
	var s Session
	for _, name := range append(descriptions(t), descriptions(t)...) {
		b := read(t, name+".sdp")
		s.Parse(b)
		if got, want := dump(&s), dump(Parse(b)); !bytes.Equal(got, want) {
			t.Fatalf("%s: got:\n%s\nwant:\n%s", name, got, want)
		}
	}
	s.Parse(nil)
	if len(s.Lines) != 0 || s.MediaCount() != 0 || len(s.SessionLines()) != 0 {
		t.Errorf("after an empty description: %+v", s)
	}
}

func TestSpanOf(t *testing.T) {
	// In the middle of a larger buffer, as the body of a message is.
	buffer := []byte("junk" + minimal + "a=fmtp:0 x\r\nmore")
	s := Parse(buffer[4 : len(buffer)-4])
	m := s.Media(0)
	c, _ := m.Codec("pcmu")
	o, _ := s.Origin()
	conn, _ := m.Connection()
	for _, part := range []struct {
		got  []byte
		want string
	}{{m.Type(), "audio"}, {m.Proto(), "RTP/AVP"}, {c.Format, "0"}, {c.FMTP, "x"}, {o.SessID, "1"}, {conn.Address, "192.0.2.1"}} {
		at, ok := s.SpanOf(part.got)
		if got := string(at.Of(s.Raw)); !ok || got != part.want || string(part.got) != part.want {
			t.Errorf("%q lies at %v (%t), which is %q", part.want, at, ok, got)
		}
	}
	for _, not := range [][]byte{nil, c.Name, make([]byte, 5, 40), make([]byte, 1, 80), []byte("audio"), s.Raw[:0], make([]byte, 4096), append([]byte{}, s.Raw...)} {
		if at, ok := s.SpanOf(not); ok {
			t.Errorf("%q is told to lie at %v", not, at)
		}
	}
	if at := (Span{5, 900}).Of(s.Raw); at != nil {
		t.Errorf("a span past the end is %q", at)
	}
}

// Whatever mixture of line ends comes, looking for them takes at most one pass for LF and one for CR. Counted, not timed: a parser that
// forgets where the next one is looks at most of the input again for each line.
func TestLineEndsAreSearchedOnce(t *testing.T) {
	for _, unit := range []string{"\r", "a\r", "\n", "a\n", "a\r\n", "a\r\r\n", "a\rb\n", "\n\r", "a", "a=\x00\r\n"} {
		for _, tail := range []string{"", strings.Repeat("x", 4096), "\n", "\r"} {
			in := []byte(strings.Repeat(unit, 2000) + tail)
			var s Session
			sp := splitter{raw: in, nul: bytes.IndexByte(in, 0), lf: -1, cr: -1}
			lines := 0
			for sp.at < len(in) {
				sp.next(&s)
				lines++
			}
			if sp.searched > 2*len(in) {
				t.Errorf("%q, then %d bytes: %d bytes looked at in %d, %d lines", unit, len(tail), sp.searched, len(in), lines)
			}
		}
	}
}

// Each line of the session part and of a media section, in the order of RFC 8866 §5, is clean; any two of them that change places
// are out of order, save those of which several may mix.
func TestOrder(t *testing.T) {
	session := []string{"v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "i=a", "u=b", "e=c", "p=1", "c=IN IP4 192.0.2.1", "b=AS:1", "t=0 0", "k=prompt", "a=x"}
	media := []string{"i=a", "c=IN IP4 192.0.2.1", "b=AS:1", "k=prompt", "a=x"}
	parse := func(session, media []string) *Session {
		lines := append(append(slices.Clone(session), "m=audio 1 RTP/AVP 0"), media...)
		s := Parse([]byte(strings.Join(lines, "\r\n") + "\r\n"))
		checkLossless(t, s)
		return s
	}
	if s := parse(session, media); !s.IsClean() {
		t.Fatalf("all lines in order: %v", s.Problems)
	}
	for _, part := range []*[]string{&session, &media} {
		lines := *part
		for i := range lines {
			for j := range i {
				lines[i], lines[j] = lines[j], lines[i]
				if s := parse(session, media); !has(s, ProblemOrder) {
					t.Errorf("%q and %q changed places: %v", lines[i], lines[j], s.Problems)
				}
				lines[i], lines[j] = lines[j], lines[i]
			}
		}
	}
	for _, l := range session {
		if typ := l[0]; !strings.ContainsRune("icbka", rune(typ)) && !has(parse(session, append(slices.Clone(media), l)), ProblemOrder) {
			t.Errorf("%q may stand in a media section", l)
		}
	}
}
