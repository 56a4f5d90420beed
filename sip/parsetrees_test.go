package sip

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sipscribe/internal/proof"
)

// The corpus corpus/parse-trees holds messages of RFC flows in YAML block scalars ("- |+", indented by two), and the same messages
// one after the other as a stream. It has no expected trees beside them; so what is compared is what can be read off the text by the
// simplest means: the start line, each header line, the body, and the count of messages.

// blockScalars reads the only YAML that the corpus uses: comments, and a list of literal block scalars.
func blockScalars(data string) []string {
	var out []string
	var cur []string
	open := false
	flush := func() {
		if open {
			out = append(out, strings.Join(cur, "\r\n")+"\r\n")
		}
		cur, open = nil, false
	}
	for _, line := range strings.Split(strings.TrimSuffix(data, "\n"), "\n") {
		switch {
		case line == "- |+":
			flush()
			open = true
		case strings.HasPrefix(line, "  "):
			cur = append(cur, line[2:])
		case line == "":
			cur = append(cur, "")
		}
	}
	flush()
	return out
}

// naive reads a message without knowing SIP: lines up to the first empty one, joined where they begin with white space.
func naive(msg string) (start string, rows []string, body string) {
	head, body, _ := strings.Cut(msg, "\r\n\r\n")
	for i, line := range strings.Split(strings.TrimRight(head, "\r\n"), "\r\n") {
		switch {
		case i == 0:
			start = line
		case line[0] == ' ' || line[0] == '\t':
			rows[len(rows)-1] += "\r\n" + line
		default:
			rows = append(rows, line)
		}
	}
	return start, rows, body
}

func TestParseTrees(t *testing.T) {
	dir := proof.Material(t, "corpus", "parse-trees", "misc")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no shared corpus: ", err)
	}
	// Messages that the corpus has with a fault in them.
	explained := map[string]string{
		"5.5.1_example-of-mechanism-in-register-transaction.yaml: no-blank-line": "the file ends without the empty line, and RFC 3327 gives no Content-Length",
		"5.5.2_example-of-mechanism-in-invite-transaction.yaml: no-blank-line":   "the same",
		"9.3_incoming_call_and_proxy_crash.yaml: missing":                        "RFC 5626 leaves Via and others out of its examples",
		"9.3_incoming_call_and_proxy_crash.yaml: no-blank-line":                  "the file ends without the empty line too",
		"9.4_re-registration.yaml: no-blank-line":                                "the same",
		"9.5_outgoing_call.yaml: missing":                                        "RFC 5626 leaves Via and others out of its examples",
		"9.5_outgoing_call.yaml: no-blank-line":                                  "the file ends without the empty line too",
	}
	messages := 0
	rejected := map[string]int{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		list := blockScalars(string(data))
		if len(list) == 0 {
			t.Errorf("%s: no message", path)
		}
		for i, msg := range list {
			messages++
			name := fmt.Sprintf("%s message %d", filepath.Base(path), i+1)
			m := Parse([]byte(msg))
			checkLossless(t, name, m.Raw, m)
			checkDraft(t, m.Raw)
			start, rows, body := naive(msg)
			if m.Kind == KindUnknown {
				t.Errorf("%s: %q is no start line", name, start)
				continue
			}
			if got := strings.TrimRight(string(m.Text(m.StartLine)), "\r\n"); got != start || !m.Lead.IsEmpty() {
				t.Errorf("%s: start line %q, want %q", name, got, start)
			}
			switch f := strings.Fields(start); m.Kind {
			case KindRequest:
				if string(m.MethodName()) != f[0] || string(m.Text(m.URISpan)) != f[1] || string(m.Text(m.Version)) != f[2] {
					t.Errorf("%s: %q %q %q out of %q", name, m.MethodName(), m.Text(m.URISpan), m.Text(m.Version), start)
				}
			case KindResponse:
				if fmt.Sprint(m.Status) != f[1] || string(m.Text(m.Reason)) != strings.Join(f[2:], " ") {
					t.Errorf("%s: %d %q out of %q", name, m.Status, m.Text(m.Reason), start)
				}
			}
			if len(rows) != len(m.Fields) {
				t.Errorf("%s: %d fields, want %d", name, len(m.Fields), len(rows))
				continue
			}
			vias := 0
			for j, f := range m.Fields {
				key, value, _ := strings.Cut(rows[j], ":")
				if string(m.Text(f.Name)) != strings.TrimSpace(key) || string(m.Text(f.Value)) != strings.TrimSpace(value) {
					t.Errorf("%s: field %q: %q, want %q", name, m.Text(f.Name), m.Text(f.Value), rows[j])
				}
				if f.ID == FieldVia {
					vias += strings.Count(value, "SIP/2.0/")
				}
				if f.ID == FieldFrom || f.ID == FieldTo {
					_, tag, _ := strings.Cut(value, ">;tag=")
					if got := TagOf(m.Text(f.Value)); string(got) != tag {
						t.Errorf("%s: tag %q out of %q", name, got, value)
					}
				}
			}
			if m.ViaCount() != vias {
				t.Errorf("%s: %d Vias, want %d", name, m.ViaCount(), vias)
			}
			if got := string(m.BodyBytes()) + string(m.Text(m.Trail)); got != body {
				t.Errorf("%s: body %q, want %q", name, got, body)
			}
			verdict := (&Validator{Role: RoleProxy}).Verdict(m)
			if verdict.Action != ActionAccept {
				key := filepath.Base(path) + ": " + verdict.Because.Code.String()
				rejected[key]++
				if explained[key] == "" {
					t.Errorf("%s: %v %d because of %s at %q", name, verdict.Action, verdict.Status, verdict.Because.Text, m.Text(verdict.Because.Span))
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for key := range explained {
		if rejected[key] == 0 {
			t.Errorf("%s: explained, and did not happen", key)
		}
	}
	if messages != 254 {
		t.Errorf("%d messages, want 254", messages)
	}
}

// TestParseTreesStream frames the streams and compares the messages with the start lines in them.
func TestParseTreesStream(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(proof.Material(t, "corpus", "parse-trees", "stream"), "*.txt"))
	if len(files) == 0 {
		t.Skip("no shared corpus: no streams")
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, line := range bytes.Split(data, []byte("\n")) {
			if IsStartLine(bytes.TrimSuffix(line, []byte("\r"))) {
				want++
			}
		}
		frames := checkFrame(t, data)
		if want == 0 || len(frames) != want {
			t.Errorf("%s: %d frames, want one for each of %d start lines", filepath.Base(path), len(frames), want)
		}
	}
}
