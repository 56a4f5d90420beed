//go:build amd64 && !purego

package scan

import (
	"golang.org/x/sys/cpu"
)

// useVector is set but for tests, which look at both ways.
var useVector = cpu.X86.HasAVX2

// vectorMin is the length of the shortest text that is worth the vectors, in bytes. It must be 66 at least: blocks of 64, and for the bytes behind a caret two more.
const vectorMin = 96

// caretBits sets the bits of ends for the first n bytes at p, 64 at least, and returns one if a caret there ends no line, or there is a backslash. It reads two bytes
// more.
//
//go:noescape
func caretBits(ends *uint64, p *byte, n int) (other uint64)

// newlineBits sets the bits of ends for n bytes at p, 64 at least.
//
//go:noescape
func newlineBits(ends *uint64, p *byte, n int)

// plainBlocks returns of n bytes at p, 32 at least, whether any is not ASCII and whether any is an ampersand.
//
//go:noescape
func plainBlocks(p *byte, n int) (high, ampersand uint64)

// maskBlocks returns, of the pairs that begin at the n bytes at p, 32 at least, one if any tells of a mask. It reads three bytes more.
//
//go:noescape
func maskBlocks(p *byte, n int) (seen uint64)

func caretEndsVector(ends []uint64, b []byte) (only bool) {
	n := len(b) - 2
	last := &ends[(len(b)-1)>>6]
	*last = 0
	other := caretBits(&ends[0], &b[0], n)
	switch y, z := b[n], b[n+1]; {
	case y == '^' && z == 'M':
		ends[n>>6] |= 1 << (n & 63)
	case y == '^' || z == '^' || y == '\\' || z == '\\':
		other = 1
	}
	return other == 0
}

func newlinesVector(ends []uint64, b []byte) {
	_ = ends[(len(b)-1)>>6]
	newlineBits(&ends[0], &b[0], len(b))
}

func plainVector(b []byte) (ascii, ampersand bool) {
	high, amp := plainBlocks(&b[0], len(b))
	return high == 0, amp != 0
}

func mayBeMaskedVector(b []byte) bool {
	n := len(b) - 3
	return maskBlocks(&b[0], n) != 0 || mayBeMaskedGo(b[n:])
}
