package pcap

import (
	"errors"
	"fmt"
	"io"

	"sipscribe/internal/decode"
)

// windowSize is how much of the file is read at a time, in bytes. It is more than the buffer of a decode.Reader, which
// then reads straight into ours instead of copying.
const windowSize = 512 << 10

// window is a moving view on the capture file: frames are slices of it.
type window struct {
	src  *decode.Reader
	buf  []byte
	r, w int   // unread bytes are buf[r:w]
	pos  int64 // of buf[r] in the file
	err  error // of src, sticky
}

// peek returns the next n bytes without consuming them, fewer at the end of the file. n must not be above windowSize.
// The slice holds until the next call of peek.
func (w *window) peek(n int) []byte {
	if w.w-w.r < n && w.err == nil {
		w.fill(n)
	}
	return w.buf[w.r:min(w.w, w.r+n)]
}

// ahead returns all the bytes at hand, n at least unless the file ends before. Whoever searches in them and skips less than
// there is pays for moving the window once in windowSize-n bytes.
func (w *window) ahead(n int) []byte {
	w.peek(n)
	return w.buf[w.r:w.w]
}

func (w *window) fill(n int) {
	if w.buf == nil {
		w.buf = make([]byte, windowSize)
	}
	if w.r > 0 {
		copy(w.buf, w.buf[w.r:w.w])
		w.w -= w.r
		w.r = 0
	}
	for w.w < n && w.err == nil {
		k, err := w.src.Read(w.buf[w.w:])
		w.w += k
		w.err = err
	}
}

// skip consumes n bytes, fewer at the end of the file, and returns how many.
func (w *window) skip(n int64) int64 {
	var done int64
	for done < n {
		if w.r == w.w {
			if w.err == nil {
				w.fill(1)
			}
			if w.r == w.w {
				break
			}
		}
		k := min(n-done, int64(w.w-w.r))
		w.r += int(k)
		w.pos += k
		done += k
	}
	return done
}

// broken returns the error of the source, nil if it merely ended, early or not.
func (w *window) broken() error {
	if w.err == nil || w.err == io.EOF || errors.Is(w.err, io.ErrUnexpectedEOF) {
		return nil
	}
	return w.err
}

// end returns what to tell where a frame could begin and no byte is left.
func (w *window) end() error {
	if err := w.broken(); err != nil {
		return err
	}
	if errors.Is(w.err, io.ErrUnexpectedEOF) {
		// A compressed file whose end is missing.
		return &cutError{text: "the compressed capture file breaks off here: its end is missing", start: w.pos, end: w.pos}
	}
	return io.EOF
}

// cut returns the error that says how the file ends before its time. The bytes left over are consumed.
func (w *window) cut(format string, args ...any) error {
	e := &cutError{text: fmt.Sprintf(format, args...), start: w.pos}
	for w.skip(windowSize) > 0 {
	}
	e.end = w.pos
	if err := w.broken(); err != nil {
		return err
	}
	return e
}
