package explain

import (
	"bytes"
	"encoding/binary"
	"unsafe"
)

// A story is told once and then drawn or written, and 20,000 stories have a million short texts. So most of its strings are no copies: they are views of the
// messages, which the call holds, or of what the Teller put together in memory that it uses again for the next story.

// view is b as a string, without a copy: it holds as long as b is not written to.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// maxShown is how many characters of a text of a log are shown.
const maxShown = 120

// shown makes text of a log fit to be shown: at most 120 characters, without control characters, and without the marks that turn the
// direction of writing, so that a log cannot put words into our mouth. It holds as the story does.
func (t *Teller) shown(b []byte) string {
	if b = bytes.TrimSpace(b); len(b) <= maxShown && isPlain(b) {
		return view(b)
	}
	return Shown(b, maxShown)
}

// isPlain reports whether all of a text is printing ASCII.
func isPlain(b []byte) bool {
	// Eight bytes at a time: a byte from 0x7f on has the top bit after one is added, one below 0x20 borrows. What carries into the next byte is not plain itself.
	const each = 0x0101010101010101
	for len(b) >= 8 {
		w := binary.LittleEndian.Uint64(b)
		if (w|(w+each)|(w-0x20*each))&(0x80*each) != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c < 0x20 || c >= 0x7f {
			return false
		}
	}
	return true
}

// joined puts a text of the story together.
func (t *Teller) joined(parts ...string) string {
	n := 0
	for _, s := range parts {
		n += len(s)
	}
	at := t.room(n)
	for _, s := range parts {
		t.made = append(t.made, s...)
	}
	return view(t.made[at:])
}

// room makes room in t.made for a text of n bytes, and returns where that begins.
func (t *Teller) room(n int) int {
	if n > cap(t.made)-len(t.made) {
		t.made = make([]byte, 0, max(1024, 2*cap(t.made), n)) // what was made before stays where it is
	}
	return len(t.made)
}
