package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// WAVFormat is how the samples of a WAV file are coded: wFormatTag of its fmt chunk.
type WAVFormat uint16

const (
	WAVPCM16 WAVFormat = 1
	WAVALaw  WAVFormat = 6
	WAVMuLaw WAVFormat = 7
)

// String returns a name for people.
func (f WAVFormat) String() string {
	switch f {
	case WAVPCM16:
		return "PCM"
	case WAVALaw:
		return "G.711 A-law"
	case WAVMuLaw:
		return "G.711 mu-law"
	case 0xFFFE:
		return "WAVE_FORMAT_EXTENSIBLE"
	}
	return fmt.Sprintf("format %d", uint16(f))
}

// ErrWAV is the error of a file that is not a WAV file that we can play.
var ErrWAV = errors.New("not a WAV file of 8 kHz, mono, 16 bits or G.711")

// maxChunks is how many chunks are passed over before the samples.
const maxChunks = 64

// ReadWAV reads a WAV file of 8,000 samples a second, one channel, 16-bit PCM or G.711, of at most limit samples:
//
//	"RIFF" size "WAVE" ( name size … )*    sizes of 4 bytes, little endian; chunks begin at even offsets
//	fmt : format 2 │ channels 2 │ rate 4 │ bytes a second 4 │ block 2 │ bits 2 │ …
//	data: the samples
//
// Other chunks are passed over. Anything else that is not as it should be is an error that says what it is and what it should be.
func ReadWAV(r io.Reader, limit int) ([]int16, error) {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrWAV, fmt.Sprintf(format, args...))
	}
	var head [40]byte
	if _, err := io.ReadFull(r, head[:12]); err != nil {
		return nil, bad("it is shorter than a header")
	}
	if string(head[:4]) != "RIFF" || string(head[8:12]) != "WAVE" {
		return nil, bad("it does not begin with RIFF and WAVE")
	}
	format, have := WAVFormat(0), false
	for range maxChunks {
		if _, err := io.ReadFull(r, head[:8]); err != nil {
			return nil, bad("it ends before its data chunk")
		}
		name, size := string(head[:4]), int64(binary.LittleEndian.Uint32(head[4:]))
		switch name {
		case "fmt ":
			if size < 16 || size > int64(len(head)) {
				return nil, bad("its fmt chunk has %d bytes, want 16 to %d", size, len(head))
			}
			if _, err := io.ReadFull(r, head[:size+size&1]); err != nil {
				return nil, bad("it ends within its fmt chunk")
			}
			format = WAVFormat(binary.LittleEndian.Uint16(head[:]))
			channels, rate, bits := binary.LittleEndian.Uint16(head[2:]), binary.LittleEndian.Uint32(head[4:]), binary.LittleEndian.Uint16(head[14:])
			width := uint16(8)
			switch format {
			case WAVPCM16:
				width = 16
			case WAVALaw, WAVMuLaw:
			default:
				return nil, bad("it is %v, want PCM or G.711", format)
			}
			switch {
			case channels != 1:
				return nil, bad("it has %d channels, want one", channels)
			case rate != SampleRate:
				return nil, bad("it has %d samples a second, want %d", rate, SampleRate)
			case bits != width:
				return nil, bad("it has %d bits a sample, want %d for %v", bits, width, format)
			}
			have = true
		case "data":
			if !have {
				return nil, bad("its data comes before its fmt chunk")
			}
			return readSamples(r, format, size, limit, bad)
		default:
			if n, err := io.CopyN(io.Discard, r, size+size&1); err != nil {
				return nil, bad("its chunk %q says %d bytes and has %d", name, size, n)
			}
		}
	}
	return nil, bad("it has %d chunks and no data among them", maxChunks)
}

func readSamples(r io.Reader, format WAVFormat, size int64, limit int, bad func(string, ...any) error) ([]int16, error) {
	width := int64(1)
	if format == WAVPCM16 {
		width = 2
	}
	switch {
	case size%width != 0:
		return nil, bad("its data chunk has %d bytes, which is no whole number of samples", size)
	case size/width > int64(limit):
		return nil, fmt.Errorf("the WAV file has %d samples (%v), the most that is read is %d", size/width, duration(size/width), limit)
	}
	// What the header says is not believed before it is there: memory grows with what comes.
	b, err := io.ReadAll(io.LimitReader(r, size))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) < size {
		return nil, bad("its data chunk says %d bytes and has %d", size, len(b))
	}
	pcm := make([]int16, 0, size/width)
	switch format {
	case WAVALaw:
		return PCMA.AppendDecoded(pcm, b), nil
	case WAVMuLaw:
		return PCMU.AppendDecoded(pcm, b), nil
	}
	for i := 0; i < len(b); i += 2 {
		pcm = append(pcm, int16(binary.LittleEndian.Uint16(b[i:])))
	}
	return pcm, nil
}

// AppendWAV appends a WAV file of the samples.
func AppendWAV(dst []byte, format WAVFormat, pcm []int16) []byte {
	width, extra := 1, 2 // what is not PCM has the size of an extension, which is empty, and a fact chunk
	if format == WAVPCM16 {
		width, extra = 2, 0
	}
	size := len(pcm) * width
	le := binary.LittleEndian
	dst = append(dst, "RIFF"...)
	dst = le.AppendUint32(dst, uint32(4+8+16+extra+extra*6+8+size+size&1))
	dst = append(dst, "WAVEfmt "...)
	dst = le.AppendUint32(dst, uint32(16+extra))
	dst = le.AppendUint16(dst, uint16(format))
	dst = le.AppendUint16(dst, 1)
	dst = le.AppendUint32(dst, SampleRate)
	dst = le.AppendUint32(dst, uint32(SampleRate*width))
	dst = le.AppendUint16(dst, uint16(width))
	dst = le.AppendUint16(dst, uint16(8*width))
	if extra > 0 {
		dst = le.AppendUint16(dst, 0)
		dst = append(dst, "fact"...)
		dst = le.AppendUint32(dst, 4)
		dst = le.AppendUint32(dst, uint32(len(pcm)))
	}
	dst = append(dst, "data"...)
	dst = le.AppendUint32(dst, uint32(size))
	switch format {
	case WAVALaw:
		dst = PCMA.AppendEncoded(dst, pcm)
	case WAVMuLaw:
		dst = PCMU.AppendEncoded(dst, pcm)
	default:
		for _, s := range pcm {
			dst = le.AppendUint16(dst, uint16(s))
		}
	}
	if size&1 == 1 {
		dst = append(dst, 0)
	}
	return dst
}
