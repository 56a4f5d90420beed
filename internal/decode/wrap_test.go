package decode

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"sipscribe/internal/capture"
)

// fold breaks the lines of a text as fold(1) does: at a column, or, with words, behind the last blank that fits.
func fold(text string, width int, words bool) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		bare := strings.TrimSuffix(line, "\n")
		for len(bare) > width {
			n := width
			if i := strings.LastIndexByte(bare[:width], ' '); words && i >= 0 {
				n = i + 1
			}
			b.WriteString(bare[:n] + "\n")
			bare = bare[n:]
		}
		b.WriteString(bare + line[len(strings.TrimSuffix(line, "\n")):])
	}
	return b.String()
}

// trimmed takes the blanks off at the end of each line, as mail programs and copies from terminals do.
func trimmed(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return b.String()
}

// A log that was wrapped has the messages that it had before.
func TestWrappedLog(t *testing.T) {
	for _, name := range []string{"seed-call.log", "seed-call-cut.log", "seed-call-kiwi.log", "seed-call-rsyslog.log", "day-at-home.log"} {
		whole, err := os.ReadFile("../../examples/" + name)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := decodeAll(t, whole, false)
		for _, width := range []int{66, 72, 74, 76, 77, 78, 79, 80, 100, 120, 132, 160, 200, 240} {
			for _, words := range []bool{false, true} {
				for _, trim := range []bool{false, true} {
					text := fold(string(whole), width, words)
					if trim {
						text = trimmed(text)
					}
					t.Run(fmt.Sprintf("%s at %d words %v trimmed %v", name, width, words, trim), func(t *testing.T) {
						got, _ := decodeAll(t, []byte(text), false)
						sameMessages(t, got, want, text, words && trim)
					})
				}
			}
		}
	}
}

// sameMessages compares messages. Where lines were broken between words and their last blanks are gone, the lengths of few lines do not always tell the two ways
// apart: then a blank may be missing, in few messages.
func sameMessages(t *testing.T, got, want []capture.Record, text string, blanks bool) {
	t.Helper()
	bare := func(b []byte) string { return strings.NewReplacer(" ", "", "\r", "", "\n", "").Replace(string(b)) }
	doubtful := 0
	if len(got) != len(want) {
		t.Errorf("%d messages, want %d", len(got), len(want))
	}
	wrong := 0
	for i := range min(len(got), len(want)) {
		g, w := got[i], want[i]
		if !bytes.Equal(bytes.TrimRight(g.Data, " \r\n"), bytes.TrimRight(w.Data, " \r\n")) || g.Time.Text() != w.Time.Text() || !bytes.Equal(g.Observer, w.Observer) {
			if blanks && bare(g.Data) == bare(w.Data) && doubtful < 2 {
				doubtful++
				continue
			}
			if wrong++; wrong < 2 {
				n := 0
				for n < min(len(g.Data), len(w.Data)) && g.Data[n] == w.Data[n] {
					n++
				}
				t.Errorf("message %d differs from byte %d on: %.60q, want %.60q", i+1, n, g.Data[max(0, n-20):], w.Data[max(0, n-20):])
			}
			continue
		}
		// Each byte stands where the origin says.
		for j, c := range g.Data {
			if at, _ := g.Origin.Span(j, j+1); c > ' ' && at < int64(len(text)) && text[at] != c {
				t.Errorf("message %d: byte %d, %q, at %d, where %q stands", i+1, j, c, at, text[at])
				break
			}
		}
	}
	if wrong > 1 {
		t.Errorf("%d messages differ", wrong)
	}
}

// What was not wrapped, or is not surely the rest of a message, is not joined.
func TestNotWrapped(t *testing.T) {
	const via = "^M Via: SIP/2.0/UDP 192.0.2.5:5060;branch=z9hG4bK1^M Content-Length: 0^M ^M"
	for name, c := range map[string]struct {
		text     string
		messages int
		lines    int64 // not recognised
		last     string
	}{
		"prose after a whole message": {
			"Aug 20 16:40:00 192.0.2.5 SIP/2.0 100 Trying" + via + "\nand then nothing happens, as if the proxy had never heard of the number that we dialled, for 32\nseconds\n", 1, 2, "Content-Length: 0\r\n\r\n"},
		"prose after a message that fills its last line": {
			fold("Aug 20 16:40:00 192.0.2.5 BYE sip:bob@example.com SIP/2.0"+via+"\n", 66, false) + "which the proxy answers at once, and nobody knows what it is for\nand so on\n", 1, 2, "Content-Length: 0\r\n\r\n"},
		"a sentence about a request": {
			"INVITE sip:bob@example.com is what the telephone sends first of all, and\nthe proxy answers that with 407 as SIP/2.0 says\n", 0, 2, ""},
		"a sentence about a response": {
			"SIP/2.0 407 Proxy Authentication Required is what the proxy answers, and that\nis the rule\nNothing more.\n", 0, 3, ""},
		"the next record": {
			"Aug 20 16:40:00 192.0.2.5 INVITE sip:18005551212@sip.example.com;user=phon\nAug 20 16:40:01 192.0.2.5 SIP/2.0 100 Trying" + via + "\n", 1, 1, "Content-Length: 0\r\n\r\n"},
		"an empty line between": {
			"Aug 20 16:40:00 192.0.2.5 INVITE sip:18005551212@sip.example.com;user=phon\n\ne SIP/2.0" + via + "\n", 0, 2, ""},
		"the last line of the source": {
			"Aug 20 16:40:00 192.0.2.5 INVITE sip:18005551212@sip.example.com;user=phone SIP/\n2.0" + via, 1, 0, "Content-Length: 0\r\n\r\n"},
		"a start line alone": {
			"Aug 20 16:40:00 192.0.2.5 INVITE sip:18005551212@sip.example.com;user=phone\nSIP/2.0\nAug 20 16:40:00 192.0.2.5 SIP/2.0 407 Proxy Authentication\nRequired\n", 2, 0, "SIP/2.0 407 Proxy Authentication Required\r\n"},
		"a start line alone, and prose": {
			"Aug 20 16:40:00 192.0.2.5 SIP/2.0 407 Proxy Authentication Required\nwhich is no error\n", 1, 1, "SIP/2.0 407 Proxy Authentication Required\r\n"},
		"the start line of a message on several lines": {
			"INVITE sip:bob@a-very-long-name-of-a-host.example.com;user=phone;transport=udp SIP/2\n.0\nVia: SIP/2.0/UDP 192.0.2.5\nContent-Length: 0\n\n", 1, 0, "Content-Length: 0\r\n\r\n"},
		"quoted in a mail": {
			"> Aug 20 16:40:00 192.0.2.5 SIP/2.0 100 Trying^M Via:\n> SIP/2.0/UDP 192.0.2.5:5060;branch=z9hG4bK1^M Content-Length:\n> 0^M ^M\n> Aug 20 16:40:02 192.0.2.5 SIP/2.0 180 Ringing" + via + "\n", 2, 0, "Content-Length: 0\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, in := decodeAll(t, []byte(c.text), false)
			if len(got) != c.messages || in.Stats.UnrecognisedLines != c.lines {
				t.Errorf("%d messages and %d lines not recognised, want %d and %d", len(got), in.Stats.UnrecognisedLines, c.messages, c.lines)
			}
			if n := len(got); n > 0 && !strings.HasSuffix(string(got[n-1].Data), c.last) {
				t.Errorf("the last message is %q", got[n-1].Data)
			}
		})
	}
}
