package sip

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"sipscribe/internal/scan"
)

// Outline is what puts a message into its transaction and its call, found in one look at the header. Nothing is built of the rest: who reads
// a log for the calls in it asks no more of most messages.
//
// Only messages of the usual shape have one: a start line without defects, one row a line, names not in compact form, an empty line. All others
// are for Parse, as are those with a field that may tie calls together or say how long one lives (Replaces, Session-ID, Session-Expires, Refer-To).
type Outline struct {
	Kind   Kind
	Method Method // as Message has it
	Status uint16
	CSeq   uint32 // the number
	// The values of these fields, empty if there is none.
	From, To, CallID Span
	// Via are the values of the Via rows: in a message with an Outline each row has one.
	Via  [MaxOutlineVia]Span
	Vias int
	// Expires is the number in the field of that name, -1 if there is none.
	Expires int32
	// Header is where the empty line begins that ends the header.
	Header uint32
	// OnlyLineEnds says of a text with LineEndCaret that nothing in it is escaped but line ends, in its body neither.
	OnlyLineEnds bool

	ends []uint64 // where the lines end, a bit a byte; kept for the next message
	rows [maxNamedRows]smallRow
}

// smallRow is a row of the header: where it begins, and in the upper half where its line end does.
type smallRow uint32

// MaxOutlineVia is how many Via rows a message with an Outline may have.
const MaxOutlineVia = 8

// maxOutline is the longest message that has an Outline, in bytes.
const maxOutline = 1<<16 - 1

// maxOutlineRows is how many header rows a message with an Outline may have.
const maxOutlineRows = 128

// maxNamedRows is how many of them may have a name that begins like one which is looked for; the start line is one of them.
const maxNamedRows = 48

// LineEnd is how a text shows the end of a line.
type LineEnd uint8

const (
	// LineEndCRLF is CR LF, as it is sent.
	LineEndCRLF LineEnd = iota
	// LineEndCaret is "^M ", as sysklogd writes it (syslog.EscapeCaret, and syslog.EscapeMeta for a text without TAB). The header has no other escapes.
	LineEndCaret
)

// Read fills o from a message with line ends of one kind, and reports whether the message has an Outline. The spans are those of b, as it is.
// What it finds is what Parse finds in the message that b shows. Of most header rows it reads no more than their first letter.
func (o *Outline) Read(b []byte, ends LineEnd) bool {
	if len(b) > maxOutline {
		return false
	}
	if n := scan.Words(len(b)); cap(o.ends) < n {
		o.ends = make([]uint64, max(n, 32))
	}
	marks := o.ends[:scan.Words(len(b))]
	o.Kind, o.Method, o.Status, o.CSeq, o.Expires, o.Header, o.OnlyLineEnds = 0, MethodUnknown, 0, 0, -1, 0, false
	o.From, o.To, o.CallID, o.Vias = Span{}, Span{}, Span{}, 0
	o.Via = [MaxOutlineVia]Span{}
	other := len(b) // where anything is escaped that is no line end
	if ends == LineEndCaret {
		if o.OnlyLineEnds = scan.CaretEnds(marks, b); !o.OnlyLineEnds {
			other = scan.OtherEscape(b)
		}
	} else {
		scan.Newlines(marks, b)
	}
	n, p := 0, -1
	if ends == LineEndCaret {
		n, p = rowsInCarets(b, marks, &o.rows)
	} else {
		n, p = rowsAsSent(b, marks, &o.rows)
	}
	if p < 0 || p > other || !o.startLine(b[:o.rows[0]>>16]) {
		return false
	}
	cseq := false
	for i := 1; i < n && i < len(o.rows); i++ {
		start, end := uint(o.rows[i]&0xffff), uint(o.rows[i]>>16)
		if end > uint(len(b)) || start > end || uint(len(b))-start < 8 {
			return false
		}
		// The first eight bytes of the row at once.
		w := binary.LittleEndian.Uint64(b[start:])
		at := start
		var s *Span
		switch {
		case uint32(w) == nameVia && o.Vias < MaxOutlineVia:
			at, s = start+4, &o.Via[o.Vias]
			o.Vias++
		case w&(1<<40-1) == nameFrom:
			at, s = start+5, &o.From
		case w&(1<<24-1) == nameTo:
			at, s = start+3, &o.To
		case w == nameCallID:
			at, s = start+8, &o.CallID
		case w&(1<<40-1) == nameCSeq && !cseq:
			at = start + 5
		case w == nameExpires && o.Expires < 0:
			at = start + 8
		case w == nameContact || w == nameContent || w == nameSupported || w&(1<<56-1) == nameServer || w == nameRecordRoute || w&(1<<48-1) == nameRoute ||
			passedOver(b[start:]):
			continue
		default:
			return false
		}
		if at < end && b[at] == ' ' {
			at++
		}
		if at >= end {
			return false // no value
		}
		v := b[at:end]
		if v[0] <= ' ' || v[len(v)-1] <= ' ' {
			return false // more white space than usual
		}
		switch {
		case s == nil && w == nameExpires:
			if o.Expires = plainNumber(v); o.Expires < 0 {
				return false
			}
		case s == nil:
			if cseq = o.readCSeq(v); !cseq {
				return false
			}
		case s.End != 0, byte(w) == 'V' && bytes.IndexByte(v, ',') >= 0:
			return false // twice, or several values in a row
		default:
			s.Start, s.End = uint32(at), uint32(end)
		}
	}
	return cseq && o.complete(b, p, ends)
}

// rowsInCarets finds the rows of a header whose lines end in carets: those that may count by their first letter, the start line before them. It returns how many
// there are, and where the empty line is; -1 if there is none, or if the header is not a usual one.
func rowsInCarets(b []byte, marks []uint64, rows *[maxNamedRows]smallRow) (n, blank int) {
	p, base, all := uint(0), uint(0), 0
	for _, word := range marks {
		for ; word != 0; word &= word - 1 {
			e := base + uint(bits.TrailingZeros64(word))
			if e >= uint(len(b)) || p > e {
				return 0, -1 // never
			}
			begins := rowBegins[b[p]]
			if begins != rowOther || all == 0 {
				if begins == rowEnd && all > 0 {
					return n, int(p)
				}
				if n >= len(rows) {
					return 0, -1
				}
				rows[n] = smallRow(p | e<<16)
				n++
			}
			// "M-^M" is one byte in EscapeMeta, behind bytes that are not ASCII.
			if e < 1 || b[e-1] == '-' && e-p > 1 && b[e-2] == 'M' {
				return 0, -1
			}
			if all++; all > maxOutlineRows {
				return 0, -1
			}
			p = e + uint(len("^M "))
		}
		base += 64
	}
	return 0, -1
}

// rowsAsSent is rowsInCarets for a header whose lines end in CR LF. The two stand apart since one loop with both conditions, within Read, kept too
// little in registers: a seventh more instructions for the outline.
func rowsAsSent(b []byte, marks []uint64, rows *[maxNamedRows]smallRow) (n, blank int) {
	p, base, all := uint(0), uint(0), 0
	for _, word := range marks {
		for ; word != 0; word &= word - 1 {
			e := base + uint(bits.TrailingZeros64(word)) - 1
			if e >= uint(len(b)) || p > e || b[e] != '\r' {
				return 0, -1
			}
			begins := rowBegins[b[p]]
			if begins != rowOther || all == 0 {
				if begins == rowEnd && all > 0 {
					return n, int(p)
				}
				if n >= len(rows) {
					return 0, -1
				}
				rows[n] = smallRow(p | e<<16)
				n++
			}
			if all++; all > maxOutlineRows {
				return 0, -1
			}
			p = e + uint(len("\r\n"))
		}
		base += 64
	}
	return 0, -1
}

// complete reports whether the header ends at p, and all is there.
func (o *Outline) complete(b []byte, p int, ends LineEnd) bool {
	o.Header = uint32(p)
	return o.CallID.End != 0 && o.To.End != 0 && o.From.End != 0 && o.Vias > 0 && o.Method != MethodUnknown && isBlankRow(b[p:], ends)
}

// What a row may be by its first letter: one of a field that is not looked for; of one that may be looked for, in whatever case or form; the empty one.
const (
	rowOther = iota
	rowNamed
	rowEnd
)

var rowBegins = [256]uint8{'\r': rowEnd, '^': rowEnd, '\n': rowNamed, ' ': rowNamed, '\t': rowNamed,
	'V': rowNamed, 'v': rowNamed, 'F': rowNamed, 'f': rowNamed, 'T': rowNamed, 't': rowNamed, 'C': rowNamed, 'c': rowNamed, 'E': rowNamed, 'e': rowNamed, 'I': rowNamed, 'i': rowNamed,
	'S': rowNamed, 's': rowNamed, 'R': rowNamed, 'r': rowNamed, 'X': rowNamed, 'x': rowNamed}

// The names that Read knows, as the first bytes of a row.
const (
	nameVia     = 'V' | 'i'<<8 | 'a'<<16 | ':'<<24
	nameFrom    = 'F' | 'r'<<8 | 'o'<<16 | 'm'<<24 | ':'<<32
	nameTo      = 'T' | 'o'<<8 | ':'<<16
	nameCSeq    = 'C' | 'S'<<8 | 'e'<<16 | 'q'<<24 | ':'<<32
	nameExpires = 'E' | 'x'<<8 | 'p'<<16 | 'i'<<24 | 'r'<<32 | 'e'<<40 | 's'<<48 | ':'<<56
	nameCallID  = 'C' | 'a'<<8 | 'l'<<16 | 'l'<<24 | '-'<<32 | 'I'<<40 | 'D'<<48 | ':'<<56
)

// The beginnings of the names that it passes over without a second look.
const (
	nameContact     = 'C' | 'o'<<8 | 'n'<<16 | 't'<<24 | 'a'<<32 | 'c'<<40 | 't'<<48 | ':'<<56
	nameContent     = 'C' | 'o'<<8 | 'n'<<16 | 't'<<24 | 'e'<<32 | 'n'<<40 | 't'<<48 | '-'<<56
	nameSupported   = 'S' | 'u'<<8 | 'p'<<16 | 'p'<<24 | 'o'<<32 | 'r'<<40 | 't'<<48 | 'e'<<56
	nameServer      = 'S' | 'e'<<8 | 'r'<<16 | 'v'<<24 | 'e'<<32 | 'r'<<40 | ':'<<48
	nameRecordRoute = 'R' | 'e'<<8 | 'c'<<16 | 'o'<<24 | 'r'<<32 | 'd'<<40 | '-'<<48 | 'R'<<56
	nameRoute       = 'R' | 'o'<<8 | 'u'<<16 | 't'<<24 | 'e'<<32 | ':'<<40
)

// passedOver reports whether the row that b begins with is of a field that Read has no use for, by a look at its name.
func passedOver(b []byte) bool {
	n := 0
	for n < len(b) && n < 64 && isToken(b[n]) {
		n++
	}
	if n == 0 || n == len(b) || b[n] != ':' {
		return false
	}
	switch LookupField(b[:n]) {
	case FieldVia, FieldFrom, FieldTo, FieldCallID, FieldCSeq, FieldReplaces, FieldSessionID, FieldSessionExpires, FieldReferTo, FieldExpires:
		return false
	}
	return true
}

// isBlankRow reports whether b begins with the empty line.
func isBlankRow(b []byte, ends LineEnd) bool {
	if ends == LineEndCaret {
		return len(b) > 1 && b[0] == '^' && b[1] == 'M' && (len(b) == 2 || b[2] == ' ')
	}
	return len(b) > 1 && b[0] == '\r' && b[1] == '\n'
}

// startLine reads the start line: one without defects.
func (o *Outline) startLine(line []byte) bool {
	if status, ok := plainStatus(line); ok {
		o.Kind, o.Status = KindResponse, status
		return true
	}
	method, uri := plainRequest(line)
	o.Kind, o.Method = KindRequest, method
	return uri > 0
}

// plainNumber returns the number that v is, if it has one to nine digits and nothing else; else -1.
func plainNumber(v []byte) int32 {
	if len(v) > 9 {
		return -1
	}
	n := int32(0)
	for _, c := range v {
		if !isDigit(c) {
			return -1
		}
		n = n*10 + int32(c-'0')
	}
	return n
}

// readCSeq reads CSeq (RFC 3261 §20.16), as Message.CSeq does. A response has its method there.
func (o *Outline) readCSeq(v []byte) bool {
	n, i := uint32(0), 0
	for i < len(v) && i < 9 && isDigit(v[i]) {
		n = n*10 + uint32(v[i]-'0')
		i++
	}
	if i == 0 || i == len(v) || v[i] != ' ' {
		return false
	}
	o.CSeq = n
	if o.Kind == KindResponse {
		method := v[i+1:]
		if len(method) == 0 || method[0] <= ' ' {
			return false
		}
		o.Method = ParseMethod(method)
	}
	return true
}
