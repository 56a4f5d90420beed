package sim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/internal/decode/spa"
	"sipscribe/internal/diagnose/rules"
	"sipscribe/internal/live/emit"
	"sipscribe/internal/live/ua"
	"sipscribe/internal/live/wire"
	"sipscribe/internal/report"
	"sipscribe/sip"
)

// reader is the interpreter at one telephone: it reads the tap as it is, and the log that an SPA's syslog makes of it.
//
//	tap ─┬──────────────────────────────────────────▶ callflow ─ report ─▶ story ─┐
//	     └─ emit.SPA ─ Collector ─ log ─ decode/spa ─▶ callflow ─ report ─▶ story ─┴─ the same as what the telephone told?
type reader struct {
	st   *station
	asm  *callflow.Assembler
	log  bytes.Buffer
	emit emit.Log
	host []byte
	// direct and logged are the calls as they were told, by Call-ID; heard counts the messages of each, strange those that came from a hostile peer.
	direct, logged map[string][]story
	heard, strange map[string]int
	torn           bool              // a piece of a message came that does not say of which call it is
	ids            map[string]string // Call-IDs by branch and From tag
	// last is when the last message of a Call-ID came or went; apart are those of which one came so long after the call was over that it is a call
	// of its own for an observer (callflow keeps a call for 40 s).
	last  map[string]time.Time
	first map[string]time.Time // likewise
	apart map[string]bool
}

// tail is how long callflow waits for more of a call that is over.
const tail = 40 * time.Second

// story is what the interpreter tells of a call, as far as it is compared.
type story struct {
	outcome  callflow.Outcome
	ring     time.Duration
	bye      capture.Direction // of the BYE that ended it
	messages int
	headline string
	ending   string
}

// newReader chooses the telephone that is listened in to.
func newReader(w *world) *reader {
	st := w.phones[int(w.Seed%uint64(len(w.phones)))]
	r := &reader{st: st, direct: map[string][]story{}, logged: map[string][]story{}, heard: map[string]int{}, strange: map[string]int{}, ids: map[string]string{}, last: map[string]time.Time{}, first: map[string]time.Time{}, apart: map[string]bool{}, host: []byte(st.local.Addr().String())}
	r.emit = emit.Log{SPA: &emit.SPA{DebugLevel: 3, Lines: []emit.Line{{Option: emit.DebugFull}}}, Collector: &emit.Collector{W: &r.log}, Host: string(r.host)}
	b := report.NewBuilder(nil, rules.All)
	r.asm = callflow.NewAssembler(callflow.Options{Emit: tellInto(r.direct, b)})
	return r
}

// tellInto returns the function that takes the calls of an assembler.
func tellInto(all map[string][]story, b *report.Builder) func(*callflow.Call) error {
	return func(c *callflow.Call) error {
		if c.Kind != callflow.KindCall {
			return nil
		}
		t := b.Build(c)
		s := story{outcome: c.Outcome, ring: c.Ring, headline: strings.Clone(t.Story.Headline), ending: strings.Clone(t.Story.Ending.Text)}
		if c.Bye >= 0 {
			s.bye = c.Hops[c.Bye].Direction
		}
		for i := range c.Hops {
			if c.Hops[i].Kind == capture.KindMessage {
				s.messages++
			}
		}
		id := string(c.FirstCallID())
		all[id] = append(all[id], s)
		return nil
	}
}

// record takes a record of the tap.
func (w *world) record(node *wire.Node, rec *capture.Record) {
	r := w.reader
	if r == nil || node != r.st.node {
		return
	}
	rec.Observer, rec.Time = r.host, emit.Time(w.net.Now())
	if rec.Kind == capture.KindMessage {
		m := &w.watch.msg
		m.Parse(rec.Data)
		if m.Kind == sip.KindUnknown {
			return // neither log nor story has it
		}
		id := r.callOf(m)
		now := w.net.Now()
		if r.heard[id]++; r.heard[id] == 1 {
			r.first[id] = now
		}
		if c := r.st.calls[id]; c != nil && c.over && now.Sub(r.last[id]) >= tail-time.Second {
			r.apart[id] = true
		}
		r.last[id] = now
		if w.hostile != nil && (rec.Src.Addr == w.hostile.at.Addr() || rec.Dst.Addr == w.hostile.at.Addr()) {
			r.strange[id]++
			r.torn = r.torn || id == "" && !m.IsWhole()
		}
	}
	if err := r.asm.Add(rec); err != nil {
		w.watch.fail("told", "%v", err)
	}
	if err := r.emit.Emit(rec); err != nil {
		w.watch.fail("told", "%v", err)
	}
}

// callOf returns the Call-ID of a message; of half a message that has none that of the call whose branch or tag it has, by which the interpreter knows it too.
func (r *reader) callOf(m *sip.Message) string {
	id := string(m.CallID())
	via, _ := m.TopVia()
	branch, _ := via.Params.Get("branch")
	for _, key := range [...][]byte{branch, m.FromTag()} {
		switch known := r.ids[string(key)]; {
		case len(key) == 0:
		case id == "":
			id = known
		case known == "":
			r.ids[string(key)] = id
		}
	}
	return id
}

// interpret has the calls of one telephone told, and compares.
func (w *world) interpret() {
	r := w.reader
	if err := r.asm.Close(); err != nil {
		w.watch.fail("told", "%v", err)
	}
	if err := r.readLog(); err != nil {
		w.watch.fail("told", "%v", err)
	}
	for _, c := range r.st.order {
		// A call that a restart has cut short was not ended by anybody; one that somebody has interfered with looks to an observer as if he had.
		if c.cutShort || c.again || r.strange[c.id] > 0 || r.heard[c.id] == 0 || !c.over || !r.first[c.id].After(r.st.restarted) && !r.st.restarted.IsZero() {
			continue
		}
		w.result.Told++
		want, ok := w.expected(c)
		if r.torn && want.outcome == callflow.OutcomeUnanswered {
			ok = false // the piece may be of the answer, for all that the log says
		}
		r.compare(w, "the tap", c, r.direct[c.id], want, ok, 0)
		r.compare(w, "its log", c, r.logged[c.id], want, ok, time.Second)
	}
}

// readLog reads the log back.
func (r *reader) readLog() error {
	in := &decode.Input{Name: "sim", R: decode.NewReader(bytes.NewReader(r.log.Bytes())), Options: decode.Options{Clock: &decode.ClockRules{Year: start.Year(), Zone: time.UTC}}}
	dec := spa.Format.New(in)
	asm := callflow.NewAssembler(callflow.Options{Emit: tellInto(r.logged, report.NewBuilder(nil, rules.All))})
	var rec capture.Record
	for {
		err := dec.Next(&rec)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := asm.Add(&rec); err != nil {
			return err
		}
	}
	return asm.Close()
}

// expected is the story as the telephone itself would tell it. false: how it ended it does not know better than an observer.
func (w *world) expected(c *told) (story, bool) {
	want := story{ring: -1}
	n := w.watch.of(w.reader.st.node)
	end := c.ended
	var cancel time.Time
	rang := 0 // attempts that have rung, 9 if one was followed by another
	invites := 0
	if c.outgoing {
		for _, i := range n.order {
			if i.method == sip.MethodInvite && i.callID == c.id && i.toTag == "" {
				cancel = i.cancel
				if b := i.byCancel; b != nil && b.final >= 300 && i.final != 0 && i.final != 487 {
					cancel = time.Time{} // it was refused, and the INVITE ended in its own way
				}
				if rang > 0 {
					rang = 9
				}
				if i.provisional > 100 {
					rang++
				}
			}
		}
	} else {
		for _, s := range n.served {
			if s.method == sip.MethodInvite && s.callID == c.id {
				if s.toTag == "" {
					invites++
				}
				if s.cancelled && !n.refusesCancel(s.branch) {
					cancel = s.cancelAt
				}
				if s.refused {
					return want, false
				}
			}
		}
		rang = 1
	}
	last := n.lastRequest(sip.MethodInvite, c.id)
	switch {
	case c.status == 503 && c.by != ua.Remote, c.outgoing && !cancel.IsZero() && last.byCancel == nil:
		return want, false // the connection went: what comes over another one the telephone does not know, what did not go out nobody has seen
	case c.outgoing && last != nil && last.late:
		return want, false // it came when the telephone had given up, and whoever reads the log cannot know when that was
	case invites > 1:
		return want, false // by two ways, or once more after a redirection: one of them was refused
	case w.dialler != nil && c.id == w.dialler.call && (c.by == ua.Network || w.dialler.does&(DiallerEarly|DiallerAtOnce) != 0):
		return want, false // a CANCEL before its INVITE is one for whoever reads the log
	case c.outgoing && c.answered.IsZero() && n.hungUp(c.id) && c.status/100 != 2:
		return want, false // somebody hangs up what was answered, and the answer never came
	case !c.answered.IsZero():
		want.outcome, end = callflow.OutcomeAnswered, c.answered
		bye := n.lastRequest(sip.MethodBye, c.id)
		switch {
		case c.by == ua.Remote:
			want.bye = capture.Received
		case bye != nil && bye.first.Equal(c.ended): // not held back until the ACK has come (§15)
			want.bye = capture.Sent
		}
	case c.outgoing && c.status/100 == 2:
		want.outcome = callflow.OutcomeAnswered
		if last != nil && len(last.toTags) < 2 && !n.hungUp(c.id) && n.lastRequest(sip.MethodBye, c.id) != nil {
			want.bye = capture.Sent // it was hung up as it was answered
		}
	case !cancel.IsZero():
		want.outcome = callflow.OutcomeCancelled
		if cancel.Before(end) {
			end = cancel // one that came when it had stopped ringing by itself stops nothing
		}
	case c.outgoing && last != nil && last.final != 0 && c.status == 408 && c.by != ua.Remote:
		return want, false // likewise
	case c.outgoing && last != nil && last.final == 0:
		if last.provisional != 0 || last.ended {
			return want, false
		}
		want.outcome, end = callflow.OutcomeUnanswered, time.Time{}
	default:
		want.outcome = outcomeOf(c.status)
	}
	if rang > 1 {
		want.ring = -2 // of which attempt is a question of taste
	} else if !c.ringing.IsZero() && !end.IsZero() && !c.ringing.After(end) {
		want.ring = end.Sub(c.ringing)
	}
	return want, true
}

// hungUp reports whether a BYE of a call has come to a node.
func (n *watched) hungUp(callID string) bool {
	for _, s := range n.served {
		if s.method == sip.MethodBye && s.callID == callID {
			return true
		}
	}
	return false
}

// refusesCancel reports whether a node has refused the CANCEL of a branch, whose INVITE was over or not there yet.
func (n *watched) refusesCancel(branch string) bool {
	for _, s := range n.served {
		if s.method == sip.MethodCancel && s.branch == branch && s.final == 481 {
			return true
		}
	}
	return false
}

// outcomeOf is what a refusal comes to (docs/json.md, "Outcomes"): told once more, so that a change there is seen here.
func outcomeOf(status int) callflow.Outcome {
	switch {
	case status == 486, status == 600:
		return callflow.OutcomeBusy
	case status == 408, status == 480:
		return callflow.OutcomeUnanswered
	case status == 487:
		return callflow.OutcomeCancelled
	case status/100 == 3:
		return callflow.OutcomeRedirected
	case status/100 == 5:
		return callflow.OutcomeFailed
	}
	return callflow.OutcomeRejected
}

// compare holds a story to what the telephone told.
func (r *reader) compare(w *world, source string, c *told, got []story, want story, known bool, precision time.Duration) {
	fail := func(format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		for _, g := range got {
			text += fmt.Sprintf("\n  told:  %s; %s (%s, ring %v, BYE %v, %d messages)", g.headline, g.ending, g.outcome, g.ring, g.bye, g.messages)
		}
		text += fmt.Sprintf("\n  phone: %s", c.String())
		w.watch.fail("told", "%s of %s, call %s: %s", source, r.st.set.Name, c.id, text)
	}
	if len(got) >= 2 && (w.watch.byeLost(c.id) || r.apart[c.id]) {
		return // the other side has not heard that it is over, and says so minutes later: for an observer that is another call
	}
	if len(got) != 1 {
		fail("told as %d calls", len(got))
		return
	}
	g := got[0]
	if g.messages != r.heard[c.id] {
		fail("%d messages, want %d", g.messages, r.heard[c.id])
	}
	if g.headline == "" {
		fail("no headline")
	}
	if !known {
		return
	}
	if g.outcome != want.outcome {
		fail("outcome %s, want %s", g.outcome, want.outcome)
	}
	if precision > 0 && g.ring == 0 && want.ring < 0 {
		g.ring = -1 // in one second of a log everything is at once
	}
	if want.ring != -2 && (g.ring < 0) != (want.ring < 0) || want.ring >= 0 && (g.ring-want.ring).Abs() > precision {
		fail("rang %v, want %v", g.ring, want.ring)
	}
	if want.bye != capture.DirectionUnknown && g.bye != want.bye {
		fail("the BYE was %v, want %v", g.bye, want.bye)
	}
}

// String tells a call as the telephone did.
func (c *told) String() string {
	s := fmt.Sprintf("began %.6f", c.begun.Sub(start).Seconds())
	for _, e := range []struct {
		name string
		at   time.Time
	}{{"rang", c.ringing}, {"answered", c.answered}, {"ended", c.ended}} {
		if !e.at.IsZero() {
			s += fmt.Sprintf(", %s %.6f", e.name, e.at.Sub(start).Seconds())
		}
	}
	return s + fmt.Sprintf(", by %v, status %d", c.by, c.status)
}
