package media

import (
	"bytes"
	"testing"
)

func (c Codec) encode(s int16) byte { return c.AppendEncoded(nil, []int16{s})[0] }

// Values of the tables of G.711: decoder output values at the ends and borders of segments, mu-law in 14 bits (table 2), A-law in 13 (table 1).
func TestG711Tables(t *testing.T) {
	for _, c := range []struct {
		codec Codec
		code  byte
		value int16 // in the table's units
		scale int16
	}{
		{PCMU, 0x80, 8031, 4}, {PCMU, 0x8F, 4191, 4}, {PCMU, 0x9F, 2079, 4}, {PCMU, 0xAF, 1023, 4}, {PCMU, 0xBF, 495, 4}, {PCMU, 0xCF, 231, 4},
		{PCMU, 0xDF, 99, 4}, {PCMU, 0xEF, 33, 4}, {PCMU, 0xFE, 2, 4}, {PCMU, 0xFF, 0, 4}, {PCMU, 0x00, -8031, 4}, {PCMU, 0x7E, -2, 4}, {PCMU, 0x7F, 0, 4},
		{PCMA, 0xFF ^ 0x55, 4032, 8}, {PCMA, 0xF0 ^ 0x55, 2112, 8}, {PCMA, 0xE0 ^ 0x55, 1056, 8}, {PCMA, 0xD0 ^ 0x55, 528, 8}, {PCMA, 0xC0 ^ 0x55, 264, 8},
		{PCMA, 0xB0 ^ 0x55, 132, 8}, {PCMA, 0xA0 ^ 0x55, 66, 8}, {PCMA, 0x80 ^ 0x55, 1, 8}, {PCMA, 0x00 ^ 0x55, -1, 8}, {PCMA, 0x7F ^ 0x55, -4032, 8},
	} {
		if got := c.codec.AppendDecoded(nil, []byte{c.code})[0]; got != c.value*c.scale {
			t.Errorf("%v %#02x is %d, want %d", c.codec, c.code, got, c.value*c.scale)
		}
	}
	if PCMU.encode(0) != 0xFF || PCMA.encode(0) != 0xD5 {
		t.Errorf("silence is %#02x and %#02x", PCMU.encode(0), PCMA.encode(0))
	}
	if PCMU.String() != "PCMU" || PCMA.String() != "PCMA" || Codec(3).String() != "" {
		t.Error("names")
	}
}

// Every code word comes back as itself (but for mu-law's negative zero), every sample as the nearest value that there is or nearly, and louder never
// becomes softer.
func TestG711RoundTrip(t *testing.T) {
	for _, c := range []Codec{PCMU, PCMA} {
		var values []int16
		for code := range 256 {
			v := c.AppendDecoded(nil, []byte{byte(code)})[0]
			values = append(values, v)
			if got := c.encode(v); got != byte(code) && !(c == PCMU && code == 0x7F && got == 0xFF) {
				t.Errorf("%v %#02x comes back as %#02x", c, code, got)
			}
		}
		last := -40000
		for s := -32768; s <= 32767; s++ {
			v := int(c.AppendDecoded(nil, []byte{c.encode(int16(s))})[0])
			if v < last {
				t.Fatalf("%v: %d becomes %d, the sample below it %d", c, s, v, last)
			}
			last = v
			best := 1 << 20
			for _, x := range values {
				best = min(best, max(int(x)-s, s-int(x)))
			}
			// The input is cut to 14 or 13 bits first, and where a segment meets the next the decision value is not in the middle.
			if off := max(v-s, s-v); off > 2*best+32 {
				t.Fatalf("%v: %d becomes %d, which is off by %d; %d is possible", c, s, v, off, best)
			}
		}
	}
}

// The test tone of G.711 tables 5 and 6: 1 kHz at 0 dBm0, whose eight code words are known.
func TestMilliwatt(t *testing.T) {
	pcm := make([]int16, 16)
	if n := TestTone().Read(pcm); n != 16 {
		t.Fatal(n)
	}
	for c, want := range map[Codec][]byte{
		PCMU: {0x9E, 0x8B, 0x8B, 0x9E, 0x1E, 0x0B, 0x0B, 0x1E, 0x9E, 0x8B, 0x8B, 0x9E, 0x1E, 0x0B, 0x0B, 0x1E},
		PCMA: {0xB4, 0xA1, 0xA1, 0xB4, 0x34, 0x21, 0x21, 0x34, 0xB4, 0xA1, 0xA1, 0xB4, 0x34, 0x21, 0x21, 0x34},
	} {
		if got := c.AppendEncoded(nil, pcm); !bytes.Equal(got, want) {
			t.Errorf("%v: % x, want % x", c, got, want)
		}
	}
}

func BenchmarkG711(b *testing.B) {
	pcm := make([]int16, 160)
	DialTone().Read(pcm)
	for _, c := range []Codec{PCMU, PCMA} {
		code := c.AppendEncoded(nil, pcm)
		b.Run(c.String()+" encode", func(b *testing.B) {
			b.SetBytes(int64(len(pcm)))
			for range b.N {
				code = c.AppendEncoded(code[:0], pcm)
			}
		})
		b.Run(c.String()+" decode", func(b *testing.B) {
			b.SetBytes(int64(len(pcm)))
			for range b.N {
				pcm = c.AppendDecoded(pcm[:0], code)
			}
		})
	}
}
