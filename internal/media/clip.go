package media

// Clip is sound that is held in memory, such as that of a file.
type Clip struct {
	PCM []int16
	// Loop begins anew at the end.
	Loop bool

	at int
}

// Read fills pcm with the samples that come next.
func (c *Clip) Read(pcm []int16) int {
	n := 0
	for n < len(pcm) {
		k := copy(pcm[n:], c.PCM[c.at:])
		n += k
		c.at += k
		if c.at == len(c.PCM) {
			if !c.Loop || len(c.PCM) == 0 {
				break
			}
			c.at = 0
		}
	}
	return n
}

// Recorder keeps what comes in, each packet where its timestamp says that it belongs: what was lost is silence, what was late is in its place.
type Recorder struct {
	// Limit is how many samples are kept. Default DefaultRecording.
	Limit int
	// Dropped counts samples beyond the limit.
	Dropped int64

	pcm []int16
}

// DefaultRecording is ten minutes.
const DefaultRecording = 600 * SampleRate

// Audio implements Sink.
func (r *Recorder) Audio(at int64, pcm []int16) {
	limit := int64(r.Limit)
	if limit <= 0 {
		limit = DefaultRecording
	}
	if at < 0 {
		n := min(-at, int64(len(pcm)))
		at, pcm = at+n, pcm[n:]
		r.Dropped += n
	}
	if len(pcm) == 0 {
		return
	}
	if over := at + int64(len(pcm)) - limit; over > 0 {
		n := min(over, int64(len(pcm)))
		r.Dropped += n
		if pcm = pcm[:int64(len(pcm))-n]; len(pcm) == 0 {
			return
		}
	}
	if missing := int(at) + len(pcm) - len(r.pcm); missing > 0 {
		r.pcm = append(r.pcm, make([]int16, missing)...)
	}
	copy(r.pcm[at:], pcm)
}

// PCM returns what was recorded. It belongs to the recorder.
func (r *Recorder) PCM() []int16 { return r.pcm }

// Pipe hands on what comes in, in the order in which it comes: received and sent again, it is an echo. What it holds is bounded: the oldest is
// dropped, so that an echo never falls behind by more.
type Pipe struct {
	held    [pipeSize]int16
	at, n   int
	Dropped int64 // samples
}

// pipeSize is how much a Pipe holds, in samples: 200 ms.
const pipeSize = SampleRate / 5

// Audio implements Sink.
func (p *Pipe) Audio(_ int64, pcm []int16) {
	for _, s := range pcm {
		if p.n == pipeSize {
			p.at = (p.at + 1) % pipeSize
			p.n--
			p.Dropped++
		}
		p.held[(p.at+p.n)%pipeSize] = s
		p.n++
	}
}

// Read implements Source: what there is, then silence. A pipe does not end.
func (p *Pipe) Read(pcm []int16) int {
	for i := range pcm {
		if p.n == 0 {
			clear(pcm[i:])
			break
		}
		pcm[i] = p.held[p.at]
		p.at = (p.at + 1) % pipeSize
		p.n--
	}
	return len(pcm)
}
