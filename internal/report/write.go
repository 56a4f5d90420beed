package report

import (
	"encoding/json"
	"unicode/utf16"
	"unicode/utf8"

	"sipscribe/internal/explain"
)

// AppendJSON appends the JSON of v to dst. Characters that a terminal would obey, and marks that turn the direction of writing, are
// written as \uXXXX, also where JSON itself lets them through: who shows the text of a log must not do what it says. The values
// are the same.
func AppendJSON(dst []byte, v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return dst, err
	}
	plain := 0 // bytes of b up to here are in dst, or need nothing
	for i := 0; i < len(b); {
		if b[i] < 0x7f {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if explain.Showable(r) {
			i += n
			continue
		}
		dst = append(dst, b[plain:i]...)
		if hi, lo := utf16.EncodeRune(r); hi != utf8.RuneError {
			dst = appendEscape(appendEscape(dst, hi), lo)
		} else {
			dst = appendEscape(dst, r)
		}
		i += n
		plain = i
	}
	return append(dst, b[plain:]...), nil
}

func appendEscape(dst []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
