package workload

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestBareScanCountsTheWorkload(t *testing.T) {
	for _, o := range []SyslogOptions{{}, {ISO: true}} {
		w := makeWorkload(t, Options{Calls: 800, Seed: 12}, o)
		s, err := BareScan(bytes.NewReader(w.log))
		if err != nil {
			t.Fatal(err)
		}
		fields := 0
		for _, m := range readLog(t, w.log) {
			head, _, _ := strings.Cut(m.text, "\r\n\r\n")
			fields += strings.Count(head, "\r\n")
		}
		want := Scan{Bytes: int64(len(w.log)), Lines: int64(w.sum.Messages), Messages: int64(w.sum.Messages), Fields: int64(fields), Calls: 800}
		if s != want {
			t.Errorf("%+v, want %+v", s, want)
		}
	}
}

func TestBareScan(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     Scan
	}{
		{"nothing", "", Scan{}},
		{"lines that are no messages", "a\n\nb", Scan{Bytes: 4, Lines: 3}},
		{"a last line without line end", "INVITE x^M Call-ID: a@b^M ^M", Scan{Bytes: 28, Lines: 1, Messages: 1, Fields: 1, Calls: 1}},
		{"the same Call-ID twice", "X^M Call-ID: a^M A: b^M ^M\nX^M Call-ID:a ^M ^M\n", Scan{Bytes: 47, Lines: 2, Messages: 2, Fields: 3, Calls: 1}},
		{"a Call-ID in the body", "X^M A: b^M ^M Call-ID: a^M\n", Scan{Bytes: 27, Lines: 1, Fields: 1}},
		{"a caret that is not a line end", "X^M A: ^b^^M Call-ID: a^M ^M\n", Scan{Bytes: 29, Lines: 1, Messages: 1, Fields: 2, Calls: 1}},
		{"a cut line", "X^M Call-ID: a^M A: b", Scan{Bytes: 21, Lines: 1, Messages: 1, Fields: 2, Calls: 1}},
		{"a line longer than the buffer", strings.Repeat("x", 2*scanLine+5), Scan{Bytes: 2*scanLine + 5, Lines: 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := BareScan(strings.NewReader(c.in)); err != nil || got != c.want {
				t.Errorf("%+v, %v; want %+v", got, err, c.want)
			}
		})
	}
	broken := errors.New("broken")
	in := io.MultiReader(strings.NewReader("X^M Call-ID: a^M ^M\nhalf"), iotest.ErrReader(broken))
	if s, err := BareScan(in); !errors.Is(err, broken) || s.Calls != 1 || s.Lines != 2 {
		t.Errorf("%+v, %v; want what was read, and the error", s, err)
	}
	if _, err := BareScan(idle{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that gives nothing: %v", err)
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

// FuzzBareScan: the counts do not depend on how the reader cuts the input, and fit each other.
func FuzzBareScan(f *testing.F) {
	f.Add([]byte("Aug 20 16:40:00 192.0.2.1 BYE sip:a@b SIP/2.0^M Call-ID: 1-2@h^M CSeq: 1 BYE^M ^M\nx\n"))
	f.Add([]byte("X^M ^M \nX^M ^^M^M \n^M Call-ID:^M ^M"))
	f.Fuzz(func(t *testing.T, in []byte) {
		whole, err := BareScan(bytes.NewReader(in))
		if err != nil {
			t.Fatal(err)
		}
		bytewise, err := BareScan(iotest.OneByteReader(bytes.NewReader(in)))
		if err != nil || bytewise != whole {
			t.Fatalf("%+v a byte at a time, %v; %+v at once", bytewise, err, whole)
		}
		lines := int64(bytes.Count(in, []byte("\n")))
		if len(in) > 0 && in[len(in)-1] != '\n' {
			lines++
		}
		if whole.Bytes != int64(len(in)) || whole.Lines != lines {
			t.Fatalf("%+v of %d bytes and %d lines", whole, len(in), lines)
		}
		if int64(whole.Calls) > whole.Messages || whole.Messages > whole.Lines || whole.Messages > whole.Fields {
			t.Fatalf("counts do not fit each other: %+v", whole)
		}
	})
}

func BenchmarkBareScan(b *testing.B) {
	w := makeWorkload(b, Options{Calls: 2000, Seed: 1}, SyslogOptions{})
	b.SetBytes(int64(len(w.log)))
	b.ReportAllocs()
	for b.Loop() {
		if s, err := BareScan(bytes.NewReader(w.log)); err != nil || s.Calls != 2000 {
			b.Fatal(s, err)
		}
	}
	b.ReportMetric(float64(w.sum.Messages)*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
