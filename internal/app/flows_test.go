package app

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sipscribe/internal/callflow"
	"sipscribe/internal/diagnose/rules"
	"sipscribe/internal/proof"
	"sipscribe/internal/report"
)

// TestRFCFlows reads the example flows of RFC 3665 and RFC 5359, as captures and as the RFC's own text, and holds each step against what the RFC says
// of it: its label, method or status, sender and receiver. Names need not be the RFC's own ("Proxy" is "the proxy" here), but one
// name of the RFC is one party of ours, all through the flow.
func TestRFCFlows(t *testing.T) {
	dir := proof.Material(t, "corpus", "flows")
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d flows, %v", len(files), err)
	}
	for _, file := range files {
		var flow struct {
			Messages []struct{ ID, Label, From, To, Raw string }
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &flow); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, ext := range []string{".pcap", ".txt"} {
			name := strings.TrimSuffix(filepath.Base(file), ".json") + ext
			t.Run(name, func(t *testing.T) {
				type told struct{ label, start, from, to, text string }
				var steps []told
				calls := 0
				builder := report.NewBuilder(nil, rules.All)
				_, err := Read(context.Background(), ReadConfig{Files: []string{strings.TrimSuffix(file, ".json") + ext}},
					func(c *callflow.Call, _ int64) error {
						calls++
						r := builder.Build(c)
						for _, s := range r.Story.Steps {
							party := func(i int) string {
								if i < 0 {
									return ""
								}
								return r.Story.Parties[i].Name
							}
							line, _, _ := strings.Cut(string(c.Data(&c.Hops[s.Hop])), "\r\n")
							steps = append(steps, told{s.Label, line, strings.Clone(party(s.From)), strings.Clone(party(s.To)), strings.Clone(s.Text)})
						}
						return nil
					})
				if err != nil {
					t.Fatal(err)
				}
				if calls != 1 {
					t.Errorf("%d calls, not one", calls)
				}
				if len(steps) != len(flow.Messages) {
					t.Fatalf("%d steps, the RFC has %d messages", len(steps), len(flow.Messages))
				}
				ours, theirs := map[string]string{}, map[string]string{}
				for i, m := range flow.Messages {
					s := steps[i]
					first, _, _ := strings.Cut(m.Raw, "\r\n")
					if s.label != m.ID || s.start != first {
						t.Errorf("%s: told as %s %q, the RFC has %q", m.ID, s.label, s.start, first)
					}
					if s.text == "" || !strings.HasSuffix(s.text, ".") {
						t.Errorf("%s: no sentence: %q", m.ID, s.text)
					}
					for _, p := range [][2]string{{m.From, s.from}, {m.To, s.to}} {
						if old, ok := ours[p[0]]; ok && old != p[1] {
							t.Errorf("%s: %q is %q here and was %q before", m.ID, p[0], p[1], old)
						}
						if old, ok := theirs[p[1]]; ok && old != p[0] {
							t.Errorf("%s: %q is told as %q, and so was %q", m.ID, p[0], p[1], old)
						}
						ours[p[0]], theirs[p[1]] = p[1], p[0]
					}
				}
				for rfc, name := range ours {
					if name == "" || strings.EqualFold(rfc, "Alice") && !strings.EqualFold(name, "Alice") {
						t.Errorf("%q is told as %q", rfc, name)
					}
				}
			})
		}
	}
}
