package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sipscribe/internal/cli"
	"sipscribe/internal/proof"
)

// seedPage returns the page that it all began with, "" if it is not here: it is outside material.
func seedPage() string {
	page, ok := proof.Find("seed", "outgoing-invite-cancel.txt")
	if !ok {
		return ""
	}
	return page
}

// TestSeedPage tells the page from end to end, at the widths of a wide window, a terminal and a telephone, and as data, and holds the whole against
// what a person read and found true. A page of the same shape, written by hand, is in testdata/logs and always told.
func TestSeedPage(t *testing.T) {
	page := seedPage()
	if page == "" {
		t.Skip("the page is outside material, which is not here")
	}
	source, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	goldens, err := filepath.Abs("testdata/seed")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Dir(page)) // so that the name in the output is the same everywhere
	for name, args := range map[string][]string{
		"width100.txt": {"--width", "100"}, "width80.txt": {"--width", "80"}, "width40.txt": {"--width", "40"},
		"assumed.txt": {"--assume", "proxy=sip.voip-info.org", "--assume", "callee=1-800-555-1212", "--year", "2009", "--timezone", "America/New_York"},
		"page.json":   {"--format", "json"}, "page.ndjson": {"--format", "ndjson"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, talk bytes.Buffer
			if code := cli.Main(append(append([]string{"explain"}, args...), filepath.Base(page)), strings.NewReader(""), &out, &talk); code != 0 {
				t.Fatalf("status %d: %s", code, talk.String())
			}
			golden := filepath.Join(goldens, name)
			if updating() {
				if err := os.MkdirAll(goldens, 0o777); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(golden, out.Bytes(), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(strings.ReplaceAll(string(want), "\r\n", "\n"), "\n"), strings.Split(out.String(), "\n")); diff != "" {
				t.Errorf("(- golden, + printed; -update rewrites it)\n%s", diff)
			}
			if name == "page.json" {
				seedClaims(t, source, out.Bytes())
			}
		})
	}
}

// seedClaims holds the data against what the page itself says of its call, in its own words and in its log.
func seedClaims(t *testing.T, source, document []byte) {
	type evidence struct{ Start, End int }
	var got struct {
		Calls []struct {
			Kind, Outcome string
			Complete      bool
			RingMS        *float64 `json:"ring_ms"`
			Facts         []struct {
				Name, Value string
				Hidden      bool
				Evidence    []evidence
			}
			Story []struct {
				Label, Method string
				Status        *int
				Evidence      []evidence
			}
			Notes []struct{ Code string }
		}
	}
	if err := json.Unmarshal(document, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Calls) != 1 {
		t.Fatalf("%d calls", len(got.Calls))
	}
	c := got.Calls[0]
	if c.Kind != "call" || c.Outcome != "cancelled" || c.Complete || c.RingMS == nil || *c.RingMS != 16000 {
		t.Errorf("%s, %s, complete %t", c.Kind, c.Outcome, c.Complete)
	}
	facts := map[string]string{}
	for _, f := range c.Facts {
		facts[f.Name] = f.Value
		if f.Hidden {
			facts[f.Name] = "hidden"
		}
		for _, e := range f.Evidence {
			if text := source[e.Start:e.End]; !f.Hidden && f.Name != "user_agent" && !bytes.HasPrefix([]byte(f.Value), text) {
				t.Errorf("%s: %q is proved by %q", f.Name, f.Value, text)
			}
		}
	}
	// What the page lists as its assumptions.
	for name, want := range map[string]string{"sip_port": "5062", "device_address": "192.168.0.2", "user_id": "spa1", "display_name": "Good Body", "proxy": "hidden",
		"callee": "hidden", "realm": "asterisk"} {
		if facts[name] != want {
			t.Errorf("%s is %q, want %q", name, facts[name], want)
		}
	}
	story := ""
	for _, s := range c.Story {
		word := s.Method
		if s.Status != nil {
			word = map[int]string{407: "407", 100: "100", 180: "180"}[*s.Status]
		}
		story += word + " "
		start := string(source[s.Evidence[0].Start:][:12])
		if !strings.HasPrefix(start, word) && !strings.HasPrefix(start, "SIP/2.0 "+word) {
			t.Errorf("%s: %s is proved by %q", s.Label, word, start)
		}
	}
	if story != "INVITE 407 ACK INVITE 100 180 CANCEL " {
		t.Errorf("the story is %s", story)
	}
	var notes []string
	for _, n := range c.Notes {
		notes = append(notes, n.Code)
	}
	if want := []string{"message-cut", "body-edited", "addresses-hidden", "curly-quotes", "line-ends-shown", "clock-coarse"}; !cmp.Equal(notes, want) {
		t.Errorf("the notes are %v, want %v", notes, want)
	}
}
