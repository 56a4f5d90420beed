package app

import (
	"context"
	"io"
	"os"
)

// UntilCancelled returns a reader of r that ends when the context does.
func UntilCancelled(ctx context.Context, r io.Reader) io.Reader {
	return &untilCancelled{ctx: ctx, r: r}
}

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

// lateFile opens a file when it is read first: a named pipe is not open before somebody writes to it. It is closed where it ends; what is left before goes
// with the process.
type lateFile struct {
	name string
	file *os.File
}

// Read implements io.Reader.
func (l *lateFile) Read(p []byte) (int, error) {
	if l.file == nil {
		var err error
		if l.file, err = os.Open(l.name); err != nil {
			return 0, err
		}
	}
	n, err := l.file.Read(p)
	if err != nil {
		_ = l.file.Close()
	}
	return n, err
}
