package callflow

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// feedStartLines feeds first lines ("SECONDS TEXT", of one host) and returns what became of them: each call's messages, outcome, ring and talk times.
func feedStartLines(t testing.TB, text string) string {
	t.Helper()
	var b strings.Builder
	a := NewAssembler(Options{Emit: func(c *Call) error {
		checkCall(t, c)
		fmt.Fprintf(&b, "%d %v", len(c.Hops), c.Outcome)
		if c.Status != 0 {
			fmt.Fprintf(&b, " %d", c.Status)
		}
		if c.Ring >= 0 {
			fmt.Fprintf(&b, " ring %v", c.Ring)
		}
		if c.Talk >= 0 {
			fmt.Fprintf(&b, " talk %v", c.Talk)
		}
		b.WriteString("\n")
		return nil
	}})
	n := int64(0)
	for line := range strings.Lines(text) {
		seconds, start, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		var at int
		if _, err := fmt.Sscan(seconds, &at); err != nil {
			t.Fatal(err)
		}
		n++
		if !strings.HasPrefix(start, "SIP") {
			start += " SIP/2.0"
		}
		rec := capture.Record{Kind: capture.KindMessage, Missing: capture.MissingHead, Observer: []byte("192.0.2.10"), Data: []byte(start + "\r\n")}
		rec.Origin.Number = n
		rec.Time = timeOf(time.Date(2000, 8, 20, 10, 0, 0, 0, time.UTC).Add(time.Duration(at)*time.Second), 0, "yearless")
		if err := a.Add(&rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestStartLines(t *testing.T) {
	for name, c := range map[string]struct{ lines, want string }{
		"answered and hung up": {"0 INVITE sip:b@x\n1 SIP/2.0 180 Ringing\n5 SIP/2.0 200 OK\n5 ACK sip:b@192.0.2.7\n65 BYE sip:b@192.0.2.7\n65 SIP/2.0 200 OK",
			"6 answered 200 ring 4s talk 1m0s\n"},
		"cancelled": {"0 INVITE sip:b@x\n1 SIP/2.0 180 Ringing\n5 CANCEL sip:b@x\n5 SIP/2.0 200 OK\n5 SIP/2.0 487 Request Terminated\n5 ACK sip:b@x",
			"6 cancelled 487 ring 4s\n"},
		"cancelled, the 487 first": {"0 INVITE sip:b@x\n1 SIP/2.0 180 Ringing\n5 CANCEL sip:b@x\n5 SIP/2.0 487 Request Terminated\n5 ACK sip:b@x\n5 SIP/2.0 200 OK",
			"6 cancelled 487 ring 4s\n"},
		"cancelled, and there the log ends": {"0 INVITE sip:b@x\n1 SIP/2.0 180 Ringing\n5 CANCEL sip:b@x", "3 cancelled ring 4s\n"},
		"a CANCEL that the answer crosses":  {"0 INVITE sip:b@x\n5 CANCEL sip:b@x\n5 SIP/2.0 200 OK\n5 SIP/2.0 200 OK\n5 ACK sip:b@192.0.2.7", "5 answered 200\n"},
		"a CANCEL, and who knows":           {"0 INVITE sip:b@x\n5 CANCEL sip:b@x\n5 SIP/2.0 200 OK\n5 ACK sip:b@x", "4 unknown\n"},
		"a CANCEL, and a refusal":           {"0 INVITE sip:b@x\n5 CANCEL sip:b@x\n5 SIP/2.0 200 OK\n5 SIP/2.0 486 Busy Here\n5 ACK sip:b@x", "5 unknown\n"},
		"each line twice": {"0 INVITE sip:b@x\n0 INVITE sip:b@x\n1 SIP/2.0 180 Ringing\n1 SIP/2.0 180 Ringing\n5 SIP/2.0 486 Busy Here\n5 SIP/2.0 486 Busy Here\n5 ACK sip:b@x\n5 ACK sip:b@x",
			"8 busy 486 ring 4s\n"},
		"challenged, then another number": {"0 INVITE sip:b@x\n0 SIP/2.0 407 Proxy Authentication Required\n0 ACK sip:b@x\n0 INVITE sip:c@x\n1 SIP/2.0 603 Decline\n1 ACK sip:c@x",
			"3 rejected 407\n3 rejected 603\n"},
		"redirected, and followed at once": {"0 INVITE sip:b@x\n0 SIP/2.0 302 Moved Temporarily\n0 ACK sip:b@x\n0 INVITE sip:c@y\n1 SIP/2.0 486 Busy Here\n1 ACK sip:c@y", "6 busy 486\n"},
		"busy, and the same number again":  {"0 INVITE sip:b@x\n0 SIP/2.0 486 Busy Here\n0 ACK sip:b@x\n9 INVITE sip:b@x\n9 SIP/2.0 486 Busy Here\n9 ACK sip:b@x", "3 busy 486\n3 busy 486\n"},
		"hold": {"0 INVITE sip:b@x\n5 SIP/2.0 200 OK\n5 ACK sip:b@192.0.2.7\n9 INVITE sip:b@192.0.2.7\n9 SIP/2.0 200 OK\n9 ACK sip:b@192.0.2.7\n20 BYE sip:b@192.0.2.7\n20 SIP/2.0 200 OK",
			"8 answered 200\n"},
		"hung up, and nobody saw it": {"0 INVITE sip:b@x\n5 SIP/2.0 200 OK\n5 ACK sip:b@192.0.2.7\n400 INVITE sip:b@x\n401 SIP/2.0 486 Busy Here\n401 ACK sip:b@x", "3 answered 200\n3 busy 486\n"},
		"two calls at once":          {"0 INVITE sip:b@x\n1 INVITE sip:c@x\n2 SIP/2.0 486 Busy Here\n2 ACK sip:b@x", "4 unknown\n"},
		"only the end":               {"0 BYE sip:b@192.0.2.7\n0 SIP/2.0 200 OK", "2 answered\n"},
		"a keep-alive while it rings": {"0 INVITE sip:b@x\n1 SIP/2.0 180 Ringing\n2 NOTIFY sip:x\n2 SIP/2.0 481 Gone\n5 SIP/2.0 200 OK\n5 ACK sip:b@192.0.2.7\n6 BYE sip:b@192.0.2.7\n6 SIP/2.0 200 OK",
			"6 answered 200 ring 4s talk 1s\n2 unknown 481\n"},
		"a keep-alive that nobody answers": {"0 INVITE sip:b@x\n1 SIP/2.0 180 Ringing\n2 NOTIFY sip:x\n9 SIP/2.0 486 Busy Here\n9 ACK sip:b@x", "4 busy 486 ring 8s\n1 unknown\n"},
		"an answer right behind a keep-alive": {"0 INVITE sip:b@x\n1 SIP/2.0 180 Ringing\n2 NOTIFY sip:x\n2 SIP/2.0 200 OK\n2 ACK sip:b@192.0.2.7\n2 SIP/2.0 489 Bad Event\n9 BYE sip:b@192.0.2.7\n9 SIP/2.0 200 OK",
			"5 answered\n3 unknown 489\n"},
		"a registration that is refused": {"0 REGISTER sip:x\n0 SIP/2.0 401 Unauthorized\n0 REGISTER sip:x\n0 SIP/2.0 403 Forbidden", "4 rejected 403\n"},
		"a registration, it may be":      {"0 REGISTER sip:x\n0 SIP/2.0 200 OK", "2 unknown 200\n"},
		"a response of nothing":          {"0 SIP/2.0 200 OK", "1 unknown\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := feedStartLines(t, c.lines); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// FuzzStartLines feeds first lines in any order, at any time: no call is told as answered without an INVITE's 2xx or a BYE in it, as cancelled without a CANCEL
// or a 487, or as busy without a status that says so.
func FuzzStartLines(f *testing.F) {
	f.Add([]byte("\x00\x12\x00\x14\x00\x16\x00\x01\x00\x02\x00\x16"))
	f.Add([]byte("\x00\x12\x02\x03\x16\x17\x01\x00\x06\x13\x00\x18\x01"))
	lines := [...]string{"INVITE sip:b@x SIP/2.0", "ACK sip:b@x SIP/2.0", "BYE sip:b@x SIP/2.0", "CANCEL sip:b@x SIP/2.0", "NOTIFY sip:x SIP/2.0", "INVITE sip:c@x SIP/2.0",
		"REGISTER sip:x SIP/2.0", "INFO sip:b@x SIP/2.0", "SIP/2.0 100 Trying", "SIP/2.0 180 Ringing", "SIP/2.0 200 OK", "SIP/2.0 407 Challenge", "SIP/2.0 486 Busy Here",
		"SIP/2.0 487 Request Terminated", "SIP/2.0 302 Moved", "SIP/2.0 503 Service Unavailable"}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<10 {
			return
		}
		out := 0
		a := NewAssembler(Options{Emit: func(c *Call) error {
			checkCall(t, c)
			out += len(c.Hops)
			has := func(m sip.Method, low, high uint16) bool {
				for i := range c.Hops {
					if h := &c.Hops[i]; low == 0 && h.Status == 0 && h.Method == m || low > 0 && h.Status >= low && h.Status <= high {
						return true
					}
				}
				return false
			}
			proved := true
			switch c.Outcome {
			case OutcomeAnswered:
				proved = has(sip.MethodInvite, 0, 0) && has(0, 200, 299) || has(sip.MethodBye, 0, 0)
			case OutcomeCancelled:
				proved = has(sip.MethodInvite, 0, 0) && (has(sip.MethodCancel, 0, 0) || has(0, 487, 487))
			case OutcomeBusy:
				proved = has(0, 486, 486)
			case OutcomeRegistered, OutcomeUnregistered:
				proved = false
			}
			if !proved {
				t.Errorf("%v with %d messages", c.Outcome, len(c.Hops))
			}
			return nil
		}})
		at := time.Date(2000, 8, 20, 10, 0, 0, 0, time.UTC)
		for i, x := range data {
			at = at.Add(time.Duration(x>>4) * time.Second)
			rec := capture.Record{Kind: capture.KindMessage, Missing: capture.MissingHead, Observer: []byte("192.0.2.10"), Data: []byte(lines[x&15] + "\r\n")}
			rec.Origin.Number = int64(i + 1)
			rec.Time = timeOf(at, 0, "yearless")
			if err := a.Add(&rec); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.Close(); err != nil || out != len(data) {
			t.Errorf("%d messages in, %d out: %v", len(data), out, err)
		}
	})
}
