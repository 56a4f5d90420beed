package syslog

import (
	"bytes"
	"io"
	"strconv"
)

// FrameMethod is how a frame was delimited in its stream.
type FrameMethod uint8

const (
	// FrameUnknown is the zero value.
	FrameUnknown FrameMethod = iota
	// OctetCounting is "MSG-LEN SP SYSLOG-MSG" (RFC 6587 §3.4.1).
	OctetCounting
	// NonTransparent is "SYSLOG-MSG TRAILER" (RFC 6587 §3.4.2).
	NonTransparent
)

// String returns the RFC's name.
func (m FrameMethod) String() string {
	switch m {
	case OctetCounting:
		return "octet-counting"
	case NonTransparent:
		return "non-transparent-framing"
	}
	return "unknown"
}

// Frame is one message of a stream.
type Frame struct {
	Text   []byte // without length and trailer; holds until the next call of Next
	Method FrameMethod
	// Start is the offset of Text in the stream.
	Start int64
	// Truncated says that bytes of the message are not in Text: it was longer than the reader's limit, or the stream ended inside.
	Truncated bool
}

// DefaultMaxFrame is the limit of a FrameReader for which none is given, in bytes: that of syslog-ng, and more than one UDP
// datagram can carry.
const DefaultMaxFrame = 64 << 10

// maxDigits bounds MSG-LEN: a gigabyte and more is no length but the beginning of some text.
const maxDigits = 9

// FrameReader splits a TCP or TLS stream into messages. RFC 6587 §3.4 lets a receiver tell the method by the first
// character, and warns (§3.4.3) that senders change it from frame to frame, so it is told for each frame:
//
//	digits without a leading zero, then a blank   octet counting
//	anything else                                 up to LF or NUL; a CR before LF is part of the trailer (§3.4.2)
//
// A frame that begins with neither a digit nor '<' comes from a sender without PRI, or the stream is out of step (a length
// that was wrong). It ends at its trailer, or before something that is beyond doubt a new frame: MSG-LEN, blank, PRI. So one
// wrong length spoils the frames that it covers and no more. Empty lines between frames are skipped, since some senders end a
// counted frame with LF too.
//
// Memory is bounded by the limit. Of a longer message the beginning is given, as RFC 5424 §6.1 wants ("the truncation MUST
// occur at the end"), and the rest is read and dropped.
type FrameReader struct {
	src    io.Reader
	buf    []byte
	r, w   int   // unread bytes are buf[r:w]
	offset int64 // of buf[r] in the stream
	limit  int
	skip   int64 // bytes of a counted frame still to be dropped
	drop   bool  // the rest of a frame up to its trailer is to be dropped
	err    error // from src, sticky
}

// NewFrameReader returns a reader of src that gives at most limit bytes of a message; DefaultMaxFrame if limit is not positive.
func NewFrameReader(src io.Reader, limit int) *FrameReader {
	if limit <= 0 {
		limit = DefaultMaxFrame
	}
	return &FrameReader{src: src, limit: limit, buf: make([]byte, limit+maxDigits+3)}
}

// Next returns the next message. After the last it returns io.EOF, or the error of the stream; what came before an error is given
// first. A counted frame that the end of the stream cuts is given with Truncated set, and io.ErrUnexpectedEOF comes after it.
func (f *FrameReader) Next() (Frame, error) {
	if err := f.discard(); err != nil {
		return Frame{}, err
	}
	for { // trailers that are left over
		if !f.need(1) {
			return Frame{}, f.err
		}
		if c := f.buf[f.r]; c != '\n' && c != 0 && c != '\r' {
			break
		}
		f.advance(1)
	}
	if f.buf[f.r]-'1' <= 8 {
		if length, n := f.length(); n > 0 {
			return f.counted(length, n)
		}
	}
	return f.delimited()
}

// discard drops what is left of a frame that was too long.
func (f *FrameReader) discard() error {
	for f.skip > 0 {
		if !f.need(1) {
			if f.err == io.EOF {
				f.err = io.ErrUnexpectedEOF
			}
			return f.err
		}
		n := min(f.skip, int64(f.w-f.r))
		f.skip -= n
		f.advance(int(n))
	}
	for f.drop {
		if !f.need(1) {
			return f.err
		}
		if i := trailer(f.buf[f.r:f.w]); i >= 0 {
			f.advance(i + 1)
			f.drop = false
		} else {
			f.advance(f.w - f.r)
		}
	}
	return nil
}

// length reads MSG-LEN and the blank; n is 0 if that is not what is there.
func (f *FrameReader) length() (length int64, n int) {
	for n = 0; n <= maxDigits; n++ {
		if !f.need(n + 1) {
			return 0, 0
		}
		switch c := f.buf[f.r+n]; {
		case c-'0' <= 9:
			length = 10*length + int64(c-'0')
		case c == ' ' && n <= maxDigits:
			return length, n + 1
		default:
			return 0, 0
		}
	}
	return 0, 0
}

func (f *FrameReader) counted(length int64, n int) (Frame, error) {
	f.advance(n)
	want := int(min(length, int64(f.limit)))
	whole := f.need(want)
	got := min(want, f.w-f.r)
	if got == 0 {
		if f.err == io.EOF {
			f.err = io.ErrUnexpectedEOF
		}
		return Frame{}, f.err
	}
	fr := Frame{Text: f.buf[f.r : f.r+got], Method: OctetCounting, Start: f.offset, Truncated: int64(got) < length}
	f.advance(got)
	f.skip = int64(want-got) + length - int64(want)
	if !whole && f.err == io.EOF {
		f.err = io.ErrUnexpectedEOF
	}
	return fr, nil
}

func (f *FrameReader) delimited() (Frame, error) {
	inStep := f.buf[f.r] == '<' || f.buf[f.r]-'0' <= 9
	scanned := 0
	for {
		b := f.buf[f.r:f.w]
		end := trailer(b[scanned:])
		if end >= 0 {
			end += scanned
		}
		if !inStep {
			stop := b
			if end >= 0 {
				stop = b[:end]
			}
			// What was searched before is not searched again, but for the length of what may straddle the border.
			if k := countedStart(stop, min(len(stop), max(0, scanned-8))); k > 0 && k <= f.limit {
				fr := Frame{Text: b[:k], Method: NonTransparent, Start: f.offset}
				f.advance(k)
				return fr, nil
			}
		}
		crlf := len(b) > f.limit && b[f.limit] == '\r' // the byte after the limit may be half of the trailer
		if end >= 0 && (end <= f.limit || crlf && end == f.limit+1 && b[end] == '\n') {
			return f.line(end, 1, false), nil
		}
		if len(b) > f.limit && (!crlf || len(b) > f.limit+1 || f.err != nil) {
			f.drop = true
			return f.line(f.limit, 0, true), nil
		}
		if f.err != nil {
			return f.line(len(b), 0, false), nil
		}
		scanned = len(b)
		f.need(len(b) + 1)
	}
}

// line returns the frame of n bytes and goes past it and its trailer.
func (f *FrameReader) line(n, trailerLen int, truncated bool) Frame {
	text := f.buf[f.r : f.r+n]
	if trailerLen > 0 && n > 1 && text[n-1] == '\r' && f.buf[f.r+n] == '\n' {
		text = text[:n-1]
	}
	fr := Frame{Text: text, Method: NonTransparent, Start: f.offset, Truncated: truncated}
	f.advance(n + trailerLen)
	return fr
}

// trailer returns the offset of the first LF or NUL, or -1.
func trailer(b []byte) int {
	i := bytes.IndexByte(b, '\n')
	if i >= 0 {
		b = b[:i]
	}
	if k := bytes.IndexByte(b, 0); k >= 0 {
		return k
	}
	return i
}

// countedStart returns where in b the first "MSG-LEN SP PRI" begins whose blank is not before from, or -1.
func countedStart(b []byte, from int) int {
	for at := from; ; {
		i := bytes.Index(b[at:], []byte(" <"))
		if i < 0 {
			return -1
		}
		i += at
		at = i + 2
		if _, n := ParsePRI(b[i+1:]); n == 0 {
			continue
		}
		k := i
		for k > 0 && b[k-1]-'0' <= 9 && i-k < maxDigits {
			k--
		}
		if k < i && b[k] != '0' {
			return k
		}
	}
}

// need makes n bytes available; false if the stream ends before.
func (f *FrameReader) need(n int) bool {
	for f.w-f.r < n {
		if f.err != nil {
			return false
		}
		if len(f.buf)-f.r < n || f.r == f.w {
			copy(f.buf, f.buf[f.r:f.w])
			f.w -= f.r
			f.r = 0
		}
		f.fill()
	}
	return true
}

func (f *FrameReader) fill() {
	for i := 0; i < 100; i++ {
		n, err := f.src.Read(f.buf[f.w:])
		f.w += n
		if err != nil {
			f.err = err
		}
		if n > 0 || err != nil {
			return
		}
	}
	f.err = io.ErrNoProgress
}

func (f *FrameReader) advance(n int) {
	f.r += n
	f.offset += int64(n)
}

// AppendOctetCounted appends the frame "MSG-LEN SP SYSLOG-MSG" (RFC 6587 §3.4.1, RFC 5425 §4.3.1); nothing for an empty message,
// which MSG-LEN, beginning with a NONZERO-DIGIT, cannot say.
func AppendOctetCounted(dst, msg []byte) []byte {
	if len(msg) == 0 {
		return dst
	}
	dst = strconv.AppendInt(dst, int64(len(msg)), 10)
	dst = append(dst, ' ')
	return append(dst, msg...)
}

// AppendLFFrame appends the message and an LF (RFC 6587 §3.4.2). A line end inside the message would end the frame, "which
// causes problems for the receiver": such a message wants AppendOctetCounted, or an Escape first.
func AppendLFFrame(dst, msg []byte) []byte {
	dst = append(dst, msg...)
	return append(dst, '\n')
}
