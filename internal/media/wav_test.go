package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestWAVRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 7, 160} {
		pcm := make([]int16, n)
		DialTone().Read(pcm)
		for format, codec := range map[WAVFormat]Codec{WAVPCM16: 1, WAVALaw: PCMA, WAVMuLaw: PCMU} {
			want := pcm
			if format != WAVPCM16 {
				want = codec.AppendDecoded(nil, codec.AppendEncoded(nil, pcm))
			}
			file := AppendWAV(nil, format, pcm)
			got, err := ReadWAV(bytes.NewReader(file), n)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%v, %d samples: %v, %v", format, n, got, err)
			}
			if size := binary.LittleEndian.Uint32(file[4:]); int(size) != len(file)-8 || len(file)%2 != 0 {
				t.Errorf("%v: a file of %d bytes says %d", format, len(file), size)
			}
			if n > 0 {
				if _, err := ReadWAV(bytes.NewReader(file), n-1); err == nil {
					t.Error("over the limit")
				}
			}
			for cut := range file {
				if n <= 7 && (cut < len(file)-1 || format == WAVPCM16) {
					if got, err := ReadWAV(bytes.NewReader(file[:cut]), n); err == nil && len(got) > 0 {
						t.Errorf("%v cut at %d of %d: read", format, cut, len(file))
					}
				}
			}
		}
	}
}

func TestWAVRefuses(t *testing.T) {
	good := AppendWAV(nil, WAVPCM16, []int16{1, 2})
	with := func(at int, b ...byte) []byte {
		file := bytes.Clone(good)
		copy(file[at:], b)
		return file
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"nothing":                      {nil, "shorter than a header"},
		"an MP3":                       {[]byte("ID3\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"), "does not begin with RIFF"},
		"stereo":                       {with(22, 2), "it has 2 channels, want one"},
		"a rate of 44.1 kHz":           {with(24, 0x44, 0xAC), "it has 44100 samples a second, want 8000"},
		"24 bits":                      {with(34, 24), "it has 24 bits a sample, want 16 for PCM"},
		"floating point":               {with(20, 3), "it is format 3"},
		"WAVE_FORMAT_EXTENSIBLE":       {with(20, 0xFE, 0xFF), "it is WAVE_FORMAT_EXTENSIBLE"},
		"a fmt chunk of 4 GB":          {with(16, 0xFF, 0xFF, 0xFF, 0xFF), "its fmt chunk has 4294967295 bytes"},
		"data of 4 GB that is not all": {with(40, 0xFE, 0xFF, 0xFF, 0xFF), "2147483647 samples"},
		"half a sample":                {with(40, 3), "no whole number of samples"},
		"data that is cut":             {good[:len(good)-1], "says 4 bytes and has 3"},
		"no data":                      {good[:36], "ends before its data chunk"},
		"data first":                   {append(append([]byte("RIFF\x00\x00\x00\x00WAVE"), "data\x02\x00\x00\x00ab"...), good[12:36]...), "before its fmt chunk"},
		"a chunk that is cut":          {append(bytes.Clone(good[:36]), "LIST\x00\x01\x00\x00x"...), `its chunk "LIST" says 256 bytes`},
		"chunks without end":           {append(bytes.Clone(good[:36]), strings.Repeat("LIST\x01\x00\x00\x00ab", 100)...), "no data among them"},
	} {
		_, err := ReadWAV(bytes.NewReader(c.file), 100)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if name != "data of 4 GB that is not all" && !errors.Is(err, ErrWAV) {
			t.Errorf("%s: %v is not ErrWAV", name, err)
		}
	}
	// Other chunks, of odd length too, are passed over.
	odd := append(append(bytes.Clone(good[:36]), "LIST\x03\x00\x00\x00abc\x00"...), good[36:]...)
	if pcm, err := ReadWAV(bytes.NewReader(odd), 2); err != nil || !slices.Equal(pcm, []int16{1, 2}) {
		t.Error(pcm, err)
	}
}

// FuzzWAV: what is read is within the limit, and reads back the same once written.
func FuzzWAV(f *testing.F) {
	for _, format := range []WAVFormat{WAVPCM16, WAVALaw, WAVMuLaw} {
		f.Add(AppendWAV(nil, format, []int16{0, 1, -1, 32767, -32768}))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		pcm, err := ReadWAV(bytes.NewReader(file), 1000)
		if err != nil {
			return
		}
		if len(pcm) > 1000 || len(pcm) > len(file) {
			t.Fatalf("%d samples from %d bytes", len(pcm), len(file))
		}
		if again, err := ReadWAV(bytes.NewReader(AppendWAV(nil, WAVPCM16, pcm)), 1000); err != nil || !slices.Equal(again, pcm) {
			t.Fatal(err)
		}
	})
}

// The header of a file, byte for byte.
func TestWAVByHand(t *testing.T) {
	const file = "RIFF\x28\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x04\x00\x00\x00\x01\x00\xff\xff"
	pcm, err := ReadWAV(strings.NewReader(file), 2)
	if err != nil || !slices.Equal(pcm, []int16{1, -1}) {
		t.Fatal(pcm, err)
	}
	if got := string(AppendWAV(nil, WAVPCM16, pcm)); got != file {
		t.Errorf("%q, want %q", got, file)
	}
}
