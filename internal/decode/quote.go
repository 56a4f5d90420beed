package decode

import (
	"bytes"

	"sipscribe/syslog"
)

// maxQuote bounds the marks of a quotation before a line, in bytes.
const maxQuote = 32

// unquote takes the mark of a quotation off a line of a log that a mail quotes, so that the header of syslog behind it is seen:
//
//	> Aug 20 16:40:00 192.0.2.5 INVITE sip:bob@example.com SIP/2.0
//	> Via: SIP/2.0/UDP 192.0.2.5
//	>
//
// A header behind such a mark shows that it is one. The lines below are without a header, but have the mark too; the first that lacks it ends the
// quotation. Without a header anywhere the mark is a prefix like any other. A log that is indented as a whole, as on a page or in a ticket, is a quotation too: its first line shows it, and none after it,
// since what stands indented in a message may have been sent so (RFC 3261 §7.3.1).
func (t *Text) unquote(p *piece) {
	if p.unquoted || p.at != nil {
		return
	}
	n := quoteLen(p.line)
	if !t.begun && n == 0 {
		n = indentLen(p.line)
		t.begun = n < len(p.line) && p.line[n] > ' '
	}
	if n > 0 {
		var h syslog.Header
		if h.Parse(p.line[n:]); h.Shape != syslog.ShapeNone || t.Bare && t.isBareLine(p.line[n:]) {
			t.quote = append(t.quote[:0], p.line[:n]...)
			*p = p.from(n)
			p.unquoted = true
			return
		}
	}
	if len(t.quote) == 0 {
		return
	}
	if bytes.HasPrefix(p.line, t.quote) {
		*p = p.from(len(t.quote))
		p.unquoted = true
		return
	}
	bare := trimEOL(p.line)
	if mark := bytes.TrimRight(t.quote, " \t"); bytes.Equal(trimRightBlank(bare), mark) {
		*p = p.from(len(bare)) // an empty line that lost the blank
		p.unquoted = true
		return
	}
	if len(bytes.TrimSpace(bare)) > 0 {
		t.quote = t.quote[:0]
	}
}

// quoteLen returns the length of the marks of a quotation at the beginning of a line: "> ", ">> ", "> > ".
func quoteLen(line []byte) int {
	head := line[:min(len(line), maxQuote)]
	if len(head) == 0 || head[0] != '>' {
		return 0
	}
	n := 0
	for n < len(head) && (head[n] == '>' || head[n] == ' ') {
		n++
	}
	return n
}

// indentLen returns how many blanks and tabs a line begins with.
func indentLen(line []byte) int {
	head := line[:min(len(line), maxQuote)]
	n := 0
	for n < len(head) && (head[n] == ' ' || head[n] == '\t') {
		n++
	}
	return n
}
