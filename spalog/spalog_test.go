package spalog

import (
	"bytes"
	"fmt"
	"testing"
)

func show(e Event) string {
	return fmt.Sprintf("%v line=%d number=%q host=%q text=%q %v port=%d endpoint=%q blank=%d sip=%d",
		e.Kind, e.Line, e.Number, e.Host, e.Text, e.Way, e.Port, e.Endpoint, e.Blank, e.SIPStart)
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text string
		want Event
	}{
		{"[0]Off Hook", Event{Kind: OffHook, Line: 1}},
		{"[1]On Hook", Event{Kind: OnHook, Line: 2}},
		{"[0] On Hook\r\n", Event{Kind: OnHook, Line: 1}},
		{"[1]Hook Flash", Event{Kind: HookFlash, Line: 2}},
		{"Calling:18005551212@sip.example.com", Event{Kind: Calling, Number: []byte("18005551212"), Host: []byte("sip.example.com")}},
		{"Calling:a@b@10.0.0.1:5062", Event{Kind: Calling, Number: []byte("a@b"), Host: []byte("10.0.0.1:5062")}},
		{"CC:CallProgress", Event{Kind: CallProgress}},
		{"CC:Ringback", Event{Kind: Ringback}},
		{"CC:Remote Resume", Event{Kind: Answered}},
		{"CC:Failed w/ Calling 18005551212", Event{Kind: Failed, Text: []byte("w/ Calling 18005551212")}},
		{"[0]AUD ALLOC CALL (port=16384)", Event{Kind: AudioAllocated, Line: 1, Text: []byte("(port=16384)")}},
		{"[1]AUD Rel Call", Event{Kind: AudioReleased, Line: 2}},
		{"AUD Rel Call", Event{Kind: AudioReleased}},
		{"[0]RTP Rx Up", Event{Kind: RTPUp, Line: 1}},
		{"RSE_DEBUG: reference", Event{Kind: RSEDebug, Text: []byte(": reference")}},
		{"[0] lcfg->ucAdpDebugOpt1:4", Event{Kind: DebugOption, Line: 1, Text: []byte("ucAdpDebugOpt1"), Number: []byte("4")}},
		{"SYSCFG:WARMBOOT 24 83", Event{Kind: Boot, Text: []byte("WARMBOOT 24 83")}},
		{"SYSCFG:SOMETHING", Event{Kind: Other, Text: []byte("SYSCFG:SOMETHING")}},
		{"system request reboot", Event{Kind: Reboot}},
		{"fu:1:36e4, 0083 0001", Event{Kind: Other, Text: []byte("fu:1:36e4, 0083 0001")}},
		{"[0:5060]<<", Event{Kind: Direction, Line: 1, Port: 5060, Way: Received}},
		{"[1]->10.0.0.1:5060", Event{Kind: Direction, Line: 2, Way: Sent, Endpoint: []byte("10.0.0.1:5060")}},
		{"[0]->10.0.0.1:5060(612)\r\nINVITE sip:b@x SIP/2.0\r\n", Event{Kind: Direction, Line: 1, Way: Sent, Endpoint: []byte("10.0.0.1:5060"), SIPStart: 25}},
		{"[0:5061]<<10.0.0.1 SIP/2.0 200 OK\r\n", Event{Kind: Direction, Line: 1, Port: 5061, Way: Received, Endpoint: []byte("10.0.0.1"), SIPStart: 19}},
		{"[0:5061]<<SIP/2.0 200 OK", Event{Kind: Direction, Line: 1, Port: 5061, Way: Received, SIPStart: 10}},
		{"[0]->[2001:db8::1]:5060 x", Event{Kind: Direction, Line: 1, Way: Sent, Endpoint: []byte("[2001:db8::1]:5060"), Text: []byte("x")}},
		{"[0]>>10.0.0.1.2 x", Event{Kind: Direction, Line: 1, Way: Sent, Text: []byte("10.0.0.1.2 x")}},
		{"[3]Reg Addr Change", Event{Kind: Other, Line: 4, Text: []byte("Reg Addr Change")}},
		{"CC:Clear", Event{Kind: Other, Text: []byte("CC:Clear")}},
		{"CC:CallProgressing", Event{Kind: Other, Text: []byte("CC:CallProgressing")}},
		// As rsyslog writes them.
		{" [0]Off Hook", Event{Kind: OffHook, Line: 1}},
		{" [0]->10.0.0.1:5060(612)\r\nBYE sip:b@x SIP/2.0\r\n", Event{Kind: Direction, Line: 1, Way: Sent, Endpoint: []byte("10.0.0.1:5060"), SIPStart: 26}},
		{"Calling: 18005551212@sip.example.com", Event{Kind: Calling, Number: []byte("18005551212"), Host: []byte("sip.example.com"), Blank: 8}},
		{" Calling: 1@h", Event{Kind: Calling, Number: []byte("1"), Host: []byte("h"), Blank: 9}},
		{"CC: CallProgress", Event{Kind: CallProgress, Blank: 3}},
		{"CC: Ringback", Event{Kind: Ringback, Blank: 3}},
		{"CC: Remote Resume", Event{Kind: Answered, Blank: 3}},
		{"CC: Failed w/ Calling 18005551212", Event{Kind: Failed, Text: []byte("w/ Calling 18005551212"), Blank: 3}},
		{"CC: CallProgressing", Event{Kind: Other, Text: []byte("CC: CallProgressing"), Blank: 3}},
		{"CC:  CallProgress", Event{Kind: Other, Text: []byte("CC:  CallProgress")}},
		{"SYSCFG: WARMBOOT 24 83", Event{Kind: Boot, Text: []byte("WARMBOOT 24 83"), Blank: 7}},
		{"lcfg->ucAdpDebugOpt1: 4", Event{Kind: DebugOption, Text: []byte("ucAdpDebugOpt1"), Number: []byte("4"), Blank: 21}},
		{"fu: 1:36e4, 0083 0001", Event{Kind: Other, Text: []byte("fu: 1:36e4, 0083 0001"), Blank: 3}},
		{"[0]CC: CallProgress", Event{Kind: Other, Line: 1, Text: []byte("CC: CallProgress")}}, // rsyslog leaves what is behind a bracket
		{"[0]Off Hook again", Event{Kind: Other, Line: 1, Text: []byte("Off Hook again")}},
	} {
		got, ok := Parse([]byte(c.text))
		if !ok || show(got) != show(c.want) {
			t.Errorf("%q:\n got %s %v\nwant %s", c.text, show(got), ok, show(c.want))
		}
	}
	for _, s := range []string{
		"", " ", "INVITE sip:b@x SIP/2.0", "SIP/2.0 200 OK", "[", "[0", "[]x", "[0]", "[0] ", "[00]x", "[99]x", "[0:]<<", "[0:70000]<<", "[0:5060] x",
		"[abc] x", "Off the hook", "Calling:nobody", "Calling:a b@c", "lcfg->", "lcfg->x", "system request rebooting", "v=0",
	} {
		if e, ok := Parse([]byte(s)); ok {
			t.Errorf("%q is no line of an SPA, but %s", s, show(e))
		}
	}
}

func TestAppend(t *testing.T) {
	for _, s := range []string{
		"[0]Off Hook", "[1]On Hook", "[1]Hook Flash", "Calling:18005551212@sip.example.com", "CC:CallProgress", "CC:Remote Resume",
		"CC:Failed w/ Calling 18005551212", "[0]AUD Rel Call", "[0] lcfg->ucAdpDebugOpt1:4", "SYSCFG:WARMBOOT 24 83", "system request reboot",
		"fu:1:36e4, 0083 0001", "[0:5060]<<", "[0]->10.0.0.1:5060", "[0]AUD ALLOC CALL", "[0]RTP Rx Up", "CC:Ringback",
	} {
		e, ok := Parse([]byte(s))
		if got := Append(nil, e); !ok || string(got) != s {
			t.Errorf("%q is written as %q", s, got)
		}
	}
	if got := Append(nil, Event{}); len(got) != 0 {
		t.Errorf("the zero Event is written as %q", got)
	}
}

func TestKindNames(t *testing.T) {
	seen := map[string]bool{}
	for k := Unknown; k <= Other; k++ {
		if name := k.String(); name == "" || seen[name] {
			t.Errorf("kind %d has the name %q", k, name)
		} else {
			seen[name] = true
		}
	}
	if Kind(200).String() != "unknown" || Way(9).String() != "unknown" {
		t.Error("a value that is none has a name")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"[0]Off Hook", "Calling:1@h", "CC:Failed w/ Calling 1", "[0] lcfg->ucAdpDebugOpt1:4", "SYSCFG:WARMBOOT 24 83", "[0:5060]<< x",
		"[0]->10.0.0.1:5060(1)\r\nBYE sip:b@x SIP/2.0\r\n", "[0]->[::1]:5 y", "RSE_DEBUG x", "fu:1", "[0] <<", " [0]Off Hook", "CC: CallProgress",
		"Calling: 1@h", "SYSCFG: WARMBOOT 1", "lcfg->a: 4", "fu: 1",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		e, ok := Parse(text)
		if !ok {
			if show(e) != show(Event{}) {
				t.Fatalf("%q is none, but %s", text, show(e))
			}
			return
		}
		if e.SIPStart > 0 && !isSIP(text[e.SIPStart:]) {
			t.Fatalf("%q: no SIP at %d", text, e.SIPStart)
		}
		for _, part := range [][]byte{e.Number, e.Host, e.Text, e.Endpoint} {
			if !bytes.Contains(text, part) {
				t.Fatalf("%q does not contain %q", text, part)
			}
		}
		if e.Blank > 0 {
			// Without the blank it is the same line.
			whole, ok := Parse(append(bytes.Clone(text[:e.Blank]), text[e.Blank+1:]...))
			if text[e.Blank] != ' ' || !ok || whole.Blank != 0 || whole.Kind != e.Kind || whole.Line != 0 || string(whole.Number) != string(e.Number) {
				t.Fatalf("%q was read as %s, without the blank as %s", text, show(e), show(whole))
			}
		}
		e.SIPStart = 0
		line := Append(nil, e)
		back, ok := Parse(line)
		if e.Kind != Other {
			e.Blank = 0
		} else {
			e.Blank -= len(text) - len(bytes.TrimLeft(text, " "))
			e.Blank = max(0, e.Blank)
		}
		if !ok || show(back) != show(e) {
			t.Fatalf("%q was read as %s, written as %q and read as %s", text, show(e), line, show(back))
		}
	})
}

func TestParseDoesNotAllocate(t *testing.T) {
	dst := make([]byte, 0, 256)
	for _, s := range []string{"[0]Off Hook", "Calling:1@h", "fu:1", "[0]->10.0.0.1:5060\r\nBYE sip:b@x SIP/2.0", "INVITE sip:b@x SIP/2.0"} {
		text := []byte(s)
		if n := testing.AllocsPerRun(100, func() {
			e, _ := Parse(text)
			Append(dst, e)
		}); n != 0 {
			t.Errorf("%q: %v allocations", s, n)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, s := range []string{"[0]Off Hook", "Calling:18005551212@sip.example.com", "INVITE sip:b@x SIP/2.0"} {
		b.Run(s[:7], func(b *testing.B) {
			text := []byte(s)
			b.ReportAllocs()
			for b.Loop() {
				Parse(text)
			}
		})
	}
}

func Example() {
	for _, text := range []string{"[0]Off Hook", "Calling:18005551212@sip.example.com", "[0:5060]<<SIP/2.0 407 Proxy Authentication Required"} {
		e, _ := Parse([]byte(text))
		fmt.Printf("%v line %d %s %s\n", e.Kind, e.Line, e.Number, text[e.SIPStart:])
	}
	// Output:
	// off-hook line 1  [0]Off Hook
	// calling line 0 18005551212 Calling:18005551212@sip.example.com
	// direction line 1  SIP/2.0 407 Proxy Authentication Required
}
