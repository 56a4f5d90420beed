package media

import (
	"math"
	"testing"
	"time"
)

// power returns the level of one frequency in a sound, in dBm0 (Goertzel).
func power(pcm []int16, hz float64) float64 {
	var re, im float64
	for i, s := range pcm {
		a := 2 * math.Pi * hz * float64(i) / SampleRate
		re += float64(s) * math.Cos(a)
		im += float64(s) * math.Sin(a)
	}
	return 20 * math.Log10(2*math.Hypot(re, im)/float64(len(pcm))/peak0dBm0)
}

func TestTones(t *testing.T) {
	for _, c := range []struct {
		name    string
		tone    *Tone
		hz      [2]float64
		on, off time.Duration
	}{
		{"dial", DialTone(), [2]float64{350, 440}, time.Minute, 0},
		{"ringback", RingbackTone(), [2]float64{440, 480}, 2 * time.Second, 4 * time.Second},
		{"busy", BusyTone(), [2]float64{480, 620}, 500 * time.Millisecond, 500 * time.Millisecond},
		{"reorder", ReorderTone(), [2]float64{480, 620}, 250 * time.Millisecond, 250 * time.Millisecond},
	} {
		pcm := make([]int16, 61*SampleRate)
		for i := 0; i < len(pcm); i += 160 { // in pieces, as it is sent
			c.tone.Read(pcm[i : i+160])
		}
		for _, hz := range c.hz {
			if db := power(pcm[:samples(c.on)], hz); math.Abs(db+19) > 0.3 {
				t.Errorf("%s: %v Hz at %.2f dBm0, want -19", c.name, hz, db)
			}
		}
		if db := power(pcm[:samples(c.on)], 1000); db > -60 {
			t.Errorf("%s: 1000 Hz at %.2f dBm0", c.name, db)
		}
		loud := 0
		for i, s := range pcm[:60*SampleRate] {
			if on := c.off == 0 || i%samples(c.on+c.off) < samples(c.on); !on && s != 0 {
				t.Fatalf("%s: sample %d is not silent", c.name, i)
			} else if on && s != 0 {
				loud++
			}
		}
		if loud == 0 {
			t.Errorf("%s is silent", c.name)
		}
	}
	short := TestTone()
	short.Length = 30 * time.Millisecond
	pcm := make([]int16, 160)
	for i, want := range []int{160, 80, 0} {
		if n := short.Read(pcm); n != want {
			t.Errorf("read %d gives %d samples, want %d", i, n, want)
		}
	}
	loud := Tone{Components: []Component{{1000, 3}, {1000, 3}}}
	loud.Read(pcm)
	for i, s := range pcm {
		if (i/4%2 == 0) != (s > 0) {
			t.Fatalf("sample %d of a tone that is too loud is %d: not clipped", i, s)
		}
	}
}

func BenchmarkTone(b *testing.B) {
	pcm := make([]int16, 160)
	tone := DialTone()
	b.ReportAllocs()
	for range b.N {
		tone.Read(pcm)
	}
}
