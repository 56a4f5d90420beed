package scan

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestWays holds the vectors against Go, on texts of every length up to several blocks with what is looked for in every place of them.
func TestWays(t *testing.T) {
	if !useVector {
		t.Skip("this processor has no AVX2: there is one way only")
	}
	r := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"^M ", "^M", "^", "\\", "\n", "\r\n", "&", "\x80", "\xff", "*", "[E", "[", "e", "xX", "x", "<R", "<h", "<", "eDaC", "ed", "da", "ac", "dac", "M ", " ", "x", "sip:bob@example.com"}
	for n := vectorMin; n < 400; n++ {
		for range 60 {
			b := bytes.Repeat([]byte{'a'}, n+8)[:n:n]
			for range r.IntN(8) {
				copy(b[r.IntN(n):], pieces[r.IntN(len(pieces))])
			}
			checkWays(t, b)
		}
		for _, p := range pieces {
			b := bytes.Repeat([]byte{'a'}, n)
			copy(b[n-min(len(p), n):], p) // at the end, where a block has nothing behind it
			checkWays(t, b)
			b = bytes.Repeat([]byte{'a'}, n)
			copy(b[n-1:], p)
			checkWays(t, b)
		}
	}
}

func checkWays(t *testing.T, b []byte) {
	t.Helper()
	words := Words(len(b))
	dirty := func() []uint64 { // what was there before must not stay
		w := make([]uint64, words+1)
		for i := range w {
			w[i] = ^uint64(0)
		}
		return w
	}
	got, want := dirty(), dirty()
	if x, y := caretEndsVector(got, b), caretEndsGo(want, b); x != y || !equal(got, want) {
		t.Fatalf("carets of %q: %x %v, want %x %v", b, got, x, want, y)
	}
	if only := caretEndsGo(want, b); only != (OtherEscape(b) == len(b)) {
		t.Fatalf("%q: nothing else escaped: %v, but the first is at %d", b, only, OtherEscape(b))
	}
	got, want = dirty(), dirty()
	newlinesVector(got, b)
	newlinesGo(want, b)
	if !equal(got, want) {
		t.Fatalf("newlines of %q: %x, want %x", b, got, want)
	}
	if got := mayBeMaskedVector(b); got != tells(b) {
		t.Fatalf("%q may be masked: %v", b, got)
	}
	a1, m1 := plainVector(b)
	a2, m2 := plainGo(b)
	if a1 != a2 || m1 != m2 {
		t.Fatalf("%q: ASCII %v, ampersand %v; want %v, %v", b, a1, m1, a2, m2)
	}
}

// tells is what the vectors are to find, one after the other.
func tells(b []byte) bool {
	b = bytes.ToLower(b)
	for _, s := range []string{"*", "[e", "xx", "<r", "<h", "edac"} {
		if bytes.Contains(b, []byte(s)) {
			return true
		}
	}
	return false
}

func equal(a, b []uint64) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

// TestFound says what is found, by hand.
func TestFound(t *testing.T) {
	for _, c := range []struct {
		text  string
		ends  uint64
		only  bool
		other int
	}{
		{"", 0, true, 0},
		{"a^M b", 1 << 1, true, 5},
		{"^M ^M ", 1<<0 | 1<<3, true, 6},
		{"a^M", 1 << 1, true, 3},
		{"a^", 0, false, 1},
		{"a^Mb", 0, false, 1},
		{"^M ^[", 1, false, 3},
		{"a\\^M ", 1 << 2, false, 1},
	} {
		var ends [1]uint64
		if only := CaretEnds(ends[:Words(len(c.text))], []byte(c.text)); ends[0] != c.ends || only != c.only {
			t.Errorf("%q: %b %v, want %b %v", c.text, ends[0], only, c.ends, c.only)
		}
		if at := OtherEscape([]byte(c.text)); at != c.other {
			t.Errorf("%q: the first other escape at %d, want %d", c.text, at, c.other)
		}
	}
}

// TestOnlyLineEnds says which texts in carets could not be written otherwise.
func TestOnlyLineEnds(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "^M": true, "^M ": true, "^": false, "^M^M ": false, "^M x": true, "^Mx": false, "^I": false, `\200`: false, "x^M ^M": true, "x^M ^M y": true,
		"x^ M ": false, "^M  ": true, "\x5f\x5d^M \x5d\x5f": true, "^M \x01\x5d\x5b^M ": true, "1234567^M ": true, "1234567^": false, "12345^M": true, "12345^Mx": false,
	} {
		// By itself, and behind so much that it is long, and before.
		for _, b := range []string{text, strings.Repeat("a=x^M ", 20) + text, strings.Repeat("a=x^M ", 21) + text} {
			if got := CaretEnds(make([]uint64, Words(len(b))), []byte(b)); got != want {
				t.Errorf("%q: %v", b, got)
			}
		}
		if strings.HasSuffix(text, "^M") {
			continue // at the end only
		}
		b := text + strings.Repeat("a=x^M ", 20)
		if got := CaretEnds(make([]uint64, Words(len(b))), []byte(b)); got != want {
			t.Errorf("%q: %v", b, got)
		}
	}
}

// TestPlain looks for one byte that is not ASCII, and for one ampersand, in every place.
func TestPlain(t *testing.T) {
	for n := range 300 {
		b := bytes.Repeat([]byte{0x7f}, n)
		if ascii, ampersand := Plain(b); !ascii || ampersand {
			t.Fatal(n, ascii, ampersand)
		}
		for i := range b {
			b[i] = 0x80
			if ascii, ampersand := Plain(b); ascii || ampersand {
				t.Fatal(n, i, ascii, ampersand)
			}
			b[i] = '&'
			if ascii, ampersand := Plain(b); !ascii || !ampersand {
				t.Fatal(n, i, ascii, ampersand)
			}
			b[i] = 0x7f
		}
	}
}

func FuzzWays(f *testing.F) {
	f.Add(bytes.Repeat([]byte("Via: SIP/2.0/UDP 192.168.0.2^M "), 5))
	f.Add(bytes.Repeat([]byte("\\^M&\n\x80"), 20))
	f.Fuzz(func(t *testing.T, b []byte) {
		if useVector && len(b) >= vectorMin {
			checkWays(t, b[:len(b):len(b)])
		}
	})
}
