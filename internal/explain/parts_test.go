package explain

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sipscribe/internal/callflow"
	"sipscribe/internal/decode/all"
	"sipscribe/internal/proof/calls"
)

// endings tells a log with a budget for open calls, and returns how each call ends.
func endings(t *testing.T, log string, memory int64) []string {
	t.Helper()
	teller := NewTeller(nil)
	var out []string
	calls.Read(t, []byte(log), calls.Options{Format: all.Default, Flow: callflow.Options{Memory: memory}}, func(c *callflow.Call) {
		out = append(out, strings.Clone(teller.Tell(c).Ending.Text))
	})
	return out
}

func message(at int, id, start, cseq string) string {
	return fmt.Sprintf("2026-08-20 10:%02d:%02d.000 192.0.2.21:5060 -> 192.0.2.22:5060\n%s\nVia: SIP/2.0/UDP 192.0.2.21;branch=z9hG4bK%s%s\n"+
		"From: <sip:a@example.org>;tag=%s\nTo: <sip:b@example.net>\nCall-ID: %s\nCSeq: %s\nContent-Length: 0\n\n",
		at/60%60, at%60, start, id, strings.ReplaceAll(cseq, " ", ""), id, id, cseq)
}

// TestEndingOfParts shows what is told of a call that is handed on before its end: for lack of memory, or because it has very many
// messages.
func TestEndingOfParts(t *testing.T) {
	invite := "INVITE sip:b@example.net SIP/2.0"
	log := message(0, "one", invite, "1 INVITE") + message(1, "two", invite, "1 INVITE") + message(2, "one", "SIP/2.0 180 Ringing", "1 INVITE")
	got := endings(t, log, 1)
	for _, want := range []string{"told before its end", "told in an earlier part"} {
		if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("no ending says %q: %q", want, got)
		}
	}
	var b bytes.Buffer
	for i := range 300 {
		cseq := fmt.Sprintf("%d REGISTER", i+1)
		b.WriteString(message(i, "reg", "REGISTER sip:example.net SIP/2.0", cseq))
		b.WriteString(message(i, "reg", "SIP/2.0 200 OK", cseq))
	}
	got = endings(t, b.String(), 0)
	if len(got) < 2 || !strings.Contains(got[0], "goes on in a part of its own") {
		t.Errorf("%q", got)
	}
}
