package explain

import (
	"encoding/binary"
	"strings"
	"testing"

	"sipscribe/internal/callflow"
	"sipscribe/internal/proof/calls"
)

// snapped returns a capture as tcpdump -s writes it: with the first bytes of each frame.
func snapped(pcap []byte, limit int) []byte {
	const fileHeader, frameHeader = 24, 16
	out := append([]byte(nil), pcap[:fileHeader]...)
	for p := pcap[fileHeader:]; len(p) > 0; {
		n := int(binary.LittleEndian.Uint32(p[8:]))
		kept := min(n, limit)
		out = append(out, p[:8]...)
		out = binary.LittleEndian.AppendUint32(out, uint32(kept))
		out = append(out, p[12:frameHeader+kept]...)
		p = p[frameHeader+n:]
	}
	return out
}

// TestCutCapture tells a capture with a snap length: it is the capture that cut, no logger, and how the call ended is told as far as it is known.
func TestCutCapture(t *testing.T) {
	for _, l := range calls.Labs(t) {
		if l.Name != "cancel" {
			continue
		}
		teller := NewTeller(nil)
		calls.Read(t, snapped(l.Pcap, 300), calls.Options{}, func(c *callflow.Call) {
			s := teller.Tell(c)
			for _, step := range s.Steps {
				if !strings.HasSuffix(step.Text, "(The capture cut this message.)") || strings.Contains(step.Text, "logger") {
					t.Errorf("%s: %s", step.Label, step.Text)
				}
			}
			if c.Kind == callflow.KindCall && !strings.HasPrefix(s.Summary, "Cancelled by the caller after 0.3 s of ringing.") {
				t.Error(s.Summary)
			}
		})
	}
}

// TestBrokenOffCapture tells a capture that breaks off in the frame of the attempt with credentials: that is told, and no refusal is made of the challenge before it.
func TestBrokenOffCapture(t *testing.T) {
	for _, f := range fixtures(t) {
		if f.name != "sent_broken_off" {
			continue
		}
		calls.Read(t, f.log[:len(f.log)-100], calls.Options{}, func(c *callflow.Call) {
			s := NewTeller(nil).Tell(c)
			if last := s.Steps[len(s.Steps)-1]; c.Outcome != callflow.OutcomeInProgress || !strings.HasSuffix(last.Text, "(The capture cut this message.)") || len(s.Steps) != 4 {
				t.Error(c.Outcome, s.Steps)
			}
		})
		return
	}
	t.Error("the fixture is not there")
}
