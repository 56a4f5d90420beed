package decode

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
)

// gzipReader reads the members of a gzip file one after the other (RFC 1952 §2.2), as package gzip does by itself; but what stands behind the last and is no member it tells as
// such: there the package says that a header is invalid, or the end unexpected, though all of the text was read.
type gzipReader struct {
	*gzip.Reader
	src *bufio.Reader
}

func newGzipReader(src *bufio.Reader) (*gzipReader, error) {
	z, err := gzip.NewReader(src)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return &gzipReader{z, src}, nil
}

func (g *gzipReader) Read(p []byte) (int, error) {
	for {
		n, err := g.Reader.Read(p)
		if err != io.EOF || n > 0 {
			if err == io.EOF {
				err = nil // it says so again
			}
			return n, err
		}
		head, err := g.src.Peek(2)
		switch {
		case len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b:
			if err := g.Reset(g.src); err != nil {
				return 0, err
			}
			g.Multistream(false)
		case len(head) > 0:
			return 0, g.trailing()
		default:
			return 0, err
		}
	}
}

// trailing passes over what stands behind the last member. Zeros are the padding of tapes, which gzip itself passes over in silence.
func (g *gzipReader) trailing() error {
	var buf [4096]byte
	size, zero := int64(0), true
	for {
		n, err := g.src.Read(buf[:])
		size += int64(n)
		for _, c := range buf[:n] {
			zero = zero && c == 0
		}
		if err == io.EOF && zero {
			return io.EOF
		}
		if err == io.EOF {
			bytes := "bytes stand"
			if size == 1 {
				bytes = "byte stands"
			}
			return fmt.Errorf("%d %s behind the end of the compressed text, and cannot be read; the text itself is whole", size, bytes)
		}
		if err != nil {
			return err
		}
	}
}
