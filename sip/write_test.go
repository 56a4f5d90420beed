package sip

import (
	"reflect"
	"strings"
	"testing"
)

func TestDraft(t *testing.T) {
	for _, c := range []struct {
		name  string
		draft Draft
		want  string
	}{
		{"a request", Draft{Method: "BYE", URI: "sip:a@b", Fields: []DraftField{{"CSeq", "1 BYE"}}},
			"BYE sip:a@b SIP/2.0\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n"},
		{"a response with a body", Draft{Status: 200, Reason: "OK", Body: []byte("v=0\r\n")}, "SIP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nv=0\r\n"},
		{"no line end gets in", Draft{Method: "BYE\r\nX: y", URI: "sip:a@b\nZ: z", Fields: []DraftField{{"To\r\n", "a\r\n \r\nEvil: 1"}}},
			"BYE X: y sip:a@b Z: z SIP/2.0\r\nTo : a Evil: 1\r\nContent-Length: 0\r\n\r\n"},
		{"three digits", Draft{Status: 7}, "SIP/2.0 007 \r\nContent-Length: 0\r\n\r\n"},
	} {
		if got := string(c.draft.AppendTo([]byte("> "))); got != "> "+c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

// checkDraft writes a message and reads it back. What parses clean must come back equal, but for folding, which a draft does not have.
func checkDraft(t *testing.T, raw []byte) {
	t.Helper()
	m := Parse(raw)
	d := m.Draft()
	written := d.AppendTo(nil)
	back := Parse(written)
	checkLossless(t, "written", written, back)
	if n := strings.Count(string(written[:len(written)-len(d.Body)]), "\n"); m.Kind != KindUnknown && n != len(d.Fields)+3 {
		t.Fatalf("%d fields are written in %d lines: %q", len(d.Fields), n, written)
	}
	for _, p := range m.Problems {
		switch p.Code {
		case ProblemBareLF, ProblemBlankBeforeColon: // neither is written
		default:
			return
		}
	}
	if len(m.Fields) >= MaxFields-1 || len(written) > MaxMessage {
		return
	}
	if len(back.Problems) != 0 {
		t.Fatalf("%q was clean, and is written with problems (%s): %q", raw, problems(back), written)
	}
	if e := back.Draft(); !reflect.DeepEqual(d, e) {
		t.Fatalf("%q\nwritten %q\n%+v, and read back %+v", raw, written, d, e)
	}
	if back.Kind != m.Kind || back.Method != m.Method || back.Status != m.Status {
		t.Fatalf("%q: read back as kind %d, %v, %d", raw, back.Kind, back.Method, back.Status)
	}
	if string(unfold(m.FromTag())) != string(unfold(back.FromTag())) || m.ViaCount() != back.ViaCount() {
		t.Fatalf("%q: tag %q, %d Vias; was %q, %d", raw, back.FromTag(), back.ViaCount(), m.FromTag(), m.ViaCount())
	}
	again := back.Draft()
	if second := again.AppendTo(nil); string(second) != string(written) {
		t.Fatalf("written again:\n%q\n%q", written, second)
	}
}

func TestWhatIsWrittenReadsBack(t *testing.T) {
	for _, name := range tortureFiles(t) {
		checkDraft(t, tortureFile(t, name))
	}
	checkDraft(t, benchInvite)
	// A method that is only in CSeq is written where it belongs.
	m := Parse([]byte("sip:bob@example.com SIP/2.0\r\nCSeq: 1 PING\r\n\r\n"))
	d := m.Draft()
	if got := string(d.AppendTo(nil)); !strings.HasPrefix(got, "PING sip:bob@example.com SIP/2.0\r\n") {
		t.Errorf("written %q", got)
	}
}

func FuzzWrite(f *testing.F) {
	for _, name := range tortureFiles(f) {
		f.Add(tortureFile(f, name))
	}
	f.Add([]byte("SIP/2.0 200  OK\r\nX: a\r\n\t b \r\nl: 3\r\n\r\nabc"))
	f.Add([]byte("SIP/2.0 007 Bond\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) { checkDraft(t, b) })
}
