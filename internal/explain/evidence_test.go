package explain

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/internal/proof/calls"
)

// claims returns what must stand literally in the source where a fact was read. A value that is put together out of several places is
// proved by its first part.
func claims(f *Fact) []string {
	v := strings.TrimSuffix(f.Value, "…")
	switch f.Name {
	case "user_agent":
		return strings.FieldsFunc(strings.Replace(v, ", firmware ", " ", 1), func(r rune) bool { return r == ' ' })
	case "expires":
		return []string{strings.TrimSuffix(v, " s")}
	case "media_address", "public_address", "proxy", "registrar":
		if i := strings.LastIndexByte(v, ':'); i >= 0 {
			v = v[:i]
		}
		return []string{v}
	}
	// Numbers are cut to a length before the host is put behind them.
	return strings.Split(v, "…@")
}

// TestEvidence reads again what the evidence of each fact and step points at.
func TestEvidence(t *testing.T) {
	facts, steps := 0, 0
	for _, f := range fixtures(t) {
		t.Run(f.name, func(t *testing.T) {
			line := func(e capture.Evidence) []byte {
				t.Helper()
				if e.Start < 0 || e.End < e.Start || e.End > int64(len(f.log)) || e.Source != 0 || (e.Unit == capture.Frame) != f.frames {
					t.Fatalf("evidence %+v in a log of %d bytes", e, len(f.log))
				}
				text := f.log[e.Start:e.End]
				return text
			}
			teller := NewTeller(f.assume)
			calls.Read(t, f.log, calls.Options{}, func(c *callflow.Call) {
				s := teller.Tell(c)
				for i := range s.Facts {
					fact := &s.Facts[i]
					if len(fact.Evidence) == 0 && !fact.Assumed {
						t.Errorf("%s has no evidence", fact.Name)
					}
					for _, e := range fact.Evidence {
						text := line(e)
						if facts++; fact.Hidden || fact.Assumed {
							if len(text) == 0 {
								t.Errorf("%s: hidden nowhere", fact.Name)
							}
							continue
						}
						if strings.Contains(fact.Value, `\`) || strings.HasPrefix(fact.Where, "no port") {
							continue // escaped to be shown; not said, but the rule
						}
						for _, want := range claims(fact) {
							if !bytes.Contains(text, []byte(want)) {
								t.Errorf("%s: %q is not in %q", fact.Name, want, text)
							}
						}
					}
				}
				for i := range s.Steps {
					p := &s.Steps[i]
					if len(p.Evidence) == 0 {
						t.Errorf("%s has no evidence", p.Label)
					}
					for _, e := range p.Evidence {
						steps++
						text := line(e)
						if n := int64(1 + bytes.Count(f.log[:e.Start], []byte("\n"))); n != e.Number && !f.frames {
							t.Errorf("%s: line %d, and it begins in line %d", p.Label, e.Number, n)
						}
						want := p.Method + " "
						switch {
						case p.Kind == capture.KindEvent:
							want = ""
						case p.Status != 0 && f.name == "invalid":
							want = "SIP/"
						case p.Status != 0:
							want = "SIP/2.0 " + strconv.Itoa(p.Status)
						}
						if !bytes.HasPrefix(text, []byte(want)) || len(text) == 0 {
							t.Errorf("%s: %q does not begin with %q", p.Label, text[:min(len(text), 40)], want)
						}
					}
				}
				if e := s.Ending.Evidence; len(e) != 1 || !bytes.Contains(line(e[0]), []byte("SIP/")) {
					t.Errorf("the evidence of the ending is %+v", e)
				}
			})
		})
	}
	if facts < 500 || steps < 500 {
		t.Errorf("only %d facts and %d steps", facts, steps)
	}
}

// TestHostileTextIsEscaped: no control character and no mark that turns the direction of writing comes out of a story.
func TestHostileTextIsEscaped(t *testing.T) {
	for _, f := range fixtures(t) {
		for _, r := range tellAll(t, &f) {
			if r == '\n' {
				continue
			}
			var b []byte
			if b = AppendShown(b, []byte(string(r)), r); string(b) != string(r) {
				t.Errorf("%s: %U comes out raw", f.name, r)
			}
		}
	}
}
