package decode

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sipscribe/internal/capture"
)

// tac turns the lines of a text round.
func tac(text string) string {
	lines := strings.SplitAfter(text, "\n")
	slices.Reverse(lines)
	return strings.Join(lines, "")
}

// A source whose lines were turned round gives the same messages, each with the number of the line that it has there.
func TestUpsideDown(t *testing.T) {
	const (
		h     = "Aug 20 16:40:0"
		ask   = " h BYE sip:b@c SIP/2.0\nVia: x\nTo: y\nCall-ID: z\nContent-Length: 0\n\n"
		ok    = " h SIP/2.0 200 OK\nVia: x\nTo: y\nCall-ID: z\nContent-Length: 13\n\nv=0\ns=- - - -\n"
		event = " h [0]On Hook\n"
		log   = h + "0" + ask + h + "1" + ok + h + "1" + event + h + "2" + ask
		bare  = "<--- SIP read from 192.0.2.5:5060 --->\nBYE sip:b@c SIP/2.0\nVia: x\nTo: y\nCall-ID: z\n\n<--- Transmitting (no NAT) to 192.0.2.5:5060 --->\nSIP/2.0 200 OK\nVia: x\nTo: y\nCall-ID: z\n\n"
	)
	for _, c := range []struct {
		name, text string
		turned     bool
	}{
		{"usual", log, false},
		{"turned", tac(log), true},
		{"without empty lines", strings.ReplaceAll(tac(log), "\n\n", "\n"), true},
		{"CR", tac(strings.ReplaceAll(log, "\n", "\r\n")), true},
		{"the last line without its line end", strings.TrimSuffix(tac(log), "\n"), true},
		{"a PBX", tac(bare), true},
		{"a PBX, usual", bare, false},
		{"one line each", tac(h + "0 h BYE sip:b@c SIP/2.0^M Via: x^M ^M \n" + h + "1 h SIP/2.0 200 OK^M Via: x^M ^M \n"), false},
		{"a message behind notes", "To: x\nFrom: y\nVia: z\nBYE sip:b@c SIP/2.0\nVia: x\nTo: y\nCall-ID: z\n\n", false},
		{"first lines alone", h + "0 h BYE sip:b@c SIP/2.0\n" + h + "1 h SIP/2.0 200 OK\n", false},
	} {
		in := &Input{R: NewReader(strings.NewReader(c.text))}
		dec := NewText(in)
		dec.Event = DeviceEvent
		if in.Turned != c.turned || in.TurnedWhole != c.turned {
			t.Errorf("%s: turned %v, whole %v", c.name, in.Turned, in.TurnedWhole)
		}
		if !c.turned {
			continue
		}
		var got, want []string
		var rec capture.Record
		for dec.Next(&rec) == nil {
			got = append(got, fmt.Sprintf("%d %q", rec.Kind, strings.TrimRight(string(rec.Data), "\r\n")))
			first, _, _ := strings.Cut(string(rec.Data), "\r\n")
			if at := rec.Origin.Start; c.text[at:at+int64(len(first))] != first || rec.Origin.End < at+int64(len(first)) {
				t.Errorf("%s: %q is at %d to %d", c.name, first, at, rec.Origin.End)
			}
			if line := int64(strings.Count(c.text[:rec.Origin.Start], "\n") + 1); rec.Origin.Number != line {
				t.Errorf("%s: %q is in line %d, want %d", c.name, first, rec.Origin.Number, line)
			}
			if rec.Kind == capture.KindMessage {
				i := strings.Index(string(rec.Data), "Via:")
				if start, end := rec.Origin.Span(i, i+6); c.text[start:end] != "Via: x" {
					t.Errorf("%s: Via is %q", c.name, c.text[start:end])
				}
			}
		}
		usual := NewText(&Input{R: NewReader(strings.NewReader(tac(c.text)))})
		usual.Event = DeviceEvent
		for usual.Next(&rec) == nil {
			want = append(want, fmt.Sprintf("%d %q", rec.Kind, strings.TrimRight(string(rec.Data), "\r\n")))
		}
		if len(want) < 2 && c.name != "the last line without its line end" || c.name != "the last line without its line end" && !slices.Equal(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, want)
		}
	}
}

// A source that is too long to be kept is read as it is, and that is told.
func TestUpsideDownTooLong(t *testing.T) {
	text := tac(strings.Repeat("Aug 20 16:40:00 h BYE sip:b@c SIP/2.0\nVia: x\nTo: y\nCall-ID: z\n\n", 8000))
	in := &Input{R: NewReader(strings.NewReader(text)), Options: Options{Room: &TurnRoom{left: 100_000}}}
	if NewText(in); !in.Turned || in.TurnedWhole {
		t.Errorf("turned %v, whole %v", in.Turned, in.TurnedWhole)
	}
	if _, number, offset, err := in.R.ReadLine(); number != 1 || offset != 0 || err != nil {
		t.Error(number, offset, err)
	}
}
