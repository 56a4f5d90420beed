// Package media is the sound of our own calls, small but real: G.711, tones and files out, echo, files in, digits both ways, and the counts
// that go into the story.
//
//	Tone, *Clip, *Pipe ─ Source ─▶ Sender ─ RTP ─▶     every ptime; digits (RFC 4733) in their turn
//	*Recorder, *Pipe   ◀─ Sink ─── Receiver ◀─ RTP     counts, jitter, digits
//	                     Report   ◀─────────▶ RTCP     SR and RR (RFC 3550 §6.4)
//
//	Stream is the three of them for one m= line of a call.
//
// Sound is 8,000 samples a second, one channel, 16 bits. Nothing here opens a socket, reads a clock, starts a goroutine or draws chance of
// its own: now comes in, Next says when the next packet is due, and Config has the reader of random bytes. What is kept is bounded.
package media

import "time"

// SampleRate is the number of samples a second of everything here, and the clock rate of its RTP (RFC 3551 table 4: PCMU, PCMA).
const SampleRate = 8000

// Source is sound to be sent. Read fills pcm and returns how many samples there were; fewer than len(pcm) means that it has ended.
type Source interface {
	Read(pcm []int16) int
}

// Sink takes sound that was received. at is where its first sample belongs, counted from the first packet of the stream; it may go
// back (a packet was late) and leave gaps (packets were lost).
type Sink interface {
	Audio(at int64, pcm []int16)
}

// samples returns how many samples fit into a time.
func samples(d time.Duration) int { return int(d * SampleRate / time.Second) }

// duration returns how long a number of samples lasts.
func duration(n int64) time.Duration { return time.Duration(n) * time.Second / SampleRate }
