package syslog

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The page that the project starts from: seven lines of sysklogd, each one SIP message.
func TestSeedPage(t *testing.T) {
	dir := os.Getenv("SIPSCRIBE_SHARED")
	if dir == "" {
		root, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
				break
			}
			up := filepath.Dir(root)
			if up == root {
				t.Skip("no go.mod above this folder")
			}
			root = up
		}
		dir = filepath.Join(root, "..", "shared")
	}
	page, err := os.ReadFile(filepath.Join(dir, "seed", "outgoing-invite-cancel.txt"))
	if err != nil {
		t.Skipf("the seed page is not here: %v", err)
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
