package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/internal/decode/pcap"
	"sipscribe/internal/decode/spa"
	"sipscribe/internal/diagnose/rules"
	"sipscribe/internal/live/ua"
	"sipscribe/internal/media"
	"sipscribe/internal/proof/calls"
	"sipscribe/internal/report"
)

// told is what the interpreter makes of a log or capture: a line a call, and how many messages it saw.
func told(t *testing.T, format *decode.Format, data []byte) (lines []string, messages int) {
	t.Helper()
	b := report.NewBuilder(nil, rules.All)
	o := calls.Options{Format: format, Name: "lab", Decode: decode.Options{Clock: &decode.ClockRules{}}}
	messages = calls.Read(t, data, o, func(c *callflow.Call) {
		j := b.Build(c).JSON()
		line := j.Kind + " " + j.Outcome
		if !j.Complete {
			line += ", not complete: " + strings.Join(j.IncompleteBecause, "; ")
		}
		for _, n := range j.Notes {
			// Every log of this collector shows line ends and has stamps of whole seconds.
			if n.Code != "line-ends-shown" && n.Code != "clock-coarse" {
				line += ", note " + n.Code
			}
		}
		lines = append(lines, line)
	})
	return lines, messages
}

// Every scenario happens for real, and what the interpreter tells of the syslog alone is what happened.
func TestScenarios(t *testing.T) {
	want := map[string][]string{
		"cancel":                   {"registration registered", "call cancelled"},
		"answered":                 {"registration registered", "call answered"},
		"answered-callee-hangs-up": {"registration registered", "call answered"},
		"busy":                     {"registration registered", "call busy"},
		"no-answer":                {"registration registered", "call unanswered"},
		"wrong-password":           {"registration rejected", "call rejected"},
		"stale-nonce":              {"registration registered", "call cancelled", "call cancelled"},
		"unknown-number":           {"registration registered", "call rejected"},
		"cancel-crosses-answer":    {"registration registered", "call answered"},
		"digits":                   {"registration registered", "call answered"},
		"hold":                     {"registration registered", "call answered"},
		"fork":                     {"registration registered", "call answered"},
		"redirect":                 {"registration registered", "call answered"},
		"registration-lost":        {"registration registered", "call unanswered", "call cancelled"},
	}
	for _, s := range Scenarios {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			port, err := freePort(0)
			if err != nil {
				t.Fatal(err)
			}
			var said []string
			talk := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
			r, err := Run(ctx, Config{Scenario: s, Ring: 300 * time.Millisecond, SIPPort: port, Location: time.UTC, Talk: talk})
			if err != nil {
				t.Fatal(err)
			}
			if r.Datagrams != r.Messages {
				t.Errorf("the collector has %d of %d datagrams", r.Datagrams, r.Messages)
			}
			lines, n := told(t, spa.Format, r.Log)
			if got, want := strings.Join(lines, "\n"), strings.Join(want[s.Name], "\n"); got != want {
				t.Errorf("told of the syslog:\n%s\nwant\n%s\n%s", got, want, r.Log)
			}
			if _, m := told(t, pcap.Format, r.Pcap); m != n {
				t.Errorf("%d messages in the capture, %d in the syslog", m, n)
			}
			if strings.Contains(strings.Join(want[s.Name], " "), "call answered") && s.Name != "cancel-crosses-answer" {
				sounded(t, r)
			}
			if s.Name == "digits" {
				heard := ""
				for _, e := range r.Others[0] {
					if e.Kind == ua.EventDigit {
						heard += e.Reason
					}
				}
				if heard != keys || bytes.Contains(r.Log, []byte("INFO sip:")) {
					t.Errorf("the telephone heard %q", heard)
				}
				if !slices.Contains(said, "the SPA presses #, the telephone hears #") || !slices.Contains(said, "digits sent: 123#, heard: 123#") {
					t.Errorf("nobody is told: %q", said)
				}
			}
		})
	}
}

// The seed call goes over connections too, with a certificate of the lab's own for TLS.
func TestTransports(t *testing.T) {
	for _, transport := range []capture.Transport{capture.TCP, capture.TLS} {
		t.Run(transport.String(), func(t *testing.T) {
			t.Parallel()
			for _, name := range []string{"cancel", "answered-callee-hangs-up", "cancel-crosses-answer"} {
				port, err := freePort(0)
				if err != nil {
					t.Fatal(err)
				}
				r, err := Run(context.Background(), Config{Scenario: Named(name), Ring: 100 * time.Millisecond, SIPPort: port, Transport: transport, Location: time.UTC})
				if err != nil {
					t.Fatal(name, err)
				}
				lines, _ := told(t, spa.Format, r.Log)
				want := "call answered"
				if name == "cancel" {
					want = "call cancelled"
				}
				if len(lines) != 2 || lines[1] != want {
					t.Errorf("%s: %q\n%s", name, lines, r.Log)
				}
				if !bytes.Contains(r.Log, []byte("Via: SIP/2.0/"+transport.String()+" ")) {
					t.Errorf("no Via with %s in\n%s", transport, r.Log)
				}
			}
		})
	}
}

// sounded checks the sound of an answered call: what the one sent the other received, nothing is lost, and the BYE says so.
func sounded(t *testing.T, r *Result) {
	t.Helper()
	audio := func(events []ua.Event) *media.Counts {
		for _, e := range events {
			if e.Kind == ua.EventEnded && e.Audio != nil {
				return e.Audio
			}
		}
		return nil
	}
	spa := audio(r.Events)
	var other *media.Counts
	for _, o := range r.Others {
		if a := audio(o); a != nil {
			other = a
		}
	}
	if spa == nil || other == nil {
		t.Fatalf("no sound: %v %v", spa, other)
	}
	// The second of tone is 50 packets of 20 ms; one that has the end of the tone in it may follow. A machine that is busy sends them late, and the call waits for them.
	if spa.Sent < 50 || other.Sent < 50 || spa.Sent != other.Received.Packets || other.Sent != spa.Received.Packets || spa.Received.Lost+other.Received.Lost != 0 ||
		spa.Strangers+other.Strangers != 0 {
		t.Errorf("SPA: %+v\ntelephone: %+v", *spa, *other)
	}
	if want := fmt.Sprintf("P-RTP-Stat: PS=%d,OS=%d,PR=%d,", spa.Sent, spa.SentOctets, spa.Received.Packets); !bytes.Contains(r.Log, []byte(want)) {
		t.Errorf("no %s in\n%s", want, r.Log)
	}
}

// A scenario that is interrupted hangs up, so that nobody talks to nobody.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	port, err := freePort(0)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(ctx, Config{Scenario: Named("cancel"), SIPPort: port, Location: time.UTC, Talk: func(format string, _ ...any) {
		if strings.HasPrefix(format, "it rings") {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if !bytes.Contains(r.Log, []byte("CANCEL sip:")) || !bytes.Contains(r.Log, []byte("487 Request Terminated")) {
		t.Errorf("the call was left ringing:\n%s", r.Log)
	}
}

func TestLogLimit(t *testing.T) {
	port, err := freePort(0)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(context.Background(), Config{Scenario: Named("busy"), SIPPort: port, Location: time.UTC, LogLimit: 1022})
	if err != nil {
		t.Fatal(err)
	}
	lines, _ := told(t, spa.Format, r.Log)
	// The INVITE with credentials is longer than the seed page's daemon takes.
	if len(lines) != 2 || !strings.Contains(lines[1], "call busy, note message-cut") {
		t.Errorf("%q", lines)
	}
}
