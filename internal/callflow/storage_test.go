package callflow

import (
	"testing"
	"unsafe"
)

// The allocator has room for 256 bytes, and then for 288; twelve records fill 1152. There may be a million open calls.
func TestOpenCallsAreSmall(t *testing.T) {
	if n := unsafe.Sizeof(openCall{}); n > 256 {
		t.Errorf("an open call takes %d bytes", n)
	}
	if n := unsafe.Sizeof(packed{}); n > 96 {
		t.Errorf("a record takes %d bytes", n)
	}
	if n := unsafe.Sizeof(end{}) + unsafe.Sizeof(leg{}); n > 16 {
		t.Errorf("an end and a leg take %d bytes", n)
	}
}
