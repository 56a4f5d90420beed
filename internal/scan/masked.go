package scan

// MayBeMasked reports whether anything in a text may be what somebody put in the place of an address: false is sure, true is a reason to look closer. It knows what sip.Masked
// knows by pairs of characters, for which it need not know where an address begins.
func MayBeMasked(b []byte) bool {
	if useVector && len(b) >= vectorMin {
		return mayBeMaskedVector(b) // it wants four letters of "redacted" where Go is content with pairs that are apart
	}
	return mayBeMaskedGo(b)
}

func mayBeMaskedGo(b []byte) bool {
	// One look at each character and the one before it.
	var seen byte
	before := byte(pairStar)
	for len(b) >= 4 {
		c0, c1, c2, c3 := b[0], b[1], b[2], b[3]
		seen |= before&pairSecond[c0] | pairFirst[c0]&pairSecond[c1] | pairFirst[c1]&pairSecond[c2] | pairFirst[c2]&pairSecond[c3]
		before, b = pairFirst[c3], b[4:]
	}
	for _, c := range b {
		seen |= before & pairSecond[c]
		before = pairFirst[c]
	}
	return seen&(pairStar|pairEmail|pairX|pairAngle) != 0 || seen&pairRedacted == pairRedacted
}

// The pairs of characters that tell of a mask: [e of "[email", <r and <h of "<removed>" and "<hidden>", xx, a star behind anything; and of "redacted" those
// that together make it rare to be another word.
const (
	pairStar = 1 << iota
	pairEmail
	pairX
	pairAngle
	pairED
	pairDA
	pairCT
	pairRedacted = pairED | pairDA | pairCT
)

// pairFirst and pairSecond say of which pairs a character is the first or second, in any case.
var pairFirst, pairSecond = func() (first, second [256]byte) {
	for c := range first {
		first[c] = pairStar
	}
	second['*'] = pairStar
	for pair, bit := range map[string]byte{"[e": pairEmail, "xx": pairX, "<r": pairAngle, "<h": pairAngle, "ed": pairED, "da": pairDA, "ct": pairCT} {
		for _, fold := range []byte{0, 'a' - 'A'} {
			x, y := pair[0], pair[1]
			if x >= 'a' {
				x -= fold
			}
			first[x] |= bit
			second[y-fold] |= bit
		}
	}
	return first, second
}()
