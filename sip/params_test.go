package sip

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestGetIsTheFirstOfAll: Get finds what All shows, in whatever is made of the characters that matter.
func TestGetIsTheFirstOfAll(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"tag", "TAG", "tagg", "ta", "t", "=", "=1", "; ", ";", ",", " ", "\r\n ", "\"", "\"a;tag=2\"", "<", ">", "\\", "“", "”", "x=y"}
	for range 50000 {
		var b []byte
		for range rnd.IntN(9) {
			b = append(b, pieces[rnd.IntN(len(pieces))]...)
		}
		p := Params{raw: b, sep: []byte{0, ';', ','}[rnd.IntN(3)]}
		var want []byte
		found := false
		for q := range p.All {
			if equalFold(q.Name, "tag") {
				want, found = q.Value, true
				break
			}
		}
		if got, ok := p.Get("tag"); ok != found || !bytes.Equal(got, want) {
			t.Fatalf("%q: %q, %t, want %q, %t", b, got, ok, want, found)
		}
	}
}
