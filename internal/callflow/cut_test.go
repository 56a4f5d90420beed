package callflow

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/sip"
	"sipscribe/syslog"
)

// cutLog feeds messages, each at a second of a log.
type cutLog struct {
	t     testing.TB
	a     *Assembler
	n     int64
	calls []*Call
	open  []int
}

func newCutLog(t testing.TB, memory int64) *cutLog {
	l := &cutLog{t: t}
	l.a = NewAssembler(Options{Memory: memory, Emit: func(c *Call) error {
		l.calls, l.open = append(l.calls, &Call{Seq: c.Seq, Outcome: c.Outcome, Hops: slices.Clone(c.Hops)}), append(l.open, len(c.open))
		return nil
	}})
	return l
}

func (l *cutLog) add(second int, text string) {
	l.t.Helper()
	l.n++
	rec := capture.Record{Kind: capture.KindMessage, Data: []byte(text), Origin: capture.Origin{Number: l.n, End: int64(len(text))}}
	rec.Time = capture.Time{Stamp: syslog.Timestamp{Style: syslog.StyleBSD, Month: 8, Day: 20, Hour: 16}, Clock: int64(second) * int64(time.Second)}
	if err := l.a.Add(&rec); err != nil {
		l.t.Fatal(err)
	}
}

// The parts of a message of call n: to the middle of From, and to its end.
func cutHead(start string, n int) string {
	return fmt.Sprintf("%s\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-%d\r\nFrom: <sip:a@example.com>;tag=f%d\r\n", start, n, n)
}

func wholeText(start, method string, n int) string {
	return cutHead(start, n) + fmt.Sprintf("To: <sip:b@example.com>\r\nCall-ID: c%d@192.0.2.1\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n", n, method)
}

const (
	cutInvite  = "INVITE sip:b@example.com SIP/2.0"
	cutOptions = "OPTIONS sip:b@example.com SIP/2.0"
)

// One cut message in a log that goes on for long does not make all that comes behind it findable by branch and tag, and the next one is put into its call all the same.
func TestTyingEnds(t *testing.T) {
	l := newCutLog(t, 0)
	second := 0
	calls := func(from, to int) {
		for n := from; n < to; n++ {
			l.add(second, wholeText(cutOptions, "OPTIONS", n))
			l.add(second, wholeText("SIP/2.0 200 OK", "OPTIONS", n))
			second += 20
		}
	}
	calls(0, 20)
	l.add(second, wholeText(cutInvite, "INVITE", 1000))
	l.add(second, cutHead("SIP/2.0 486 Busy Here", 1000)+"To: <sip:b@exam")
	if n := len(l.a.byTag); n == 0 {
		t.Fatal("the call of a cut message cannot be found by its branch")
	}
	calls(20, 1000)
	if n := len(l.a.byTag); n > 0 || l.a.tying {
		t.Errorf("%d hashes by which a call is found, long after the last cut message; made still: %v", n, l.a.tying)
	}
	l.add(second, wholeText(cutInvite, "INVITE", 2000))
	l.add(second, cutHead("SIP/2.0 486 Busy Here", 2000)+"To: <sip:b@exam")
	if err := l.a.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(l.calls); n != 1002 {
		t.Fatalf("%d calls, want 1002", n)
	}
	for _, c := range l.calls {
		if len(c.Hops) != 2 {
			t.Errorf("call %d has %d messages, want 2", c.Seq, len(c.Hops))
		}
	}
	if l.a.cutCalls != 0 || len(l.a.byTag) != 0 || l.a.used != 0 {
		t.Errorf("after Close: %d calls with cut messages, %d hashes, %d bytes", l.a.cutCalls, len(l.a.byTag), l.a.used)
	}
}

// To make all open calls findable costs a look at each of their messages: cut messages that come and go cannot ask for it more often than there are messages.
func TestTyingAgain(t *testing.T) {
	l := newCutLog(t, 0)
	const long = 5000
	for n := range long {
		l.add(0, wholeText(cutOptions, "OPTIONS", n))
	}
	for n := range 400 {
		l.add(0, cutHead("SIP/2.0 486 Busy Here", 10_000+n)+"To: <sip:b@exam")
		if l.a.tied > l.n {
			t.Fatalf("%d messages were looked at, of %d", l.a.tied, l.n)
		}
		for _, c := range l.a.opened {
			if c != nil && c.cut {
				if err := l.a.handOn(c); err != nil {
					t.Fatal(err)
				}
			}
		}
		if !l.a.tying {
			t.Fatalf("forgotten after %d messages, though %d were looked at", n, l.a.tied)
		}
	}
}

// What a call is found by is in memory, too: a log of cut messages with a branch each takes no more than the budget.
func TestTiesAreCounted(t *testing.T) {
	const budget = 1 << 20
	l := newCutLog(t, budget)
	// One call by its tag, with a branch each: what it takes is nearly all ties.
	text := cutHead("SIP/2.0 486 Busy Here", 0) + "To: <sip:b@exam"
	l.add(0, text)
	counted := l.a.used
	for n := range 1000 {
		l.a.tie(l.a.opened[0], uint64(n)+1)
	}
	if n := l.a.used - counted; n < 1000*tieOverhead {
		t.Errorf("1000 ties are counted as %d bytes", n)
	}
	for n := range 20_000 {
		l.add(0, cutHead("SIP/2.0 486 Busy Here", n)+"To: <sip:b@exam")
	}
	if l.a.used > budget+budget/4 || len(l.a.byTag)*tieOverhead > budget {
		t.Errorf("%d bytes counted and %d hashes, of a budget of %d", l.a.used, len(l.a.byTag), budget)
	}
}

// A call may have any number of responses to its INVITE or its CANCEL, nobody knows which: few of them stay open.
func TestFewStayOpen(t *testing.T) {
	l := newCutLog(t, 0)
	l.add(0, wholeText(cutInvite, "INVITE", 0))
	l.add(0, wholeText("CANCEL sip:b@example.com SIP/2.0", "CANCEL", 0))
	for n := range 3000 {
		l.add(1, cutHead("SIP/2.0 200 OK", 0)+fmt.Sprintf("To: <sip:b@example.com>;tag=%d\r\nX: cu", n))
	}
	if err := l.a.Close(); err != nil {
		t.Fatal(err)
	}
	if len(l.calls) != 1 || len(l.calls[0].Hops) != 3002 || l.open[0] != maxOpen {
		t.Errorf("%d calls, %v open; want one with %d", len(l.calls), l.open, maxOpen)
	}
}

// Each response that is open is weighed against the INVITE and the CANCEL of its own branch.
func TestOpenPairs(t *testing.T) {
	c := &Call{open: []int{0, 1}, Hops: []Hop{{branch: 7}, {branch: 9}}}
	c.Transactions = []Transaction{
		{branch: 5, Method: sip.MethodInvite}, {branch: 9, Method: sip.MethodCancel}, {branch: 7, Method: sip.MethodInvite}, {branch: 7, Method: sip.MethodInvite},
		{branch: 7, Method: sip.MethodBye}, {branch: 9, Method: sip.MethodInvite}, {branch: 7, Method: sip.MethodCancel},
	}
	if got := c.openPairs(); len(got) != 2 || got[7] != (openPair{2, 6}) || got[9] != (openPair{5, 1}) {
		t.Errorf("%v", got)
	}
}

// A message of which nothing says where it belongs makes nothing uncertain of calls that begin long after it.
func TestStraysOfLongAgo(t *testing.T) {
	const ringing, hour = "SIP/2.0 180 Ringing", 3600
	for name, stray := range map[string]string{
		"a start line and a piece of Via": "SIP/2.0 200 OK\r\nVia: SIP/2.0/U",
		"without its Call-ID":             cutHead("SIP/2.0 200 OK", 99) + "To: <sip:b@exam",
	} {
		for _, c := range []struct {
			name   string
			begins int // when the call does; the stray message comes at an hour
			want   Outcome
		}{
			{"before", hour - 20, OutcomeUnknown}, {"with it", hour, OutcomeUnknown}, {"soon after", hour + 20, OutcomeUnknown}, {"long after", 2 * hour, OutcomeInProgress},
		} {
			l := newCutLog(t, 0)
			if c.begins < hour {
				l.add(c.begins, wholeText(cutInvite, "INVITE", 1))
				l.add(c.begins, wholeText(ringing, "INVITE", 1))
			}
			l.add(hour, stray)
			if c.begins >= hour {
				for second := hour; second < c.begins; second += 20 {
					l.add(second, wholeText(cutOptions, "OPTIONS", 2))
				}
				l.add(c.begins, wholeText(cutInvite, "INVITE", 1))
				l.add(c.begins, wholeText(ringing, "INVITE", 1))
			}
			if err := l.a.Close(); err != nil {
				t.Fatal(err)
			}
			found := 0
			for _, call := range l.calls {
				if len(call.Hops) != 2 || call.Hops[1].Status != 180 {
					continue
				}
				if found++; call.Outcome != c.want {
					t.Errorf("%s, a call that begins %s: %v, want %v", name, c.name, call.Outcome, c.want)
				}
			}
			if found != 1 || l.a.unnamed != 0 {
				t.Errorf("%s, %s: %d such calls, and %d without a name open after Close", name, c.name, found, l.a.unnamed)
			}
		}
	}
}
