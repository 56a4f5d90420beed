package decode

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

// File is an open source: its decompressed bytes, and how far along it is.
type File struct {
	Name string
	R    *Reader
	// Size is the number of bytes on disk, 0 if it is not known (standard input).
	Size int64

	raw   *countingReader
	close []func() error
}

// Done returns the bytes read from disk so far; with Size it tells the progress.
func (f *File) Done() int64 { return f.raw.n }

// Close closes the file.
func (f *File) Close() error {
	var err error
	for i := len(f.close) - 1; i >= 0; i-- {
		err = errors.Join(err, f.close[i]())
	}
	return err
}

type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// ErrDirectory says that a source is a directory.
var ErrDirectory = errors.New("is a directory; name the files in it, or a pattern such as \"*.log\"")

// Open opens a file; "-" is stdin. Gzip and Zstandard are recognised by their first bytes, whatever the name, and
// decompressed; UTF-16 is turned into UTF-8 (Windows' Notepad saves logs so), and is recognised by its byte order mark or, without one, by
// the NULs in what else is ASCII.
func Open(name string, stdin io.Reader) (*File, error) {
	f := &File{Name: name}
	if name == "-" {
		return f.over(stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	f.close = append(f.close, file.Close)
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	if info.IsDir() {
		_ = file.Close()
		return nil, fmt.Errorf("%s %w", name, ErrDirectory)
	}
	if info.Mode().IsRegular() {
		f.Size = info.Size()
	}
	return f.over(file)
}

// OpenReader opens what a reader reads, as Open does a file of that name.
func OpenReader(name string, src io.Reader) (*File, error) { return (&File{Name: name}).over(src) }

// over is the rest of Open, over the bytes as they are on disk.
func (f *File) over(src io.Reader) (*File, error) {
	f.raw = &countingReader{r: src}
	plain, err := f.decompress(f.raw, 0)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	f.R = NewReader(plain)
	return f, nil
}

// maxLayers bounds how often a file is decompressed: a gzip inside a zstd is somebody's mistake, a hundred layers are an attack.
const maxLayers = 3

func (f *File) decompress(src io.Reader, layer int) (io.Reader, error) {
	if layer == maxLayers {
		return src, nil
	}
	br := bufio.NewReaderSize(src, 64<<10)
	head, _ := br.Peek(utf16Sample)
	switch {
	case len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b:
		z, err := newGzipReader(br)
		if err != nil {
			return nil, fmt.Errorf("%s: gzip: %w", f.Name, err)
		}
		f.close = append(f.close, z.Close)
		return f.decompress(named{z, f.Name, "gzip"}, layer+1)
	case len(head) >= 4 && binary.LittleEndian.Uint32(head) == 0xfd2fb528:
		// The window is bounded: a hostile frame may ask for gigabytes.
		z, err := zstd.NewReader(br, zstd.WithDecoderMaxWindow(128<<20), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, fmt.Errorf("%s: zstd: %w", f.Name, err)
		}
		f.close = append(f.close, func() error { z.Close(); return nil })
		return f.decompress(named{z, f.Name, "zstd"}, layer+1)
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}) && !bytes.HasPrefix(head, []byte{0xff, 0xfe, 0, 0}):
		return &utf16Reader{r: br, order: binary.LittleEndian}, nil
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return &utf16Reader{r: br, order: binary.BigEndian}, nil
	}
	if order := unmarkedUTF16(head); order != nil {
		return &utf16Reader{r: br, order: order}, nil
	}
	return br, nil
}

// utf16Sample is how many bytes tell UTF-16 without a byte order mark, and utf16Least how many there must be.
const (
	utf16Sample = 64
	utf16Least  = 16
)

// unmarkedUTF16 returns the byte order of UTF-16 without a byte order mark, nil if head is not that: every other byte is NUL, and the ones
// between them are ASCII that stands in a text. No capture and no text in UTF-8 begins so.
func unmarkedUTF16(head []byte) binary.ByteOrder {
	if len(head) < utf16Least {
		return nil
	}
	letters := 0 // the place in a pair of the byte that is not NUL
	if head[0] == 0 {
		letters = 1
	}
	for i := 0; i+1 < len(head); i += 2 {
		c := head[i+letters]
		if head[i+1-letters] != 0 || (c < ' ' || c > '~') && c != '\t' && c != '\n' && c != '\r' {
			return nil
		}
	}
	if letters == 0 {
		return binary.LittleEndian
	}
	return binary.BigEndian
}

// named adds the file and the compression to an error.
type named struct {
	r          io.Reader
	name, kind string
}

func (n named) Read(p []byte) (int, error) {
	k, err := n.r.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%s: %s: %w", n.name, n.kind, err)
	}
	return k, err
}

// utf16Reader turns UTF-16 into UTF-8. A surrogate without its other half becomes U+FFFD, and so does an odd byte at the end.
type utf16Reader struct {
	r     io.Reader
	order binary.ByteOrder
	in    [4096]byte
	held  int    // bytes of in that are not turned yet
	buf   []byte // what was turned
	out   []byte // what of it was not read yet
	high  uint16 // the first half of a pair; 0: none
	err   error
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		n, err := u.r.Read(u.in[u.held:])
		n += u.held
		u.err = err
		u.buf = u.buf[:0]
		i := 0
		for ; i+1 < n; i += 2 {
			u.put(u.order.Uint16(u.in[i:]))
		}
		u.held = copy(u.in[:], u.in[i:n])
		if err != nil && (u.high != 0 || u.held > 0) {
			u.buf = utf8.AppendRune(u.buf, utf8.RuneError)
			u.high, u.held = 0, 0
		}
		u.out = u.buf
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

// put turns one unit.
func (u *utf16Reader) put(w uint16) {
	if u.high != 0 {
		if r := utf16.DecodeRune(rune(u.high), rune(w)); r != utf8.RuneError {
			u.buf = utf8.AppendRune(u.buf, r)
			u.high = 0
			return
		}
		u.buf = utf8.AppendRune(u.buf, utf8.RuneError)
		u.high = 0
	}
	switch {
	case w >= 0xd800 && w < 0xdc00:
		u.high = w
	case w == 0xfeff: // a byte order mark
	default:
		u.buf = utf8.AppendRune(u.buf, rune(w))
	}
}
