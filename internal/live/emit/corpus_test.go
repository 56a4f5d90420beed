package emit

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode/pcap"
)

// shared returns the folder of the captures of others, and skips the test where it is absent.
func shared(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("SIPSCRIBE_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared")
	}
	dir = filepath.Join(dir, "corpus", "pcaps")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the shared corpus is not here: ", err)
	}
	return dir
}

// What others captured, written again, has the same messages, ends and times.
func TestCorpusAgain(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared(t), "*.pcap*"))
	if err != nil || len(files) == 0 {
		t.Fatal("no captures: ", err)
	}
	messages := 0
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var want []capture.Record
		for _, rec := range decodeAll(t, pcap.Format, b, nil) {
			// A message that is not whole would wait in its stream for its rest.
			if rec.Kind == capture.KindMessage && rec.Missing == capture.MissingNothing && rec.Src.Port != 0 && rec.Dst.Port != 0 {
				want = append(want, rec)
			}
		}
		again := pcapOf(t, want)
		verify(t, again)
		got := decodeAll(t, pcap.Format, again, nil)
		if len(got) != len(want) {
			t.Errorf("%s: %d messages, want %d", filepath.Base(name), len(got), len(want))
			continue
		}
		for i := range got {
			g, w := &got[i], &want[i]
			if !bytes.Equal(g.Data, w.Data) || g.Src != w.Src || g.Dst != w.Dst || g.Time.Clock != w.Time.Clock {
				t.Errorf("%s: message %d is %v > %v %q, want %v > %v %q", filepath.Base(name), i, g.Src, g.Dst, g.Data, w.Src, w.Dst, w.Data)
				break
			}
		}
		messages += len(want)
	}
	if messages < 100 {
		t.Errorf("%d messages in all", messages)
	}
}
