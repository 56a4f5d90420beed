package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sipscribe/internal/cli"
	"sipscribe/sip"
	"sipscribe/syslog"
)

// committed is the folder that holds what this program wrote.
const committed = "../../../../examples"

// TestCommitted holds the committed files to what the program writes.
func TestCommitted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "examples")
	var talk bytes.Buffer
	if code := run([]string{dir}, &talk); code != 0 {
		t.Fatalf("exit %d: %s", code, talk.String())
	}
	names := func(dir string) []string {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, e := range entries {
			if e.Name() != "README.md" && filepath.Ext(e.Name()) != ".yaml" { // what is not a log is written by hand
				list = append(list, e.Name())
			}
		}
		return list
	}
	made := names(dir)
	if diff := cmp.Diff(made, names(committed)); diff != "" {
		t.Errorf("files (- made, + committed):\n%s", diff)
	}
	for _, name := range made {
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(committed, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the program writes (%v): run go run ./internal/workload/cmd/mkexamples examples", name, err)
		}
	}
	page, err := os.ReadFile(filepath.Join(committed, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range made {
		if !bytes.Contains(page, []byte("`"+name+"`")) {
			t.Errorf("examples/README.md does not name %s", name)
		}
	}
}

func TestRefuses(t *testing.T) {
	notAFolder := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(notAFolder, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{nil, {""}, {"-h"}, {"a", "b"}, {notAFolder}} {
		var talk bytes.Buffer
		if code := run(args, &talk); code != 2 || !strings.HasPrefix(talk.String(), "mkexamples: ") {
			t.Errorf("%q: exit %d, %q; want 2 and a reason", args, code, talk.String())
		}
	}
}

// TestValid holds every message to the RFCs, which the parser's own validator knows. In the role of a proxy it takes any method and any number
// of Via values.
func TestValid(t *testing.T) {
	all := 0
	check := func(where string, text []byte) {
		all++
		m := sip.Parse(text)
		start := m.StartLine.Of(text)
		if len(m.Problems) > 0 {
			t.Errorf("%s: %s: %v", where, start, m.Problems)
		}
		for _, v := range sip.Validate(m, sip.RoleProxy) {
			t.Errorf("%s: %s: %v", where, start, v)
		}
		if m.Kind == sip.KindUnknown || len(m.Lead.Of(text))+len(m.Trail.Of(text)) > 0 {
			t.Errorf("%s: %s: there is more than the message", where, start)
		}
	}
	for where, passed := range map[string][]transmission{"seed call": seedCall(), "day at home": dayAtHome()} {
		for _, p := range passed {
			if p.src.IsValid() {
				check(where, p.data)
			}
		}
	}
	for where, shown := range map[string][]*message{"two proxies": twoProxies().shown, "console": asteriskConsole().shown} {
		for _, m := range shown {
			check(where, m.bytes())
		}
	}
	if want := 10 + 56 + 20 + 10; all != want {
		t.Errorf("%d messages, want %d", all, want)
	}
}

// TestDigest uses the example of RFC 2069 §2.4 with the response that its erratum 749 gives: that RFC has the digest without qop.
func TestDigest(t *testing.T) {
	got := digestResponse("Mufasa", "testrealm@host.com", "CircleOfLife", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "GET", "/dir/index.html")
	if want := "1949323746fe6a43ef61f9606e7febea"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestRsyslogText has what rsyslog 8.2302 wrote of these datagrams, from 192.0.2.1, with its traditional file format.
func TestRsyslogText(t *testing.T) {
	for text, want := range map[string]string{
		"INVITE sip:bob@example.com SIP/2.0\r\nVia: x\r\n\r\n":               "INVITE sip: bob@example.com SIP/2.0#015#012Via: x#015#012#015",
		"ACK sips:bob@example.com SIP/2.0\r\n\r\n":                           "ACK sips: bob@example.com SIP/2.0#015#012#015",
		"SIP/2.0 407 Proxy Authentication Required\r\nContent-Length: 0\r\n": "192.0.2.1 SIP/2.0 407 Proxy Authentication Required#015#012Content-Length: 0#015",
		"[0]Off Hook":              "192.0.2.1  [0]Off Hook",
		"Calling:123@example.com":  "192.0.2.1 Calling: 123@example.com",
		"CC:CallProgress":          "192.0.2.1 CC: CallProgress",
		"CC:Failed w/ Calling 123": "192.0.2.1 CC: Failed w/ Calling 123",
	} {
		if got := rsyslogText("192.0.2.1", string(syslog.EscapeHashOctal.AppendEscaped(nil, []byte(text)))); got != want {
			t.Errorf("%q:\n got %q\nwant %q", text, got, want)
		}
	}
}

// TestCut holds the cut log to its kind: the INVITE with credentials has lost its end, and nothing else has.
func TestCut(t *testing.T) {
	passed := seedCall()[:throughCancel]
	whole, cut := bytes.Split(sysklogd(passed, false), []byte("\n")), bytes.Split(sysklogd(passed, true), []byte("\n"))
	if len(whole) != throughCancel+1 || len(cut) != len(whole) {
		t.Fatalf("%d and %d lines, want %d", len(whole), len(cut), throughCancel+1)
	}
	for i := range whole {
		switch same := bytes.Equal(whole[i], cut[i]); {
		case i == 3 && (same || !bytes.HasPrefix(whole[i], cut[i])):
			t.Errorf("line 4 is not cut: %q", cut[i])
		case i != 3 && !same:
			t.Errorf("line %d is cut", i+1)
		}
	}
	if !bytes.Contains(cut[throughCancel-1], []byte(" CANCEL sip:")) {
		t.Errorf("the last line is %q, want the CANCEL", cut[throughCancel-1])
	}
}

// told is what this test looks at in what sipscribe tells of a call.
type told struct {
	Kind     string `json:"kind"`
	Outcome  string `json:"outcome"`
	Status   int    `json:"status"`
	Complete bool   `json:"complete"`
	Story    []struct {
		Kind      string `json:"kind"`
		Direction string `json:"direction"`
		Method    string `json:"method"`
		Status    int    `json:"status"`
		Text      string `json:"text"`
	} `json:"story"`
}

func tell(t *testing.T, name string) []told {
	var out, talk bytes.Buffer
	if code := cli.Main([]string{"explain", "--format", "json", filepath.Join(committed, name)}, strings.NewReader(""), &out, &talk); code != 0 {
		t.Fatalf("%s: exit %d: %s", name, code, talk.String())
	}
	var doc struct {
		Calls []told `json:"calls"`
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return doc.Calls
}

// TestToldAlike reads the seed call as collectors and the wire have it: the story is the same. Which of the two ends a capture was made at
// it does not say; and rsyslog loses the sender of a request, so that which way it went may be told as not known.
func TestToldAlike(t *testing.T) {
	want := tell(t, "seed-call.log")
	if len(want) != 1 || want[0].Outcome != "cancelled" || !want[0].Complete || len(want[0].Story) != 10 {
		t.Fatalf("seed-call.log: %+v", want)
	}
	for _, name := range []string{"seed-call-rsyslog.log", "seed-call-syslog-ng.log", "seed-call-kiwi.log", "seed-call.pcap"} {
		got := tell(t, name)
		if name == "seed-call.pcap" && len(got) == 1 && len(got[0].Story) == 10 {
			for i := range got[0].Story {
				got[0].Story[i].Direction = want[0].Story[i].Direction
			}
		}
		if name == "seed-call-rsyslog.log" && len(got) == 1 {
			for i := range got[0].Story {
				if s := &got[0].Story[i]; s.Status == 0 && s.Method != "" && s.Direction == "unknown" {
					s.Direction = "sent"
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (- seed-call.log):\n%s", name, diff)
		}
	}
	cut := tell(t, "seed-call-cut.log")
	if len(cut) != 1 || cut[0].Outcome != "cancelled" || cut[0].Complete || len(cut[0].Story) != throughCancel {
		t.Errorf("seed-call-cut.log: %+v", cut)
	}
}

// TestTold holds the other examples to what happens in them. Keep-alives are left out.
func TestTold(t *testing.T) {
	for name, want := range map[string][]string{
		"day-at-home.log": {"registration registered 200", "call answered 200", "call answered 200", "call cancelled 487", "call busy 486",
			"call rejected 404"},
		"two-proxies.txt": {"call answered 200"},
		"asterisk.log":    {"call answered 200"},
	} {
		var got []string
		for _, c := range tell(t, name) {
			if c.Kind != "call" && c.Kind != "registration" {
				continue
			}
			if !c.Complete && c.Kind == "call" {
				t.Errorf("%s: a call is told as without end", name)
			}
			got = append(got, strings.TrimSpace(c.Kind+" "+c.Outcome+" "+decimal(c.Status)))
			for _, s := range c.Story {
				if s.Direction == "unknown" && s.Kind == "message" && name != "two-proxies.txt" {
					t.Errorf("%s: which way a message went is not known: %s", name, s.Text)
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, want)
		}
	}
}

func decimal(n int) string {
	b, _ := json.Marshal(n)
	return string(b)
}
