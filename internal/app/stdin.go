package app

import (
	"context"
	"io"
)

// untilCancelled reads r until the context is cancelled, and then says that it has ended: a pipe to which nothing is written any more does not
// hold up the end of the program. A read that was under way then is left behind, with a buffer of its own.
type untilCancelled struct {
	ctx  context.Context
	r    io.Reader
	buf  []byte
	next chan result
	rest []byte // of buf, not handed on yet
	err  error
}

type result struct {
	n   int
	err error
}

// stdinBuffer is how much is read at once, in bytes.
const stdinBuffer = 64 << 10

// Read implements io.Reader.
func (u *untilCancelled) Read(p []byte) (int, error) {
	if u.next == nil {
		u.next = make(chan result, 1)
		u.buf = make([]byte, stdinBuffer)
	}
	for len(u.rest) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		if u.ctx.Err() != nil {
			u.err = io.EOF
			return 0, u.err
		}
		go func() {
			n, err := u.r.Read(u.buf)
			u.next <- result{n, err}
		}()
		select {
		case <-u.ctx.Done():
			u.err = io.EOF
			return 0, u.err
		case got := <-u.next:
			u.rest, u.err = u.buf[:got.n], got.err
			if got.n == 0 && got.err == nil {
				return 0, nil // whoever reads us counts how often that happens
			}
		}
	}
	n := copy(p, u.rest)
	u.rest = u.rest[n:]
	return n, nil
}
