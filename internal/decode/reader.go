package decode

import (
	"bytes"
	"io"
)

// Reader reads a source, counting as it goes. Lines and blocks that it returns borrow its buffer until the next call.
// Offsets are those of the decompressed source.
type Reader struct {
	src    io.Reader
	buf    []byte
	r, w   int   // unread bytes are buf[r:w]
	offset int64 // of buf[r] in the source
	line   int64 // lines read
	err    error // from src, sticky
	lone   bool  // lines end in CR alone: see turnLoneCRs
	turned *turnedLines
}

// MaxLine is the longest physical line that ReadLine returns in one piece, in bytes. A longer one comes in several pieces of
// this length, each counted as a line of its own: a source without line ends cannot make memory grow.
const MaxLine = 1 << 20

const readerSize = 256 << 10

// NewReader returns a Reader of src.
func NewReader(src io.Reader) *Reader { return &Reader{src: src, buf: make([]byte, readerSize)} }

// Peek returns up to n of the next bytes without consuming them; fewer at the end of the source.
func (r *Reader) Peek(n int) []byte {
	for r.w-r.r < n && r.err == nil {
		r.fill(n)
	}
	return r.buf[r.r:min(r.w, r.r+n)]
}

// fill reads more, making room for need unread bytes at least.
func (r *Reader) fill(need int) {
	if r.r > 0 && (r.w == len(r.buf) || len(r.buf)-r.r < need) {
		copy(r.buf, r.buf[r.r:r.w])
		r.w -= r.r
		r.r = 0
	}
	if len(r.buf) < need || r.w == len(r.buf) {
		grown := make([]byte, max(2*len(r.buf), need))
		copy(grown, r.buf[:r.w])
		r.buf = grown
	}
	for i := 0; i < 100; i++ {
		n, err := r.src.Read(r.buf[r.w:])
		if r.lone {
			turnCRs(r.buf[r.w : r.w+n])
		}
		r.w += n
		if err != nil {
			r.err = err
			return
		}
		if n > 0 {
			return
		}
	}
	r.err = io.ErrNoProgress
}

// ReadLine returns the next line with its line end (the last may have none), its number from 1 and its offset: those that it has in the source, also where its lines are read
// from its end. It returns
// io.EOF when no byte is left, and then or earlier the error of the source.
func (r *Reader) ReadLine() (line []byte, number, offset int64, err error) {
	scanned := 0
	for {
		if i := bytes.IndexByte(r.buf[r.r+scanned:r.w], '\n'); i >= 0 {
			return r.take(min(scanned+i+1, MaxLine))
		}
		scanned = r.w - r.r
		if scanned >= MaxLine {
			return r.take(MaxLine)
		}
		if r.err != nil {
			if scanned > 0 {
				return r.take(scanned)
			}
			return nil, r.line, r.offset, r.err
		}
		r.fill(scanned + 1)
	}
}

func (r *Reader) take(n int) ([]byte, int64, int64, error) {
	line, off := r.buf[r.r:r.r+n], r.offset
	r.r += n
	r.offset += int64(n)
	r.line++
	if r.turned != nil {
		number, at := r.turned.place(r.line, off, n)
		return line, number, at, nil
	}
	return line, r.line, off, nil
}

// turnLoneCRs makes every CR of a source an LF if its lines end in CR alone, as those of the old Macintosh do: its first bytes have no LF, and behind a CR a line begins.
// rsyslog with SpaceLF keeps the CR of a message and puts a blank behind it; there a CR ends no line (syslog.EscapeSpaceLF).
func (r *Reader) turnLoneCRs() {
	head := r.Peek(SniffLen)
	if bytes.IndexByte(head, '\n') >= 0 {
		return
	}
	for at := 0; ; {
		i := bytes.IndexByte(head[at:], '\r')
		if i < 0 || at+i+1 == len(head) {
			return
		}
		at += i + 1
		if c := head[at]; c > ' ' && c < 0x7f {
			break
		}
	}
	r.lone = true
	turnCRs(r.buf[r.r:r.w])
}

func turnCRs(b []byte) {
	for i := bytes.IndexByte(b, '\r'); i >= 0; {
		b[i] = '\n'
		k := bytes.IndexByte(b[i+1:], '\r')
		if k < 0 {
			return
		}
		i += 1 + k
	}
}

// Read makes Reader an io.Reader, for formats that are not made of lines.
func (r *Reader) Read(p []byte) (int, error) {
	if r.r == r.w {
		if r.err != nil {
			return 0, r.err
		}
		if len(p) >= len(r.buf) {
			n, err := r.src.Read(p)
			r.offset += int64(n)
			if err != nil {
				r.err = err
			}
			return n, err
		}
		r.r, r.w = 0, 0
		r.fill(1)
		if r.r == r.w {
			return 0, r.err
		}
	}
	n := copy(p, r.buf[r.r:r.w])
	r.r += n
	r.offset += int64(n)
	return n, nil
}

// Offset returns the offset of the next byte.
func (r *Reader) Offset() int64 { return r.offset }

// Lines returns how many lines were read.
func (r *Reader) Lines() int64 { return r.line }

// Err returns the error that the source ended with, nil if it has not ended; io.EOF at its proper end.
func (r *Reader) Err() error { return r.err }
