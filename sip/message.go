// Package sip reads, checks and writes SIP messages (RFC 3261 §7).
//
// A message is a view of the bytes it came in. Parsing finds where things are and interprets nothing; a header field is
// read when somebody asks for it.
//
//	INVITE sip:bob@example.com SIP/2.0␍␊         StartLine: Method, URI, Version
//	Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1␍␊ Fields[0]: Name, Value, Row
//	…
//	Content-Length: 4␍␊
//	␍␊                                            Blank
//	v=0␊                                          Body
//	                                              Trail: what comes after the body
//
// Lead (whatever stands before the start line), StartLine, the Rows of all Fields, Blank, Body and Trail joined are the
// input again, for any input. Parsing never fails: what is wrong is listed in Problems with its place, and everything else is
// still there. Strictness is in Validate, which names the RFC section and the status code owed.
//
// Parse into a Message that is used again allocates nothing.
package sip

import "bytes"

// Kind says what a message is.
type Kind uint8

const (
	// KindUnknown: no start line was found.
	KindUnknown Kind = iota
	// KindRequest has a method and a Request-URI.
	KindRequest
	// KindResponse has a status code.
	KindResponse
)

// Limits of the parser. What goes past them is kept but not looked into.
const (
	// MaxMessage is the longest message that is parsed, in bytes. UDP allows 65,535 (RFC 3261 §18.1.1); TCP names no limit.
	MaxMessage = 1 << 20
	// MaxFields is the largest number of header rows that are told apart.
	MaxFields = 1024
)

// Message is a SIP message, as a view of Raw. The zero Message is empty and ready for Parse.
type Message struct {
	Raw  []byte
	Kind Kind
	// Method of a request; of a response the method in its CSeq, which is the method that it answers.
	Method Method
	// Status is the status code of a response, 0 if it is not a number up to 65,535.
	Status uint16

	Lead      Span // before the start line
	StartLine Span // with its line end
	Blank     Span // the empty line after the header
	Body      Span
	Trail     Span // after the body that Content-Length announces

	MethodSpan Span // of a request
	URISpan    Span // the Request-URI
	Version    Span // "SIP/2.0"
	StatusSpan Span // of a response
	Reason     Span // the reason phrase

	Fields   []Field
	Problems []Problem

	// DeclaredLength is the number in Content-Length, -1 if there is none or it is not a number.
	DeclaredLength int

	first  [fieldIDs]uint16 // index of the first row of each field, plus one
	bareLF bool             // ProblemBareLF is reported
}

// Parse reads a message out of b. It never fails; see Problems. The message borrows b.
func Parse(b []byte) *Message {
	m := &Message{}
	m.Parse(b)
	return m
}

// IsRequest reports whether the message is a request.
func (m *Message) IsRequest() bool { return m.Kind == KindRequest }

// IsResponse reports whether the message is a response.
func (m *Message) IsResponse() bool { return m.Kind == KindResponse }

// Text returns the bytes of a span.
func (m *Message) Text(s Span) []byte { return s.Of(m.Raw) }

// MethodName returns the method of a request as it is written; of a response the method in CSeq.
func (m *Message) MethodName() []byte {
	if m.Kind == KindRequest && !m.MethodSpan.IsEmpty() {
		return m.Text(m.MethodSpan)
	}
	return m.CSeq().MethodName
}

// Field returns the first row of a header field, and false if there is none.
func (m *Message) Field(id FieldID) (Field, bool) {
	if id >= fieldIDs || id == FieldOther || m.first[id] == 0 {
		return Field{}, false
	}
	return m.Fields[m.first[id]-1], true
}

// Has reports whether the header has the field.
func (m *Message) Has(id FieldID) bool { return id < fieldIDs && m.first[id] != 0 }

// Value returns the value of the first row of a header field, nil if there is none.
func (m *Message) Value(id FieldID) []byte {
	if id >= fieldIDs || m.first[id] == 0 {
		return nil
	}
	return m.Text(m.Fields[m.first[id]-1].Value)
}

// HeaderEnds reports whether the header is there to its end. Where it is not, a field that is missing may have been sent. A header ends at the empty line or
// at a body; a copy that has lost its empty lines shows the end by a Content-Length of 0.
func (m *Message) HeaderEnds() bool {
	if !m.Blank.IsEmpty() || m.Body.Len() > 0 {
		return true
	}
	if m.DeclaredLength != 0 || len(m.Fields) == 0 {
		return false
	}
	last := &m.Fields[len(m.Fields)-1]
	return last.ID == FieldContentLength || m.Raw[last.Row.End-1] == '\n' || m.Raw[last.Row.End-1] == '\r'
}

// Count returns how many rows a header field has.
func (m *Message) Count(id FieldID) int {
	if !m.Has(id) {
		return 0
	}
	n := 0
	for _, f := range m.Fields[m.first[id]-1:] {
		if f.ID == id {
			n++
		}
	}
	return n
}

// Named returns the value of the first row whose name is name, in any case; for names that have no FieldID. Nil if there is none.
func (m *Message) Named(name string) []byte {
	for _, f := range m.Fields {
		if equalFold(m.Text(f.Name), name) {
			return m.Text(f.Value)
		}
	}
	return nil
}

// Problem returns the first problem of a code, and false if there is none.
func (m *Message) Problem(code ProblemCode) (Problem, bool) {
	for _, p := range m.Problems {
		if p.Code == code {
			return p, true
		}
	}
	return Problem{}, false
}

// IsWhole reports whether a message that came in a datagram is all there: its header is closed (RFC 3261 §7), and its body has the length that it
// says (§18.3). What is not is answered with 400 if it is a request, and discarded if it is a response.
func (m *Message) IsWhole() bool { return !m.headerOpen() && !m.bodyShort() }

// headerOpen reports whether the header may have gone on: "The empty line MUST be present even if the message-body is not" (§7). If the last line is
// whole and Content-Length says that there is no body, nothing is lost but the empty line (RFC 4475 §3.1.2.15, RFC 5118 §4.10).
func (m *Message) headerOpen() bool {
	if _, open := m.Problem(ProblemNoBlankLine); !open {
		return false
	}
	_, cut := m.Problem(ProblemCutInLine)
	return cut || m.DeclaredLength != 0 || !m.Body.IsEmpty() || !m.Trail.IsEmpty()
}

// bodyShort reports whether some of the body is missing. Whoever made CRLF into LF made the body shorter too: it is all there.
func (m *Message) bodyShort() bool {
	if _, short := m.Problem(ProblemBodyShort); !short {
		return false
	}
	b := m.BodyBytes()
	return !m.bareLF || len(b)+bytes.Count(b, []byte("\n")) != m.DeclaredLength || bytes.Contains(b, []byte("\r\n"))
}

// BodyBytes returns the body.
func (m *Message) BodyBytes() []byte { return m.Text(m.Body) }

// Pieces calls yield with each piece of the message in order. The pieces joined are Raw.
func (m *Message) Pieces(yield func(Span) bool) {
	for _, s := range [...]Span{m.Lead, m.StartLine} {
		if !yield(s) {
			return
		}
	}
	for _, f := range m.Fields {
		if !yield(f.Row) {
			return
		}
	}
	for _, s := range [...]Span{m.Blank, m.Body, m.Trail} {
		if !yield(s) {
			return
		}
	}
}
