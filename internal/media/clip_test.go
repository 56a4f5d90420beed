package media

import (
	"slices"
	"testing"
)

func TestClip(t *testing.T) {
	pcm := make([]int16, 5)
	c := Clip{PCM: []int16{1, 2, 3}}
	if n := c.Read(pcm); n != 3 || c.Read(pcm) != 0 {
		t.Error(n)
	}
	c = Clip{PCM: []int16{1, 2, 3}, Loop: true}
	if n := c.Read(pcm); n != 5 || !slices.Equal(pcm, []int16{1, 2, 3, 1, 2}) {
		t.Error(n, pcm)
	}
	if n := (&Clip{Loop: true}).Read(pcm); n != 0 {
		t.Error(n)
	}
}

func TestRecorder(t *testing.T) {
	r := Recorder{Limit: 8}
	r.Audio(4, []int16{5, 6})
	r.Audio(0, []int16{1, 2})
	r.Audio(7, []int16{8, 9})
	r.Audio(100, []int16{8, 9})
	r.Audio(-1, []int16{7, 1})
	r.Audio(-9, []int16{7, 1})
	r.Audio(8, nil)
	if !slices.Equal(r.PCM(), []int16{1, 2, 0, 0, 5, 6, 0, 8}) || r.Dropped != 1+2+1+2 {
		t.Error(r.PCM(), r.Dropped)
	}
}

func TestPipe(t *testing.T) {
	var p Pipe
	pcm := make([]int16, 4)
	p.Audio(0, []int16{1, 2})
	if p.Read(pcm); !slices.Equal(pcm, []int16{1, 2, 0, 0}) {
		t.Error(pcm)
	}
	long := make([]int16, pipeSize+3)
	for i := range long {
		long[i] = int16(i)
	}
	p.Audio(0, long)
	if p.Read(pcm); !slices.Equal(pcm, []int16{3, 4, 5, 6}) || p.Dropped != 3 {
		t.Error(pcm, p.Dropped)
	}
}
