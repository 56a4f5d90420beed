package app

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestOrderedProperty puts the texts of calls in the order in which they end, which is any order that the assembler can bring about, and holds what
// is written to the order in which they began. With room for all it is exact; without, nothing is lost or doubled.
func TestOrderedProperty(t *testing.T) {
	for seed := range uint64(600) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		n := 1 + rnd.IntN(60)
		var out bytes.Buffer
		budget := 1 << 20
		switch seed % 3 {
		case 0:
			budget = 40
		case 1:
			budget = 1 << 14 // shelves of 256 bytes
		}
		text := func(dst []byte, seq int) []byte {
			long := 1
			if seq%11 == 0 {
				long = 40 // than a shelf
			}
			return append(fmt.Appendf(dst, "<%d>", seq), strings.Repeat(".", long*(seq*7%50))...)
		}
		o := NewOrdered(&out, budget)
		open, next := []int64{}, int64(1)
		var want strings.Builder
		for i := 1; i <= n; i++ {
			if i%5 != 0 { // every fifth does not fit a filter: an empty text
				want.Write(text(nil, i))
			}
		}
		for next <= int64(n) || len(open) > 0 {
			if next <= int64(n) && (len(open) == 0 || rnd.IntN(2) == 0) {
				open = append(open, next)
				next++
				continue
			}
			k := rnd.IntN(len(open))
			seq := open[k]
			open = append(open[:k], open[k+1:]...)
			oldest := next
			for _, s := range open {
				oldest = min(oldest, s)
			}
			b := o.Buffer()
			if seq%5 != 0 {
				b = text(b, int(seq))
			}
			if err := o.Put(seq, b, oldest); err != nil {
				t.Fatal(err)
			}
			if budget > 1000 && !strings.HasPrefix(want.String(), out.String()) {
				t.Fatalf("seed %d: %s", seed, out.String())
			}
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		if budget > 1000 {
			if out.String() != want.String() {
				t.Fatalf("seed %d: %s, want %s", seed, out.String(), want.String())
			}
			continue
		}
		if out.Len() != want.Len() {
			t.Fatalf("seed %d: %d bytes, want %d", seed, out.Len(), want.Len())
		}
		for i := 1; i <= n; i++ {
			if got := strings.Count(out.String(), fmt.Sprintf("<%d>", i)); got != 1 && i%5 != 0 {
				t.Fatalf("seed %d: call %d is there %d times", seed, i, got)
			}
		}
	}
}

// refusing fails every write.
type refusing struct{ err error }

func (r refusing) Write([]byte) (int, error) { return 0, r.err }

// A call that does not end while very many others do holds up no more than the budget, also where next to nothing of those is written.
func TestOrderedHoldsNoMoreThanItsBudget(t *testing.T) {
	var out bytes.Buffer
	const budget = 100 * slotSize
	o := NewOrdered(&out, budget)
	for seq := int64(2); seq < 5000; seq++ {
		text := o.Buffer()
		if seq%50 == 0 {
			text = fmt.Appendf(text, "<%d>", seq)
		}
		if err := o.Put(seq, text, 1); err != nil {
			t.Fatal(err)
		}
		pages := 0
		for _, p := range o.shelves {
			if p.held > 0 {
				pages += cap(p.text)
			}
		}
		if o.bytes > budget || len(o.slots)*slotSize+pages != o.bytes {
			t.Fatalf("after call %d %d bytes are held, %d places and %d bytes of shelves", seq, o.bytes, len(o.slots), pages)
		}
	}
	if err := o.Put(1, []byte("<1>"), 5000); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err != nil || o.bytes != 0 {
		t.Errorf("%v, %d bytes are held at the end", err, o.bytes)
	}
	if got := strings.Count(out.String(), "<"); got != 100 || !strings.HasSuffix(out.String(), "<1><4900><4950>") {
		t.Errorf("%d texts: %s", got, out.String())
	}
}

func TestOrderedTellsOfWriteErrors(t *testing.T) {
	full := errors.New("disk full")
	o := NewOrdered(refusing{full}, 100)
	if err := o.Put(1, []byte("a"), 2); !errors.Is(err, full) {
		t.Errorf("in its turn: %v", err)
	}
	if err := o.Put(3, []byte("b"), 2); err != nil {
		t.Errorf("held: %v", err)
	}
	if err := o.Close(); !errors.Is(err, full) {
		t.Errorf("at the end: %v", err)
	}
	if err := NewOrdered(refusing{full}, 2).Put(3, []byte("long"), 1); !errors.Is(err, full) {
		t.Errorf("past the budget: %v", err)
	}
}
