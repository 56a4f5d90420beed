package ua

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/live"
)

// refuses runs a command of a phone that does not fit what its line is doing.
func (tb *table) refuses(i int, want error, f func(p *Phone, now time.Time, out *live.Outbox) error) {
	tb.Helper()
	tb.net.Do(tb.nodes[i], func(now time.Time, out *live.Outbox) {
		if err := f(tb.phones[i], now, out); !errors.Is(err, want) {
			tb.Errorf("got %v, want %v", err, want)
		}
	})
}

// Who is hung up on has a handset that is off, and callers hear busy until it is put back: both are told, of many calls one a second.
func TestHandsetStaysOff(t *testing.T) {
	var told []Event
	tb := newTable(t, func(a, b *Config) {})
	notify := tb.phones[1].cfg.Notify
	tb.phones[1].cfg.Notify = func(e Event) { told = append(told, e); notify(e) }
	tb.dial()
	tb.net.Run(time.Second)
	tb.answer()
	tb.net.Run(time.Second)
	tb.hangUp(0)
	tb.net.Run(time.Second)
	tb.want("the call", tb.events[len(tb.events)-2:], "a ended by local", "b ended by remote")
	if e := told[len(told)-1]; !e.OffHook {
		t.Errorf("%+v", e)
	}
	for range 3 { // within a second
		tb.dial()
		tb.net.Run(200 * time.Millisecond)
		tb.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { return p.HangUp(now, 1, out) })
	}
	away := 0
	for _, e := range told {
		if e.Kind == EventTurnedAway {
			away++
			if e.Status != 486 || e.Reason != HandsetOff || !strings.HasPrefix(e.Peer, "sip:spa1@") {
				t.Errorf("%+v", e)
			}
		}
	}
	if away != 1 {
		t.Errorf("told %d times of calls that did not ring", away)
	}
	tb.hangUp(1)
	tb.dial()
	tb.net.Run(time.Second)
	if e := told[len(told)-1]; e.Kind != EventIncoming {
		t.Errorf("with the handset on: %+v", e)
	}
	tb.hangUp(0)
	tb.net.Run(time.Second)
	if e := told[len(told)-1]; e.Kind != EventEnded || e.OffHook {
		t.Errorf("nobody has lifted it: %+v", e)
	}
}

// A call that does not ring says why.
func TestCallsThatDoNotRing(t *testing.T) {
	for want, change := range map[string]func(l *LineConfig){
		"486 DND is on":               func(l *LineConfig) { l.DND = true },
		"302 all calls are forwarded": func(l *LineConfig) { l.CfwdAll = "sip:x@127.0.0.1:5062" },
	} {
		tb := newTable(t, func(_, b *Config) { change(&b.Lines[0]) })
		var got Event
		notify := tb.phones[1].cfg.Notify
		tb.phones[1].cfg.Notify = func(e Event) { got = e; notify(e) }
		tb.dial()
		tb.net.Run(time.Second)
		if got.Kind != EventTurnedAway || want != fmt.Sprint(got.Status, " ", got.Reason) {
			t.Errorf("%s: %+v", want, got)
		}
	}
}

// A command that does not fit says what the line is doing.
func TestCommandsThatDoNotFit(t *testing.T) {
	answer := func(p *Phone, now time.Time, out *live.Outbox) error { return p.Answer(now, 1, out) }
	hold := func(p *Phone, now time.Time, out *live.Outbox) error { return p.Hold(now, 1, out) }
	resume := func(p *Phone, now time.Time, out *live.Outbox) error { return p.Resume(now, 1, out) }
	hang := func(p *Phone, now time.Time, out *live.Outbox) error { return p.HangUp(now, 1, out) }
	off := func(p *Phone, now time.Time, out *live.Outbox) error { return p.OffHook(now, 1, out) }
	key := func(p *Phone, now time.Time, out *live.Outbox) error { return p.Digit(now, 1, '5', out) }
	dial := func(p *Phone, now time.Time, out *live.Outbox) error { return p.Dial(now, 1, "5", out) }
	decline := func(p *Phone, now time.Time, out *live.Outbox) error { return p.Decline(now, 1, 486, out) }
	tb := newTable(t, nil)
	tb.refuses(0, ErrNothingRings, answer)
	tb.refuses(0, ErrNothingRings, decline)
	tb.refuses(0, ErrNoCall, hold)
	tb.refuses(0, ErrNoCall, resume)
	tb.refuses(0, ErrOnHook, hang)
	tb.do(0, off)
	tb.refuses(0, ErrOffHook, off)
	tb.refuses(0, ErrNothingRings, answer)
	tb.do(0, hang)
	tb.dial()
	tb.net.Run(time.Second)
	tb.refuses(0, ErrOutgoing, answer)
	tb.refuses(0, ErrNotAnswered, hold)
	tb.refuses(0, ErrNotAnswered, key)
	tb.refuses(0, ErrLineBusy, dial)
	tb.answer()
	tb.net.Run(time.Second)
	tb.refuses(0, ErrAnswered, answer)
	tb.refuses(1, ErrAnswered, answer)
	tb.refuses(1, ErrOffHook, off)
}
