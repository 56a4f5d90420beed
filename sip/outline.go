package sip

import (
	"bytes"
	"encoding/binary"
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
}

// MaxOutlineVia is how many Via rows a message with an Outline may have.
const MaxOutlineVia = 8

// maxOutline is the longest message that has an Outline, in bytes.
const maxOutline = 1<<16 - 1

// maxOutlineRows is how many header rows a message with an Outline may have.
const maxOutlineRows = 128

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
	*o = Outline{Expires: -1}
	mark := byte('\n')
	if ends == LineEndCaret {
		mark = '^'
	}
	i := bytes.IndexByte(b, mark)
	if i < 1 {
		return false
	}
	p := i + 1
	if ends == LineEndCaret {
		if p+1 >= len(b) || b[p] != 'M' || b[p+1] != ' ' || b[i-1] == '-' && b[max(i-2, 0)] == 'M' {
			return false
		}
		p += 2
	} else if i--; b[i] != '\r' {
		return false
	}
	if !o.startLine(b[:i]) {
		return false
	}
	cseq, width := false, len("\n")
	if ends == LineEndCaret {
		width = len("^M ")
	}
	for rows := 0; rows < maxOutlineRows && p+8 <= len(b); rows++ {
		// The first eight bytes of the row at once, and of most rows no more than the first letter.
		row := b[p:]
		w := binary.LittleEndian.Uint64(row)
		begins := rowBegins[byte(w)]
		if begins == rowEnd {
			return cseq && o.complete(b, p, ends)
		}
		end := bytes.IndexByte(row, mark)
		if end < 1 {
			return false
		}
		start := p
		p += end + width
		if ends == LineEndCaret {
			// "M-^M" is one byte in EscapeMeta, behind bytes that are not ASCII. Behind the last row the empty one has two bytes at least.
			if end+4 > len(row) || binary.LittleEndian.Uint32(row[end:])&(1<<24-1) != caretEnd || row[end-1] == '-' && end > 1 && row[end-2] == 'M' {
				return false
			}
		} else if end--; row[end] != '\r' {
			return false
		}
		if begins == rowOther {
			continue
		}
		var s *Span
		at := 0
		switch {
		case uint32(w) == nameVia && o.Vias < MaxOutlineVia:
			at, s = 4, &o.Via[o.Vias]
			o.Vias++
		case w&(1<<40-1) == nameFrom:
			at, s = 5, &o.From
		case w&(1<<24-1) == nameTo:
			at, s = 3, &o.To
		case w == nameCallID:
			at, s = 8, &o.CallID
		case w&(1<<40-1) == nameCSeq && !cseq:
			at = 5
		case w == nameExpires && o.Expires < 0:
			at = 8
		case w == nameContact || w == nameContent || w == nameSupported || w&(1<<56-1) == nameServer || w == nameRecordRoute || w&(1<<48-1) == nameRoute ||
			passedOver(row):
			continue
		default:
			return false
		}
		if at < end && row[at] == ' ' {
			at++
		}
		if at >= end || row[at] <= ' ' || row[end-1] <= ' ' {
			return false // no value, or more white space than usual
		}
		switch {
		case s == nil && w == nameExpires:
			if o.Expires = plainNumber(row[at:end]); o.Expires < 0 {
				return false
			}
		case s == nil:
			if cseq = o.readCSeq(row[at:end]); !cseq {
				return false
			}
		case s.End != 0, byte(w) == 'V' && bytes.IndexByte(row[at:end], ',') >= 0:
			return false // twice, or several values in a row
		default:
			s.Start, s.End = uint32(start+at), uint32(start+end)
		}
	}
	return cseq && o.complete(b, p, ends) // without a body
}

// complete reports whether the header ends at p, and all is there.
func (o *Outline) complete(b []byte, p int, ends LineEnd) bool {
	o.Header = uint32(p)
	return o.CallID.End != 0 && o.To.End != 0 && o.From.End != 0 && o.Vias > 0 && o.Method != MethodUnknown && isBlankRow(b[p:], ends) &&
		(ends != LineEndCaret || bytes.IndexByte(b[:p], '\\') < 0)
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

// caretEnd is the end of a line in carets.
const caretEnd = '^' | 'M'<<8 | ' '<<16

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
