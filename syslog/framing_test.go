package syslog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// frames reads a stream to its end and writes each frame as "method start text", with "..." if it is truncated.
func frames(r io.Reader, limit int) (got []string, err error) {
	fr := NewFrameReader(r, limit)
	for {
		f, err := fr.Next()
		if err != nil {
			return got, err
		}
		s := fmt.Sprintf("%c %d %s", f.Method.String()[0], f.Start, f.Text)
		if f.Truncated {
			s += "..."
		}
		got = append(got, s)
	}
}

func TestFrameReader(t *testing.T) {
	for _, c := range []struct {
		name, stream string
		limit        int
		want         []string
		err          error
	}{
		{"counted", "7 <1>a\r\nb5 <2>cd", 0, []string{"o 2 <1>a\r\nb", "o 11 <2>cd"}, io.EOF},
		{"lines", "<1>a\n<2>b\n", 0, []string{"n 0 <1>a", "n 5 <2>b"}, io.EOF},
		{"the last line without a trailer", "<1>a\n<2>b", 0, []string{"n 0 <1>a", "n 5 <2>b"}, io.EOF},
		{"CR LF", "<1>a\r\n<2>b\r\n", 0, []string{"n 0 <1>a", "n 6 <2>b"}, io.EOF},
		{"NUL", "<1>a\x00<2>b\x00", 0, []string{"n 0 <1>a", "n 5 <2>b"}, io.EOF},
		{"the method changes", "<1>a\n4 <2>b<3>c\n4 <4>d", 0, []string{"n 0 <1>a", "o 7 <2>b", "n 11 <3>c", "o 18 <4>d"}, io.EOF},
		{"counted and LF", "4 <1>a\n4 <2>b\n", 0, []string{"o 2 <1>a", "o 9 <2>b"}, io.EOF},
		{"empty lines", "\n\r\n<1>a\n\n\n<2>b\n", 0, []string{"n 3 <1>a", "n 10 <2>b"}, io.EOF},
		{"no PRI", "Off Hook\nOn Hook\n", 0, []string{"n 0 Off Hook", "n 9 On Hook"}, io.EOF},
		{"a date is no length", "2022-02-11T17:40:45Z gw x\n", 0, []string{"n 0 2022-02-11T17:40:45Z gw x"}, io.EOF},
		{"a length with a leading zero is none", "04 <1>a\n", 0, []string{"n 0 04 <1>a"}, io.EOF},
		{"ten digits are no length", "1234567890 x\n<1>a\n", 0, []string{"n 0 1234567890 x", "n 13 <1>a"}, io.EOF},
		{"counted, too long", "8 <1>abcde4 <2>f", 5, []string{"o 2 <1>ab...", "o 12 <2>f"}, io.EOF},
		{"line, too long", "<1>abcdefghijklmnopqrstuvwxyz\n<2>f\n", 5, []string{"n 0 <1>ab...", "n 30 <2>f"}, io.EOF},
		{"line as long as the limit", "<1>ab\n<2>cd\r\n<3>ef", 5, []string{"n 0 <1>ab", "n 6 <2>cd", "n 13 <3>ef"}, io.EOF},
		{"the stream ends in a frame", "9 <1>a", 0, []string{"o 2 <1>a..."}, io.ErrUnexpectedEOF},
		{"the stream ends behind a length", "9 ", 0, nil, io.ErrUnexpectedEOF},
		{"the stream ends in what is dropped", "9 <1>abcd", 5, []string{"o 2 <1>ab..."}, io.ErrUnexpectedEOF},
		{"the stream ends in a number", "12", 0, []string{"n 0 12"}, io.EOF},
		{"a length that was too short", "6 <1>abcdefg4 <2>h4 <3>i", 0, []string{"o 2 <1>abc", "n 8 defg", "o 14 <2>h", "o 20 <3>i"}, io.EOF},
		{"a length that was too long", "9 <1>a4 <2>b4 <3>c", 0, []string{"o 2 <1>a4 <2>", "n 11 b", "o 14 <3>c"}, io.EOF},
		{"empty", "", 0, nil, io.EOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(c.stream), iotest.OneByteReader(strings.NewReader(c.stream)), iotest.DataErrReader(strings.NewReader(c.stream))} {
				got, err := frames(r, c.limit)
				if strings.Join(got, "|") != strings.Join(c.want, "|") || err != c.err {
					t.Errorf("got %q %v\nwant %q %v", got, err, c.want, c.err)
				}
			}
		})
	}
}

func TestFrameReaderGivesTheErrorOfTheStream(t *testing.T) {
	broken := errors.New("broken")
	got, err := frames(io.MultiReader(strings.NewReader("<1>a\n<2>b"), iotest.ErrReader(broken)), 0)
	if len(got) != 2 || err != broken {
		t.Errorf("got %q %v", got, err)
	}
	if _, err := frames(stuck{}, 0); err != io.ErrNoProgress {
		t.Errorf("a reader that gives nothing: %v", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestFrameReaderKeepsToItsMemory(t *testing.T) {
	fr := NewFrameReader(io.MultiReader(strings.NewReader("<1>"), io.LimitReader(endless{}, 10<<20), strings.NewReader("\n<2>b\n")), 100)
	f, err := fr.Next()
	if err != nil || len(f.Text) != 100 || !f.Truncated {
		t.Fatalf("%d bytes, %v", len(f.Text), err)
	}
	if f, err = fr.Next(); err != nil || string(f.Text) != "<2>b" {
		t.Fatalf("%q, %v", f.Text, err)
	}
	if len(fr.buf) > 200 {
		t.Errorf("the buffer has grown to %d bytes", len(fr.buf))
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// What is written in frames is read as it was written, whatever the sizes of the reads.
func FuzzFraming(f *testing.F) {
	f.Add([]byte("a\r\nb"), []byte("c"), uint8(1))
	f.Add([]byte("<134>INVITE sip:b@x SIP/2.0\r\n\r\n"), []byte("4 <1>x"), uint8(7))
	f.Fuzz(func(t *testing.T, a, b []byte, step uint8) {
		var stream []byte
		var want []string
		for i, msg := range [][]byte{a, b, a} {
			counted := append([]byte("<13>"), msg...)
			stream = AppendOctetCounted(stream, counted)
			want = append(want, string(counted))
			if line := append([]byte("<13>"), msg...); i < 2 && !bytes.ContainsAny(line, "\n\x00") && !bytes.HasSuffix(line, []byte("\r")) {
				stream = AppendLFFrame(stream, line)
				want = append(want, string(line))
			}
		}
		fr := NewFrameReader(&slow{stream, int(step) + 1}, 0)
		for _, w := range want {
			got, err := fr.Next()
			if err != nil || string(got.Text) != w || got.Truncated || string(stream[got.Start:int(got.Start)+len(w)]) != w {
				t.Fatalf("got %q %v, want %q, in %q", got.Text, err, w, stream)
			}
		}
		if _, err := fr.Next(); err != io.EOF {
			t.Fatalf("after the last: %v", err)
		}
		// Any stream is read to its end, in order, without a byte twice.
		fr = NewFrameReader(bytes.NewReader(append(a, b...)), 16)
		for last := int64(0); ; {
			got, err := fr.Next()
			if err != nil {
				break
			}
			if got.Start < last || len(got.Text) == 0 || len(got.Text) > 16 {
				t.Fatalf("%q at %d after %d", got.Text, got.Start, last)
			}
			last = got.Start + int64(len(got.Text))
		}
	})
}

type slow struct {
	b    []byte
	step int
}

func (s *slow) Read(p []byte) (int, error) {
	if len(s.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), s.step)], s.b)
	s.b = s.b[n:]
	return n, nil
}

func BenchmarkFrameReader(b *testing.B) {
	var stream []byte
	for range 100 {
		stream = AppendOctetCounted(stream, append([]byte("<134>"), message()...))
	}
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	src := bytes.NewReader(nil)
	fr := NewFrameReader(src, 0)
	for b.Loop() {
		src.Reset(stream)
		fr.err = nil
		n := 0
		for {
			if _, err := fr.Next(); err != nil {
				break
			}
			n++
		}
		if n != 100 {
			b.Fatalf("%d frames, want 100", n)
		}
	}
}
