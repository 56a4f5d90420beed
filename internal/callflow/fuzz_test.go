package callflow

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
)

// FuzzAssembler feeds messages that an attacker chose, at times, from hosts and with addresses that he chose: no message is lost or
// doubled, memory is given back, every call is sound (checkCall), and the same input gives the same calls.
//
// The input is a list of records: a byte of flags, a byte of time, two bytes of length, the message.
func FuzzAssembler(f *testing.F) {
	for _, seed := range fuzzSeeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<13 {
			return // a longer one has nothing that a shorter one has not
		}
		first, n := fuzzRun(t, data)
		if second, m := fuzzRun(t, data); n != m || first != second {
			t.Errorf("the same input gives other calls:\n%s\n%s", first, second)
		}
	})
}

// fuzzRun feeds the records and returns what came out, in words.
func fuzzRun(t *testing.T, data []byte) (string, int) {
	var b strings.Builder
	memory := int64(0)
	if len(data) > 0 && data[0]&1 != 0 {
		memory = 15_000
	}
	l := newLedger(t, memory)
	s := &scene{parties: parties}
	l.withHops = func(c *Call) { b.WriteString(s.tree(c)) }
	hosts := [...]string{"", "192.0.2.1", "192.0.2.101", "logserver"}
	events := [...]string{"off-hook", "on-hook", "calling", "boot"}
	at := time.Date(2000, 8, 20, 10, 0, 0, 0, time.UTC)
	n := 0
	for len(data) >= 4 {
		flags, step := data[0], int8(data[1])
		size := int(binary.LittleEndian.Uint16(data[2:]))
		data = data[4:]
		size = min(size, len(data))
		n++
		rec := capture.Record{Kind: capture.KindMessage, Data: data[:size], Direction: capture.Direction(flags >> 6 % 3)}
		data = data[size:]
		rec.Origin.Number = int64(n)
		rec.Origin.Source = int32(flags >> 1 & 1)
		rec.Observer = []byte(hosts[flags>>2&3])
		if flags&16 != 0 {
			rec.Src, rec.Dst = endpointOf(parties["A"]), endpointOf(parties["P"])
			if flags&32 != 0 {
				rec.Src, rec.Dst = rec.Dst, rec.Src
			}
		}
		at = at.Add(time.Duration(step) * time.Duration(step) * time.Duration(step) * 10 * time.Millisecond) // both ways, up to hours
		switch {
		case step%16 == 15:
			rec.Kind = capture.KindEvent
			rec.Event = capture.Event{Name: events[flags>>4&3], Line: int(flags >> 6)}
		case step%16 == 14: // no time
		case step%16 == 13:
			rec.Time = timeOf(at, 0, "clock")
		default:
			rec.Time = timeOf(at, int(flags>>1&1)*3, [...]string{"utc", "yearless"}[flags>>3&1])
		}
		l.feed(rec)
	}
	l.close()
	return b.String(), int(l.calls)
}

// fuzzSeeds are the cases in testdata, each as one input.
func fuzzSeeds(f *testing.F) [][]byte {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	seeds := [][]byte{nil}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range strings.Split(string(text), "\n\n") {
			input, _, _ := strings.Cut(part, "\n----")
			if i := strings.Index(input, "\nfeed"); i >= 0 {
				input = input[i+1:]
			} else if !strings.HasPrefix(input, "feed") {
				continue
			}
			var seed []byte
			for _, line := range parseScene(f, strings.Split(input, "\n")).lines {
				flags := byte(16)
				if len(line.rec.Observer) > 0 {
					flags = 4
				}
				seed = append(seed, flags, 3)
				seed = binary.LittleEndian.AppendUint16(seed, uint16(len(line.rec.Data)))
				seed = append(seed, line.rec.Data...)
			}
			seeds = append(seeds, seed)
		}
	}
	return seeds
}
