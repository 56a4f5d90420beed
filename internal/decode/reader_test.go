package decode

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReaderLines(t *testing.T) {
	text := "one\ntwo\r\n\n" + strings.Repeat("x", 300<<10) + "\nlast"
	for name, src := range map[string]io.Reader{
		"at once":      strings.NewReader(text),
		"byte by byte": iotest.OneByteReader(strings.NewReader(text)),
		"with error":   iotest.DataErrReader(strings.NewReader(text)),
	} {
		r := NewReader(src)
		if got := r.Peek(6); string(got) != "one\ntw" {
			t.Errorf("%s: peeked %q", name, got)
		}
		offset := int64(0)
		for i, want := range strings.SplitAfter(text, "\n") {
			line, number, at, err := r.ReadLine()
			if err != nil || string(line) != want || number != int64(i+1) || at != offset {
				t.Fatalf("%s: line %d is %.20q, number %d at %d, %v; want %.20q at %d", name, i+1, line, number, at, err, want, offset)
			}
			offset += int64(len(want))
			if r.Offset() != offset || r.Lines() != int64(i+1) {
				t.Errorf("%s: at %d after %d lines", name, r.Offset(), r.Lines())
			}
		}
		for range 2 {
			if line, _, _, err := r.ReadLine(); err != io.EOF || line != nil {
				t.Errorf("%s: after the end %q, %v", name, line, err)
			}
		}
	}
}

func TestReaderLongLine(t *testing.T) {
	for _, n := range []int{MaxLine - 1, MaxLine, MaxLine + 1, 3*MaxLine + 7} {
		text := strings.Repeat("x", n) + "\nnext\n"
		r := NewReader(strings.NewReader(text))
		r.Peek(2 * MaxLine) // a large buffer makes no longer lines
		var got []byte
		for {
			line, _, at, err := r.ReadLine()
			if err == io.EOF {
				break
			}
			if err != nil || len(line) > MaxLine || at != int64(len(got)) {
				t.Fatalf("%d bytes at %d, %v", len(line), at, err)
			}
			got = append(got, line...)
		}
		if string(got) != text {
			t.Errorf("%d bytes of %d", len(got), len(text))
		}
		if cap(r.buf) > 8*MaxLine {
			t.Errorf("a buffer of %d bytes", cap(r.buf))
		}
	}
}

func TestReaderPeekAndRead(t *testing.T) {
	r := NewReader(strings.NewReader("abcdef"))
	if got := r.Peek(100); string(got) != "abcdef" {
		t.Errorf("peeked %q", got)
	}
	if line, _, _, _ := r.ReadLine(); string(line) != "abcdef" {
		t.Errorf("line %q", line)
	}
	big := bytes.Repeat([]byte("0123456789"), 100_000)
	r = NewReader(bytes.NewReader(big))
	r.Peek(10)
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, big) || r.Offset() != int64(len(big)) {
		t.Errorf("%d bytes, at %d, %v", len(got), r.Offset(), err)
	}
}

func TestReaderError(t *testing.T) {
	broken := errors.New("broken")
	r := NewReader(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)))
	for _, want := range []string{"a\n", "b"} {
		if line, _, _, err := r.ReadLine(); err != nil || string(line) != want {
			t.Errorf("%q, %v", line, err)
		}
	}
	if _, _, _, err := r.ReadLine(); err != broken {
		t.Error(err)
	}
	if _, err := r.Read(make([]byte, 1)); err != broken {
		t.Error(err)
	}
	r = NewReader(stuck{})
	if _, _, _, err := r.ReadLine(); err != io.ErrNoProgress {
		t.Error(err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }
