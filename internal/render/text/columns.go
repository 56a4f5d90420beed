package text

import (
	"unicode"
	"unicode/utf8"
)

// Width returns the columns that a text takes on a terminal: one a character, two for East Asian ones and pictures, none for marks
// that are drawn over the character before them (Unicode Standard Annex #11, "wide" and "fullwidth").
func Width[T string | []byte](s T) int {
	i := 0
	for ; i+8 <= len(s); i += 8 { // nearly all is ASCII; the eight bytes are read at once
		v := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 | uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		if v&0x8080808080808080 != 0 {
			break
		}
	}
	for ; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			n := i
			for _, r := range string(s[i:]) {
				n += runeWidth(r)
			}
			return n
		}
	}
	return len(s)
}

// wide are the ranges of characters that take two columns.
var wide = [...][2]rune{{0x1100, 0x115f}, {0x231a, 0x231b}, {0x2329, 0x232a}, {0x23e9, 0x23ec}, {0x25fd, 0x25fe}, {0x2614, 0x2615},
	{0x2648, 0x2653}, {0x26aa, 0x26ab}, {0x2e80, 0x303e}, {0x3041, 0xa4cf}, {0xa960, 0xa97f}, {0xac00, 0xd7a3}, {0xf900, 0xfaff},
	{0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}}

func runeWidth(r rune) int {
	switch {
	case r < 0x300, r >= 0x2100 && r < wide[1][0], r >= 0x2500 && r < 0x25fd:
		return 1 // the arrows and lines that we draw are among them
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case r < wide[0][0]:
		return 1
	}
	for _, w := range wide {
		if r <= w[1] {
			if r >= w[0] {
				return 2
			}
			return 1
		}
	}
	return 1
}

// byteOffset returns where the longest beginning of a text ends that takes at most so many columns; at least one character.
func byteOffset(s string, columns int) int {
	n := 0
	for i, r := range s {
		n += runeWidth(r)
		if n > columns && i > 0 {
			return i
		}
	}
	return len(s)
}
