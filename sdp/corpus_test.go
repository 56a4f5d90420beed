package sdp

import (
	"bytes"
	"io/fs"
	"path/filepath"
	"testing"

	"sipscribe/internal/proof"
)

// TestCorpus reads every description in the messages of the RFCs' flows and torture tests, where that material is beside the
// checkout. They are all meant to be read, and of the flows nothing but the session name is out of form.
func TestCorpus(t *testing.T) {
	corpus := proof.Material(t, "corpus")
	n := 0
	for _, dir := range []string{"flows", "torture"} {
		err := filepath.WalkDir(filepath.Join(corpus, dir), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || filepath.Ext(path) == ".json" || filepath.Ext(path) == ".pcap" {
				return err
			}
			for _, body := range bodies(read(t, path)) {
				n++
				s := Parse(body)
				checkLossless(t, s)
				checkAccessors(t, s)
				// test.dat is the one file of the archive that RFC 4475 does not describe; its body is "v=0" and a line that is none.
				if noMedia := filepath.Base(path) == "test.dat"; noMedia != (s.MediaCount() == 0) || noMedia != has(s, ProblemNoOrigin) {
					t.Errorf("%s: %d media, problems %v in\n%s", path, s.MediaCount(), s.Problems, body)
				}
				for _, p := range s.Problems {
					if dir == "flows" && p.Code != ProblemEmptyName && p.Code != ProblemBareLF {
						t.Errorf("%s: %s: %q in\n%s", path, p.Code, p.Span.Of(body), body)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n < 30 {
		t.Errorf("only %d descriptions in %s", n, corpus)
	}
}

// bodies cuts the descriptions out of a text: from each line v=0 up to a line that is none of a description.
func bodies(b []byte) [][]byte {
	var all [][]byte
	begin, at := -1, 0
	for line := range bytes.Lines(b) {
		isLine := len(line) > 2 && line[1] == '=' && line[0] >= 'a' && line[0] <= 'z'
		if begin >= 0 && !isLine {
			all = append(all, b[begin:at])
			begin = -1
		}
		if begin < 0 && bytes.Equal(bytes.TrimRight(line, "\r\n"), []byte("v=0")) {
			begin = at
		}
		at += len(line)
	}
	if begin >= 0 {
		all = append(all, b[begin:])
	}
	return all
}
