package media

import (
	"math"
	"time"
)

// Tone is a call-progress tone: sines, and for how long they are on and off. It goes on for ever, but for Length.
type Tone struct {
	Components []Component
	On, Off    time.Duration // On 0: always on
	Length     time.Duration // 0: no end

	at int64 // samples given
}

// Component is one sine of a tone.
type Component struct {
	Hz   int
	DBm0 float64 // level
}

// The tones of North America, with the levels that an SPA has as its defaults (its parameters Dial Tone, Busy Tone, Reorder Tone and Ring
// Back Tone: "440@-19,480@-19;*(2/4/1+2)"), and the test tone of G.711 tables 5 and 6, which a decoder turns into 0 dBm0. Each call makes a
// tone of its own, at its beginning.
func DialTone() *Tone {
	return &Tone{Components: []Component{{350, -19}, {440, -19}}}
}

// RingbackTone is heard while the other end rings.
func RingbackTone() *Tone {
	return &Tone{Components: []Component{{440, -19}, {480, -19}}, On: 2 * time.Second, Off: 4 * time.Second}
}

// BusyTone is heard when the other end is busy.
func BusyTone() *Tone {
	return &Tone{Components: []Component{{480, -19}, {620, -19}}, On: time.Second / 2, Off: time.Second / 2}
}

// ReorderTone is heard when the call cannot be made.
func ReorderTone() *Tone {
	return &Tone{Components: []Component{{480, -19}, {620, -19}}, On: time.Second / 4, Off: time.Second / 4}
}

// TestTone is 1 kHz at 0 dBm0.
func TestTone() *Tone { return &Tone{Components: []Component{{1000, 0}}} }

// peak0dBm0 is the amplitude of a sine of 0 dBm0: an A-law coder takes sines up to 3.14 dBm0 (G.711 §4), which fill 16 bits.
var peak0dBm0 = 32768 / math.Pow(10, 3.14/20)

// Read fills pcm with the samples that come next.
func (t *Tone) Read(pcm []int16) int {
	n := len(pcm)
	if t.Length > 0 {
		n = int(min(int64(n), max(0, int64(samples(t.Length))-t.at)))
	}
	on, period := int64(samples(t.On)), int64(samples(t.On+t.Off))
	clear(pcm)
	for _, c := range t.Components {
		amplitude := peak0dBm0 * math.Pow(10, c.DBm0/20)
		for i := range pcm[:n] {
			at := t.at + int64(i)
			if on > 0 && at%period >= on {
				continue
			}
			// A sample stands for the middle of its time. The phase is counted in whole numbers, so that it never drifts.
			k := (2*at + 1) % (2 * SampleRate) * int64(c.Hz) % (2 * SampleRate)
			v := float64(pcm[i]) + amplitude*math.Sin(math.Pi*float64(k)/SampleRate)
			pcm[i] = int16(math.Round(max(math.MinInt16, min(math.MaxInt16, v))))
		}
	}
	t.at += int64(n)
	return n
}
