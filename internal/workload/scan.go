package workload

import (
	"bytes"
	"errors"
	"io"
)

// Scan is what BareScan counted.
type Scan struct {
	Bytes    int64
	Lines    int64 // with the last, which may have no line end; empty ones too
	Messages int64 // lines that hold a Call-ID
	Fields   int64 // header fields, start lines not counted
	Calls    int   // different Call-IDs
}

// scanLine is the longest line that BareScan takes in one piece; a longer one counts as several.
const scanLine = 1 << 20

var (
	fieldEnd = []byte("^M ")
	callID   = []byte("Call-ID:")
)

// BareScan is the yard stick for `list`: the least that a program can do that reads the syslog of an SPA and counts calls. It
// splits lines, splits the header of each into fields at "^M ", and collects the values of Call-ID. It understands
// nothing, checks nothing and knows no other way of writing a log; what a real reader needs beyond its time is the
// price of understanding. Errors are those of r.
func BareScan(r io.Reader) (Scan, error) {
	var (
		s    Scan
		buf  = make([]byte, scanLine)
		w    int // bytes in buf
		ids  = make(map[string]struct{}, 1<<10)
		idle int
	)
	line := func(b []byte) {
		s.Lines++
		i := bytes.Index(b, fieldEnd) // after the start line
		if i < 0 {
			return
		}
		b = b[i+len(fieldEnd):]
		found := false
		for len(b) > 0 && b[0] != '^' { // "^M" here is the empty line before the body
			s.Fields++
			field := b
			// One byte is searched for faster than three; a caret that is not a line end is rare.
			for i = 0; ; i++ {
				j := bytes.IndexByte(b[i:], '^')
				if j < 0 {
					b = nil
					break
				}
				if i += j; bytes.HasPrefix(b[i:], fieldEnd) {
					field, b = b[:i], b[i+len(fieldEnd):]
					break
				}
			}
			if !found && field[0] == 'C' && bytes.HasPrefix(field, callID) {
				found = true
				s.Messages++
				id := bytes.TrimSpace(field[len(callID):])
				if _, ok := ids[string(id)]; !ok { // in a map's index the conversion does not allocate
					ids[string(id)] = struct{}{}
				}
			}
		}
	}
	for {
		n, err := r.Read(buf[w:])
		s.Bytes += int64(n)
		w += n
		rest := buf[:w]
		// What was there before this Read has no line end: no need to look at it again.
		for seen := w - n; ; seen = 0 {
			i := bytes.IndexByte(rest[seen:], '\n')
			if i < 0 {
				break
			}
			line(rest[:seen+i])
			rest = rest[seen+i+1:]
		}
		if len(rest) == len(buf) {
			line(rest)
			rest = nil
		}
		w = copy(buf, rest)
		if err != nil {
			if w > 0 {
				line(buf[:w])
			}
			s.Calls = len(ids)
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return s, err
		}
		if idle++; n > 0 {
			idle = 0
		}
		if idle == 100 {
			s.Calls = len(ids)
			return s, io.ErrNoProgress
		}
	}
}
