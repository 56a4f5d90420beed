package decode

import (
	"bytes"

	"sipscribe/spalog"
	"sipscribe/syslog"
)

// A log of start lines alone (the 1-line debug option of an SPA) may come without any header: the device sends none, and not everybody who writes down what arrives adds one.
//
//	[0]Off Hook
//	Calling:18005551212@192.168.0.3
//	INVITE sip:18005551212@192.168.0.3 SIP/2.0
//	SIP/2.0 407 Proxy Authentication Required
//
// Somebody's notes may have lines like these among others. What makes such lines a log is that there is nothing else.

const (
	// maxBareStatus is how long a status line without a header may be, in bytes.
	maxBareStatus = 120
	// bareOther is how many start lines and events outweigh one line of something else: a title, what a program says when it starts.
	bareOther = 10
)

// BareLines counts what stands in a source whose records are start lines and events without a header.
type BareLines struct {
	Requests, Responses, Events int
}

// Messages returns how many start lines there are.
func (b BareLines) Messages() int { return b.Requests + b.Responses }

// ReadBareLines looks for such a source by its first bytes. ok: it is one, since nearly every line is a start line, whole, or an event of an SPA, and there are some that only
// belong together in a log: an event, or a request and a response.
func ReadBareLines(head []byte) (lines BareLines, ok bool) {
	whole := len(head) < SniffLen
	other := 0
	head = bytes.TrimPrefix(head, utf8BOM)
	for len(head) > 0 {
		line, rest, ended := bytes.Cut(head, lineFeed)
		if !ended && !whole && lines.Messages() > 0 {
			break // what is shown of it may be half of it
		}
		head = rest
		line = line[quoteLen(line):]
		switch line = trimEscapedEOL(bytes.TrimSpace(line)); {
		case len(line) == 0:
		case isBareStart(line):
			if bytes.HasPrefix(line, sipVersion) {
				lines.Responses++
			} else {
				lines.Requests++
			}
		default:
			if e, known := spalog.Parse(line); known && e.Kind != spalog.Direction {
				if e.Kind != spalog.Other {
					lines.Events++
				}
			} else {
				other++
			}
		}
		if known := lines.Messages() + lines.Events; other > 0 && other*bareOther > known+bareOther {
			return BareLines{}, false // nearly every log and page is out at its second line
		}
	}
	known := lines.Messages() + lines.Events
	return lines, lines.Messages() > 0 && other*bareOther <= known && (lines.Events > 0 || lines.Requests > 0 && lines.Responses > 0)
}

var lineFeed = []byte("\n")

// HasHeaders reports whether a line in the first bytes of a source has a header of syslog.
func HasHeaders(head []byte) bool {
	var h syslog.Header
	for len(head) > 0 {
		line, rest, _ := bytes.Cut(head, lineFeed)
		head = rest
		if h.Parse(line[quoteLen(line):]); h.Shape != syslog.ShapeNone {
			return true
		}
	}
	return false
}

// isBareLine reports whether a line is a start line alone, or an event.
func (t *Text) isBareLine(line []byte) bool {
	line = trimEscapedEOL(bytes.TrimSpace(line))
	return isBareStart(line) || t.isEvent(line)
}

// isBareStart reports whether a line without its end is a start line and nothing else.
func isBareStart(line []byte) bool {
	if start, ok := findStart(line); !ok || start > 0 {
		return false
	}
	if rest, ok := bytes.CutPrefix(line, sipVersion); ok {
		// A reason phrase may have any words in it, but not the rest of a message or of a sentence.
		return len(line) <= maxBareStatus && statusLen(rest) > 0 && bytes.IndexByte(line, ':') < 0 && bytes.IndexByte(line, '^') < 0
	}
	return bytes.HasSuffix(line, sipVersion)
}
