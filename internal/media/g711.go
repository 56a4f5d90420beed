package media

import "math/bits"

// Codec is a coding of ITU-T G.711. Its value is the static payload type of RFC 3551 table 4.
type Codec uint8

const (
	PCMU Codec = 0 // mu-law
	PCMA Codec = 8 // A-law
)

// String returns the encoding name of RFC 3551 ("PCMU"), "" for what is neither.
func (c Codec) String() string {
	switch c {
	case PCMU:
		return "PCMU"
	case PCMA:
		return "PCMA"
	}
	return ""
}

// AppendEncoded appends one byte a sample.
func (c Codec) AppendEncoded(dst []byte, pcm []int16) []byte {
	if c == PCMA {
		for _, s := range pcm {
			dst = append(dst, encodeALaw(s))
		}
		return dst
	}
	for _, s := range pcm {
		dst = append(dst, encodeMuLaw(s))
	}
	return dst
}

// AppendDecoded appends one sample a byte.
func (c Codec) AppendDecoded(dst []int16, code []byte) []int16 {
	table := &muLaw
	if c == PCMA {
		table = &aLaw
	}
	for _, b := range code {
		dst = append(dst, table[b])
	}
	return dst
}

// encodeMuLaw is G.711 table 2: a 14-bit magnitude plus a bias of 33 falls into one of eight segments, each twice as wide as the one
// before, and within it into one of sixteen steps. All bits but the sign are sent inverted. (The 16-bit sample is the 14-bit one times 4. The
// magnitude of a negative one is its complement, as in the reference software of G.191; others take it one higher.)
func encodeMuLaw(s int16) byte {
	magnitude, sign := uint(s)>>2, byte(0x80)
	if s < 0 {
		magnitude, sign = uint(^s)>>2, 0
	}
	magnitude = min(magnitude+33, 0x1FFF)
	segment := bits.Len(magnitude>>6) + 1 // 1 to 8
	return sign | byte(8-segment)<<4 | byte(15-magnitude>>segment&15)
}

// encodeALaw is G.711 table 1: a 13-bit magnitude; the two lowest segments have steps of one width. Even bits are sent inverted.
func encodeALaw(s int16) byte {
	magnitude, sign := uint(s)>>4, byte(0x80)
	if s < 0 {
		magnitude, sign = uint(^s)>>4, 0
	}
	code := byte(magnitude)
	if magnitude > 15 {
		segment := bits.Len(magnitude) - 4 // 1 to 7
		code = byte(segment)<<4 | byte(magnitude>>(segment-1)&15)
	}
	return (sign | code) ^ 0x55
}

// muLaw and aLaw are the values in the middle of each step, the decoder output values of G.711 tables 2 and 1.
var muLaw, aLaw = func() (mu, a [256]int16) {
	for code := range 256 {
		inverted := ^byte(code)
		segment, step := inverted>>4&7, int(inverted&15)
		v := (33+2*step)<<segment - 33 // 14 bits
		if code < 0x80 {
			v = -v
		}
		mu[code] = int16(v * 4)

		even := byte(code) ^ 0x55
		segment, step = even>>4&7, int(even&15)
		v = step<<4 + 8
		if segment > 0 {
			v = (step<<4 + 0x108) << (segment - 1)
		}
		if code < 0x80 {
			v = -v
		}
		a[code] = int16(v)
	}
	return
}()
