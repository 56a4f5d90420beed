package sip

import (
	"bytes"

	"sipscribe/internal/scan"
)

// Masked reports whether somebody hid an identifier before the log was shown: "[email protected]" (what a web page's protection
// against address harvesters leaves of every user@host), "XX.XX.XX.XX", "***", "<removed>". Two masked identifiers that look
// the same are not known to be the same.
func Masked(b []byte) bool {
	// Nearly everything that is asked about was not hidden: one look says whether there is anything to look at.
	seen := maskChars(b)
	switch {
	case seen&maskBracket != 0 && hasMaskedAddress(b),
		seen&(maskStar|maskX) != 0 && isBlanked(b),
		seen&maskStar != 0 && bytes.Contains(b, []byte("***")),
		seen&maskRedacted == maskRedacted && saysRedacted(b),
		seen&maskAngle != 0 && (containsFold(b, "<removed>") || containsFold(b, "<hidden>")):
		return true
	}
	return false
}

// MayBeMasked reports whether anything in a text may be a mask: false is sure, true is a reason to look closer. It is much cheaper than to ask Masked for each
// identifier in it.
func MayBeMasked(b []byte) bool { return scan.MayBeMasked(b) }

// saysRedacted looks for the word in the ways that people write it.
func saysRedacted(b []byte) bool {
	return bytes.Contains(b, []byte("edacted")) || bytes.Contains(b, []byte("EDACTED"))
}

// The characters that masks are made of. Of "redacted" those that make it rare to see them all.
const (
	maskStar = 1 << iota
	maskBracket
	maskX
	maskAngle
	maskA
	maskC
	maskD
	maskT
	maskRedacted = maskA | maskC | maskD | maskT
)

var maskChar = [256]byte{'[': maskBracket, '*': maskStar, 'x': maskX, 'X': maskX, '<': maskAngle,
	'a': maskA, 'A': maskA, 'c': maskC, 'C': maskC, 'd': maskD, 'D': maskD, 't': maskT, 'T': maskT}

// maskChars returns which of these characters a text has.
func maskChars(b []byte) byte {
	var seen byte
	for len(b) >= 4 {
		seen |= maskChar[b[0]] | maskChar[b[1]] | maskChar[b[2]] | maskChar[b[3]]
		b = b[4:]
	}
	for _, c := range b {
		seen |= maskChar[c]
	}
	return seen
}

// isBlanked reports whether b is an address or number of which digits were replaced: "XX.XX.XX.XX", "1800555****".
func isBlanked(b []byte) bool {
	masks := 0
	for i, c := range b {
		switch {
		case c == '*':
			masks++
		case c == 'x' || c == 'X':
			// An x counts only in a run of two or more.
			if !(i > 0 && b[i-1]|0x20 == 'x' || i+1 < len(b) && b[i+1]|0x20 == 'x') {
				return false
			}
			masks++
		case c == '.' || c == ':' || c == '-' || c == '@' || isDigit(c):
		default:
			return false
		}
	}
	return masks >= 2
}

var maskOpen = []byte("[email")

func hasMaskedAddress(b []byte) bool {
	for {
		i := bytes.Index(b, maskOpen)
		if i < 0 {
			return false
		}
		if maskedAddressLen(b[i:]) > 0 {
			return true
		}
		b = b[i+1:]
	}
}

// maskedAddressLen returns the length of the "[email protected]" that b begins with, with any one kind of blank inside; 0 if it does
// not.
func maskedAddressLen(b []byte) int {
	if len(b) < 17 || b[0] != '[' || !bytes.HasPrefix(b, maskOpen) {
		return 0
	}
	p := len(maskOpen)
	switch {
	case b[p] == ' ' || b[p] == '\t':
		p++
	case bytes.HasPrefix(b[p:], []byte("\u00a0")):
		p += 2
	case bytes.HasPrefix(b[p:], []byte("&#160;")), bytes.HasPrefix(b[p:], []byte("&nbsp;")):
		p += 6
	default:
		return 0
	}
	const rest = "protected]"
	if len(b)-p < len(rest) || string(b[p:p+len(rest)]) != rest {
		return 0
	}
	return p + len(rest)
}

func containsFold(b []byte, s string) bool {
	for i := 0; i+len(s) <= len(b); i++ {
		if equalFold(b[i:i+len(s)], s) {
			return true
		}
	}
	return false
}
