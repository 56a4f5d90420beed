package sim

import (
	"fmt"
	"io"
	"strings"
	"time"

	"sipscribe/internal/live/ua"
	"sipscribe/internal/live/wire"
	"sipscribe/sip"
)

// Ladder is what passed, in order: messages with their fate, what telephones told, what was done to them. A nil Ladder takes nothing.
type Ladder struct {
	start time.Time
	lines []string
}

func (l *Ladder) add(at time.Time, format string, args ...any) {
	l.lines = append(l.lines, fmt.Sprintf("%12.6f  ", at.Sub(l.start).Seconds())+fmt.Sprintf(format, args...))
}

func (l *Ladder) note(at time.Time, format string, args ...any) {
	if l != nil {
		l.add(at, "─── "+format, args...)
	}
}

func (l *Ladder) event(at time.Time, who string, e ua.Event) {
	if l == nil {
		return
	}
	s := fmt.Sprintf("    %s: %s", who, e.Kind)
	if e.By != ua.Nobody {
		s += " by " + e.By.String()
	}
	if e.Status != 0 {
		s += fmt.Sprint(" ", e.Status)
	}
	l.add(at, "%s (%s)", s, e.Call)
}

func (l *Ladder) passed(p wire.Passage) {
	if l == nil {
		return
	}
	to := p.Flow.Remote.String()
	if p.To != nil {
		to = p.To.Name
	}
	what := summary(p.Data)
	fate := ""
	switch p.Fate {
	case wire.Carried:
		fate = fmt.Sprintf("%.6f", p.Arrives[0].Sub(l.start).Seconds())
	case wire.Doubled:
		fate = fmt.Sprintf("%.6f and %.6f: doubled", p.Arrives[0].Sub(l.start).Seconds(), p.Arrives[1].Sub(l.start).Seconds())
	default:
		fate = p.Fate.String()
	}
	l.add(p.Sent, "%-9s ─▶ %-9s  %-44s  #%d %s", p.From.Name, to, what, p.Number, fate)
}

// summary is a message in a few words: what it is, its CSeq, branch, tags.
func summary(data []byte) string {
	m := sip.Parse(data)
	tail := func(b []byte) string {
		if len(b) > 6 {
			b = b[len(b)-6:]
		}
		return string(b)
	}
	branch := ""
	if v, ok := m.TopVia(); ok {
		branch = string(v.Branch()) // its end may be the same in all branches of a fork (RFC 5393 §4.1)
		branch = strings.TrimPrefix(branch, sip.MagicCookie)
		branch = branch[:min(len(branch), 6)]
	}
	seq := m.CSeq()
	s := ""
	switch m.Kind {
	case sip.KindRequest:
		s = fmt.Sprintf("%s %d", m.MethodName(), seq.Number)
	case sip.KindResponse:
		s = fmt.Sprintf("%d (%s %d)", m.Status, seq.MethodName, seq.Number)
	default:
		return "no SIP"
	}
	return fmt.Sprintf("%-18s %s %s▸%s", s, branch, tail(m.FromTag()), tail(m.ToTag()))
}

// WriteTo writes the ladder.
func (l *Ladder) Write(w io.Writer) {
	for _, s := range l.lines {
		fmt.Fprintln(w, s)
	}
}
