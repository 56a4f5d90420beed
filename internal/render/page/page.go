// Package page writes a call as a page that explains its log, in the form of the one that the project began with:
//
//	Outgoing SIP INVITE with CANCEL
//
//	Assumptions
//	- SIP port: 5062
//	- Number called: 18005551212
//
//	Message Flow Explanation
//	- The SPA tries to call 18005551212 through the proxy.
//
//	Syslog Entries
//	Aug 20 16:40:00 192.168.0.2 INVITE sip:18005551212@sip.voip-info.org SIP/2.0^M Via: …
//
// It is plain text, also for a screen reader: headings on lines of their own, a list item a line. The entries are the lines of the log that the
// story rests on, as they stand there; control characters are shown and not obeyed.
package page

import (
	"io"
	"strings"

	"sipscribe/internal/capture"
	"sipscribe/internal/explain"
	"sipscribe/internal/report"
)

// Options say what the page has.
type Options struct {
	// Line returns a line of a source, from 1, without its end; nil if there is none. Without it the page has no Syslog Entries.
	Line func(source int32, number int64) []byte
}

// maxLine bounds an entry, in characters: a datagram has no more.
const maxLine = 1 << 16

// Render writes a call.
func Render(w io.Writer, c *report.Call, o Options) error {
	_, err := w.Write(Append(nil, c, o))
	return err
}

// Append appends the page of a call.
func Append(dst []byte, c *report.Call, o Options) []byte {
	dst = append(dst, Title(c)...)
	dst = append(dst, "\n\nAssumptions\n"...)
	for i := range c.Story.Facts {
		f := &c.Story.Facts[i]
		if f.Hidden || f.Value == "" {
			continue
		}
		dst = append(dst, "- "...)
		dst = append(dst, f.Label...)
		dst = append(dst, ": "...)
		dst = append(dst, f.Value...)
		if f.Assumed {
			dst = append(dst, " (assumed)"...)
		}
		dst = append(dst, '\n')
	}
	dst = append(dst, "\nMessage Flow Explanation\n"...)
	for i := range c.Story.Steps {
		if c.Story.Steps[i].Kind != capture.KindMessage {
			continue
		}
		dst = append(dst, "- "...)
		dst = append(dst, c.Story.Steps[i].Text...)
		dst = append(dst, '\n')
	}
	dst = append(dst, '\n')
	dst = append(dst, c.Story.Ending.Text...)
	dst = append(dst, '\n')
	if o.Line == nil {
		return dst
	}
	dst = append(dst, "\nSyslog Entries\n"...)
	var last capture.Evidence
	for i := range c.Story.Steps {
		if c.Story.Steps[i].Kind != capture.KindMessage {
			continue
		}
		for _, e := range c.Story.Steps[i].Evidence {
			if e.Unit != capture.Line || e.Source == last.Source && e.Number == last.Number {
				continue
			}
			last = e
			if line := o.Line(e.Source, e.Number); line != nil {
				dst = append(dst, explain.Shown(line, maxLine)...)
				dst = append(dst, '\n')
			}
		}
	}
	return dst
}

// Title says what kind of call it is, by its methods: "Outgoing SIP INVITE with CANCEL".
func Title(c *report.Call) string {
	var b strings.Builder
	switch c.Flow.Kind.String() {
	case "registration":
		b.WriteString("SIP REGISTER")
		b.WriteString(endings[c.Flow.Outcome.String()])
		return b.String()
	case "call":
	default:
		return "SIP messages"
	}
	for i := range c.Story.Steps {
		s := &c.Story.Steps[i]
		if s.Kind != capture.KindMessage || s.Method != "INVITE" || s.Status != 0 {
			continue
		}
		switch s.Direction {
		case capture.Sent:
			b.WriteString("Outgoing ")
		case capture.Received:
			b.WriteString("Incoming ")
		}
		break
	}
	b.WriteString("SIP INVITE")
	b.WriteString(endings[c.Flow.Outcome.String()])
	return b.String()
}

// endings are what the title says of an outcome.
var endings = map[string]string{
	"answered":     ", answered",
	"cancelled":    " with CANCEL",
	"busy":         ", busy",
	"redirected":   ", redirected",
	"unanswered":   ", not answered",
	"rejected":     ", rejected",
	"failed":       ", failed",
	"registered":   ", accepted",
	"unregistered": ", taken back",
}
