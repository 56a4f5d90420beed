package report

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/internal/diagnose"
	"sipscribe/internal/proof/calls"
)

// noisy is a rule of severity info, to have a finding beside the notes.
var noisy = &diagnose.Rule{Code: "noisy", Title: "Something", Severity: diagnose.SeverityInfo, Refs: []diagnose.Ref{diagnose.RFC(3261, "8.1")},
	Run: func(p *diagnose.Pass) { p.Report(diagnose.Finding{Text: "something", Why: "because", Mend: "do it"}) }}

// quiet is a note.
var quiet = &diagnose.Rule{Code: "quiet", Title: "A note", Severity: diagnose.SeverityNote,
	Run: func(p *diagnose.Pass) { p.Report(diagnose.Finding{Text: "a note"}) }}

// build reads a log and gives the report of each call to look.
func build(t *testing.T, log string, clock *decode.ClockRules, look func(*Call)) {
	t.Helper()
	b := NewBuilder(nil, []*diagnose.Rule{quiet, noisy})
	calls.Read(t, []byte(log), calls.Options{Decode: decode.Options{Clock: clock}}, func(c *callflow.Call) { look(b.Build(c)) })
}

const log = "Aug 20 16:40:00 192.0.2.10 [0]Off Hook\n" +
	"Aug 20 16:40:00 192.0.2.10 INVITE sip:1800@sip.example.net SIP/2.0^M Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-1^M " +
	"From: <sip:spa1@sip.example.net>;tag=6240770a208ec24o0^M To: <sip:1800@sip.example.net>^M Call-ID: a-b@192.0.2.10^M CSeq: 101 INVITE^M " +
	"User-Agent: Sipura/SPA3000-2.0.13(GWg)^M Content-Length: 0^M ^M\n" +
	"Aug 20 16:40:04 192.0.2.10 INVITE sip:1800@sip.example.net SIP/2.0^M Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-1^M " +
	"From: <sip:spa1@sip.example.net>;tag=6240770a208ec24o0^M To: <sip:1800@sip.example.net>^M Call-ID: a-b@192.0.2.10^M CSeq: 101 INVITE^M " +
	"User-Agent: Sipura/SPA3000-2.0.13(GWg)^M Content-Length: 0^M ^M\n" +
	"Aug 20 16:40:05 192.0.2.10 SIP/2.0 180 Ringing^M Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-1^M " +
	"From: <sip:spa1@sip.example.net>;tag=6240770a208ec24o0^M To: <sip:1800@sip.example.net>;tag=1^M Call-ID: a-b@192.0.2.10^M CSeq: 101 INVITE^M Content-Length: 0^M ^M\n"

// contract is the shape of docs/json.md: each object with its keys in order. A key with "?" may be
// absent.
var contract = map[string]string{
	"":                      "id call_ids kind outcome status complete incomplete_because start precision_ms ring_ms talk_ms headline summary participants facts story ending notes findings",
	"start":                 "text utc basis",
	"participants[]":        "id name role endpoints",
	"facts[]":               "name label value where hidden assumed evidence",
	"facts[].evidence[]":    "source line? frame? start end",
	"story[]":               "label kind time direction from to method? status cseq repeat_of text evidence",
	"story[].time":          "text utc basis",
	"story[].cseq":          "number method",
	"story[].evidence[]":    "source line? frame? start end",
	"ending":                "text evidence",
	"ending.evidence[]":     "source line? frame? start end",
	"notes[]":               "code severity title text why mend refs evidence",
	"findings[]":            "code severity title text why mend refs evidence",
	"findings[].refs[]":     "rfc section",
	"notes[].refs[]":        "rfc section",
	"notes[].evidence[]":    "source line? frame? start end",
	"findings[].evidence[]": "source line? frame? start end",
}

// keys walks the tokens of a document and calls look with the keys of each object, in order, and where it stands.
func keys(t *testing.T, dec *json.Decoder, path string, look func(path string, keys []string)) {
	t.Helper()
	tok, err := dec.Token()
	if err != nil {
		t.Fatal(err)
	}
	switch tok {
	case json.Delim('{'):
		var names []string
		for dec.More() {
			name, err := dec.Token()
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, name.(string))
			keys(t, dec, strings.TrimPrefix(path+"."+name.(string), "."), look)
		}
		look(path, names)
	case json.Delim('['):
		for dec.More() {
			keys(t, dec, path+"[]", look)
		}
	default:
		return
	}
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
}

func TestContract(t *testing.T) {
	calls := 0
	build(t, log, nil, func(c *Call) {
		calls++
		b, err := AppendJSON(nil, c.JSON())
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		keys(t, json.NewDecoder(bytes.NewReader(b)), "", func(path string, names []string) {
			want, ok := contract[path]
			if !ok {
				t.Errorf("the contract has no object %q", path)
				return
			}
			seen[path] = true
			i := 0
			for _, key := range strings.Fields(want) {
				name, optional := strings.CutSuffix(key, "?")
				if i < len(names) && names[i] == name {
					i++
				} else if !optional {
					break
				}
			}
			if i != len(names) || len(names) == 0 {
				t.Errorf("%s has the keys %q, want %s", path, names, want)
			}
		})
		for path := range contract {
			if !seen[path] && path != "notes[].refs[]" && path != "notes[].evidence[]" && path != "findings[].evidence[]" {
				t.Errorf("no %s in %s", path, b)
			}
		}
		// Empty lists are lists, and what is not known is null, not absent.
		for _, want := range []string{`"status":null`, `"talk_ms":null`, `"ring_ms":null`, `"utc":null`, `"repeat_of":"F1"`, `"repeat_of":null`, `"cseq":null`,
			`"kind":"event"`, `"kind":"message"`, `"incomplete_because":["a final answer to the INVITE"]`, `"precision_ms":1000`, `"to":null`, `"refs":[]`,
			`"outcome":"in-progress"`, `"complete":false`, `"cseq":{"number":101,"method":"INVITE"}`, `"status":180`, `"basis":"log"`} {
			if !bytes.Contains(b, []byte(want)) {
				t.Errorf("no %s in %s", want, b)
			}
		}
		if bytes.Contains(b, []byte(`"evidence":null`)) || bytes.Contains(b, []byte(`"call_ids":null`)) {
			t.Errorf("a list is null: %s", b)
		}
		if len(c.Notes) != 1 || c.Notes[0].Rule != quiet || len(c.Findings) != 1 || c.Findings[0].Rule != noisy {
			t.Errorf("notes %v, findings %v", c.Notes, c.Findings)
		}
		// Both ends of a step are participants.
		j := c.JSON()
		var ids []string
		for _, p := range j.Participants {
			ids = append(ids, p.ID)
		}
		for _, s := range j.Story {
			for _, id := range []*string{s.From, s.To} {
				if id != nil && !slices.Contains(ids, *id) {
					t.Errorf("%s: no participant %s", s.Label, *id)
				}
			}
		}
	})
	if calls != 1 {
		t.Fatalf("%d calls", calls)
	}
}

func TestSameInputSameID(t *testing.T) {
	var ids []string
	var whole [][]byte
	for range 2 {
		build(t, log, nil, func(c *Call) {
			b, err := AppendJSON(nil, c.JSON())
			if err != nil {
				t.Fatal(err)
			}
			ids, whole = append(ids, ID(c.Flow)), append(whole, b)
		})
	}
	if len(ids) != 2 || ids[0] != ids[1] || len(ids[0]) != 16 || !bytes.Equal(whole[0], whole[1]) {
		t.Errorf("%q\n%s\n%s", ids, whole[0], whole[1])
	}
	build(t, strings.ReplaceAll(log, "a-b@", "a-c@"), nil, func(c *Call) {
		if ID(c.Flow) == ids[0] {
			t.Error("another Call-ID has the same id")
		}
	})
}

// TestTimes: a time in UTC only where the log or the user says what it takes.
func TestTimes(t *testing.T) {
	clock := &decode.ClockRules{Year: 2009, Zone: time.UTC}
	build(t, log, clock, func(c *Call) {
		j := c.JSON().Start
		if j.UTC == nil || *j.UTC != "2009-08-20T16:40:00Z" || j.Basis != "assumed" || j.Text != "Aug 20 16:40:00" {
			t.Errorf("%+v", j)
		}
	})
}

func TestAppendJSON(t *testing.T) {
	for _, s := range []string{"plain", "é ä 漢 🙂 “q”", "\x1b[31m", "\u202eabc\u202c", "\u0085\u200b\ufeff", "\U000e0041", "a\u2028b", "\x7f", "<&>"} {
		b, err := AppendJSON([]byte("x"), map[string]string{"k": s})
		if err != nil || b[0] != 'x' {
			t.Fatal(err)
		}
		for _, r := range string(b) {
			if r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r == 0xfeff || r >= 0xe0000 && r < 0xe0080 {
				t.Errorf("%q: %U comes out raw in %s", s, r, b)
			}
		}
		var back map[string]string
		if err := json.Unmarshal(b[1:], &back); err != nil || back["k"] != s {
			t.Errorf("%q comes back as %q, %v", s, back["k"], err)
		}
	}
	if b, err := AppendJSON([]byte("x"), make(chan int)); err == nil || string(b) != "x" {
		t.Errorf("a channel: %s", b)
	}
}

func TestRow(t *testing.T) {
	build(t, log, nil, func(c *Call) {
		var r Rower
		got := r.Row(c.Flow)
		got.Time = capture.Time{}
		want := Row{Seq: 1, From: "spa1", To: "1800", Kind: callflow.KindCall, Method: "INVITE", Outcome: callflow.OutcomeInProgress, Ring: -1, Talk: -1, Messages: 3, Precision: time.Second, CallID: "a-b@192.0.2.10"}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
	})
	hidden := strings.NewReplacer("a-b@192.0.2.10", "[email protected]", "sip:1800@sip.example.net", "sip:[email protected]").Replace(log)
	build(t, hidden, nil, func(c *Call) {
		var r Rower
		if got := r.Row(c.Flow); got.To != Hidden || got.CallID != Hidden || got.From != "spa1" {
			t.Errorf("%+v", got)
		}
	})
}

func TestAppendDuration(t *testing.T) {
	for _, c := range []struct {
		d, precision time.Duration
		want         string
	}{
		{-1, time.Second, ""}, {0, time.Second, "<1 s"}, {0, time.Millisecond, "0.0 s"}, {time.Second, time.Second, "1 s"}, {16 * time.Second, time.Second, "16 s"}, {1600 * time.Millisecond, time.Millisecond, "1.6 s"},
		{95 * time.Second, time.Millisecond, "1:35"}, {59*time.Minute + 59*time.Second, time.Second, "59:59"}, {time.Hour + 5*time.Second, time.Second, "1:00:05"},
		{59*time.Second + 960*time.Millisecond, time.Millisecond, "1:00"},
	} {
		if got := string(AppendDuration(nil, c.d, c.precision)); got != c.want {
			t.Errorf("%v: %q, want %q", c.d, got, c.want)
		}
	}
}

func TestAppendSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0", 16 * time.Second: "16", 6988 * time.Millisecond: "6.988", 1: "0.000000001", -1500 * time.Millisecond: "-1.5"} {
		if got := string(AppendSeconds(nil, d)); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
