package sip

import "bytes"

// Masked reports whether somebody hid an identifier before the log was shown: "[email protected]" (what a web page's protection
// against address harvesters leaves of every user@host), "XX.XX.XX.XX", "***", "<removed>". Two masked identifiers that look
// the same are not known to be the same.
func Masked(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	if maskedAddressLen(b) > 0 || bytes.Contains(b, maskOpen) && hasMaskedAddress(b) {
		return true
	}
	masks, other := 0, 0
	for i, c := range b {
		switch {
		case c == '*':
			masks++
		case c == 'x' || c == 'X':
			// An x counts only in a run of two or more, or alone between dots.
			prev := i > 0 && (b[i-1] == 'x' || b[i-1] == 'X')
			next := i+1 < len(b) && (b[i+1] == 'x' || b[i+1] == 'X')
			if prev || next {
				masks++
			} else {
				other++
			}
		case c == '.' || c == ':' || c == '-' || c == '@' || isDigit(c):
		default:
			other++
		}
	}
	if masks >= 2 && other == 0 {
		return true
	}
	return bytes.Contains(b, []byte("***")) || containsFold(b, "redacted") || containsFold(b, "<removed>") ||
		containsFold(b, "<hidden>")
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
