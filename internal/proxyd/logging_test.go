package proxyd

import (
	"encoding/json"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/live/proxy"
)

// A flood is told in so many lines and a number; what came over the network cannot make a line of its own or obey a terminal.
func TestFloodInTheLog(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		j := &journal{}
		s := &Settings{Log: Log{Format: format}}
		log, err := s.NewLog(j, levelVar())
		if err != nil {
			t.Fatal(err)
		}
		r := newReporter(log)
		evil := "spa1\x1b[2J\r\n2026 INFO msg=all is well\u202e\x9b\xff " + strings.Repeat("x", 1000)
		for n := range 500 { // less than the queue holds
			from := live.Flow{Transport: capture.UDP, Remote: netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(n)}), 5060)}
			r.tell(proxy.Event{Kind: proxy.EventWrongPassword, From: from, Method: evil, User: evil, Because: evil})
		}
		r.close()
		text := j.String()
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		if len(lines) != reportBurst+1 || len(text) > 10_000 {
			t.Errorf("%s: %d lines of %d bytes", format, len(lines), len(text))
		}
		if odd := regexp.MustCompile(`[^\n\x20-\x7e…]`).FindString(text); odd != "" {
			t.Errorf("%s: %q in\n%q", format, odd, text)
		}
		last := lines[len(lines)-1]
		if !strings.Contains(last, "more of the same: wrong password") || !strings.Contains(last, "490") || !strings.Contains(last, "256") {
			t.Errorf("%s: %s", format, last)
		}
		if format == "json" {
			for _, l := range lines {
				if !json.Valid([]byte(l)) {
					t.Errorf("%s", l)
				}
			}
		}
	}
}

// Whoever tells does not wait for who writes: a log that takes nothing loses lines, and says how many.
func TestALogThatHangs(t *testing.T) {
	w := &stuck{go_: make(chan struct{}), text: &journal{}}
	s := &Settings{}
	log, err := s.NewLog(w, levelVar())
	if err != nil {
		t.Fatal(err)
	}
	r := newReporter(log)
	for range 10 * reportQueue {
		r.tell(proxy.Event{Kind: proxy.EventRefused, Status: 404})
	}
	close(w.go_)
	r.close()
	if text := w.text.String(); !strings.Contains(text, "too much happened to be told") {
		t.Errorf("%s", text)
	}
}

type stuck struct {
	go_  chan struct{}
	text *journal
}

func (s *stuck) Write(b []byte) (int, error) {
	<-s.go_
	return s.text.Write(b)
}

// What an operator should look at is a warning: a gateway whose name has no address takes no calls.
func TestWhatIsAWarning(t *testing.T) {
	for kind, want := range map[proxy.EventKind]string{proxy.EventUnlocated: "level=WARN", proxy.EventGateway: "level=WARN", proxy.EventRefused: "level=INFO"} {
		j := &journal{}
		log, err := (&Settings{}).NewLog(j, levelVar())
		if err != nil {
			t.Fatal(err)
		}
		r := newReporter(log)
		r.tell(proxy.Event{Kind: kind})
		r.close()
		if text := j.String(); !strings.Contains(text, want) {
			t.Errorf("%s, want %s", text, want)
		}
	}
}
