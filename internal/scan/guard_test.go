//go:build linux

package scan

import (
	"syscall"
	"testing"
)

// TestNothingBehind puts texts right before memory that nobody may read, and right behind such: who looks further than the text ends with a fault.
func TestNothingBehind(t *testing.T) {
	page := syscall.Getpagesize()
	mem, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(mem)
	for _, m := range [][]byte{mem[:page], mem[2*page:]} {
		if err := syscall.Mprotect(m, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	room := mem[page : 2*page]
	for i := range room {
		room[i] = "a=x^M "[i%6]
	}
	ends := make([]uint64, Words(page))
	for n := range 400 {
		for _, b := range [][]byte{room[:n], room[page-n:]} {
			CaretEnds(ends, b)
			Newlines(ends, b)
			Plain(b)
			MayBeMasked(b)
		}
	}
}
