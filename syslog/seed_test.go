package syslog

import (
	"bytes"
	"os"
	"testing"

	"sipscribe/internal/proof"
)

// The page that the project starts from: seven lines of sysklogd, each one SIP message.
func TestSeedPage(t *testing.T) {
	page, err := os.ReadFile(proof.Material(t, "seed", "outgoing-invite-cancel.txt"))
	if err != nil {
		t.Fatal(err)
	}
	messages := 0
	for _, line := range bytes.Split(page, []byte("\n")) {
		var h Header
		h.Parse(line)
		checkHeader(t, line, &h)
		if h.Shape == ShapeNone {
			continue
		}
		messages++
		if string(h.Host) != "192.168.0.2" || len(h.App) > 0 || !isStartLine(h.Text) || DetectEscape(h.Text) != EscapeCaret {
			t.Errorf("host %q, tag %q, %v: %.60q", h.Host, h.App, DetectEscape(h.Text), h.Text)
		}
		clean, m := EscapeCaret.AppendUnescaped(nil, h.Text, nil)
		checkMap(t, clean, h.Text, m)
		if n := bytes.Count(clean, []byte("\r\n")); n < 8 || bytes.Contains(clean, []byte("^M")) {
			t.Errorf("%d lines: %.60q", n, clean)
		}
	}
	if messages != 7 {
		t.Errorf("%d messages, want 7", messages)
	}
}
