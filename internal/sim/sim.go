// Package sim runs our telephones and proxies against a bad network in virtual time, and holds what they do to the RFCs: by millions of
// schedules, each drawn from a seed.
//
//	seed ─ Draw ─▶ Schedule{topology, network, faults, script} ─ Run ─▶ Result{failures, what was covered, ladder}
//
//	callers ──┐                                      ┌── telephones      internal/live/ua, internal/live/proxy over internal/live/wire;
//	          ├── 0 to 3 proxies, UDP, TCP or TLS ───┤                   robots are callees and callers that do what ours never would
//	dialler ──┘        ▲ hostile peer                └── robot
//
// A run is: the telephones register; the script, with loss, duplicates, delays, partitions, restarts and forgeries; then the network is well
// again, and after 64·T1 and the longest ringing nobody may be in a call that the other side has left; then all hang up, and after the
// last timer nothing may be left of anything. All the while a watcher reads the messages (watch.go), and at the end the interpreter reads
// the log of one telephone, whose story must be what the telephone itself has told (interpreter.go).
//
//	$ go run ./internal/sim/cmd/sim -schedules 100000
//	$ go run ./internal/sim/cmd/sim -replay 4711 -v          # a seed that failed, with its ladder
//
// Of TLS it has what differs from TCP for the machines: the transport in Via, Contact and Record-Route, its port, and that nothing goes over a connection
// of the other. Handshakes, certificates and sips URIs are not here; internal/live/transport and internal/live/locate have tests of their own.
//
// The same seed gives the same run, message for message.
package sim

import (
	"fmt"
	"io"
	"iter"
	"runtime/debug"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/live/wire"
)

// Options are how a schedule is run.
type Options struct {
	// Ladder: what passes is written down.
	Ladder bool
	// Wrap, if there is one, stands between the network and each element: for tests that an element's faults are found. What a telephone is
	// commanded to do is shown to its method Commanded(now, out), if it has one.
	Wrap func(name string, e live.Element) live.Element
}

// Failure is an invariant that did not hold.
type Failure struct {
	At   time.Duration // since the schedule began
	Rule string
	Text string
}

// Result is what came of a schedule.
type Result struct {
	Schedule *Schedule
	Failures []Failure
	// Calls counts the calls that telephones have begun or heard of, Messages what each node has sent and received, Told the calls whose story was
	// compared.
	Calls, Messages, Told int
	Stats                 wire.Stats
	Transitions           Transitions
	Happened              [faultKinds]int
	Events                [16]int
	Rows                  [rows]bool
	Ladder                *Ladder
}

// maxFaults bounds how many failures of a schedule are kept: after the first the others are mostly its consequences.
const maxFaults = 5

func (r *Result) full() bool { return len(r.Failures) >= maxFaults }

func (r *Result) fail(at time.Time, rule, text string) {
	if !r.full() {
		r.Failures = append(r.Failures, Failure{at.Sub(start), rule, text})
	}
}

// Counts reports whether the schedule had a call and a fault.
func (r *Result) Counts() bool {
	if r.Calls == 0 {
		return false
	}
	for range r.Faults() {
		return true
	}
	return false
}

// Faults are the kinds of fault that happened.
func (r *Result) Faults() iter.Seq[string] {
	return func(yield func(string) bool) {
		n := r.Schedule.Network
		for _, f := range []struct {
			name string
			had  bool
		}{{"loss", r.Stats.Lost > 0 && n.Loss > 0}, {"duplicates", r.Stats.Duplicated > 0}, {"reordering", r.Stats.Overtaken > 0}} {
			if f.had && !yield(f.name) {
				return
			}
		}
		for k, n := range r.Happened {
			if n > 0 && !yield(FaultKind(k).String()) {
				return
			}
		}
	}
}

// column returns the column of the CANCEL matrix that the schedule is in.
func (s *Schedule) column() (Link, int, bool) {
	t := &s.Topology
	if t.Far != t.Transport {
		return 0, 0, false
	}
	switch {
	case t.Transport == capture.TCP:
		return LinkTCP, t.Proxies, true
	case t.Transport == capture.TLS:
		return LinkTLS, t.Proxies, true
	case s.Network.Loss == 0:
		return LinkClean, t.Proxies, true
	case s.Network.Loss <= 0.05:
		return Link5, t.Proxies, true
	}
	return Link30, t.Proxies, true
}

// Run runs a schedule.
func Run(s *Schedule, o Options) *Result {
	w := newWorld(s, o)
	w.run()
	r := w.result
	r.Stats, r.Rows = w.net.Stats(), w.hits.rows
	return r
}

// run goes through the parts of a run. A panic is a failure like any other: the schedule says how it came to it.
func (w *world) run() {
	defer func() {
		if p := recover(); p != nil {
			w.result.Failures = nil
			w.watch.fail("panic", "%v\n%s", p, debug.Stack())
		}
	}()
	w.plan()
	for _, st := range w.phones {
		w.command(st, st.phone.Start)
	}
	w.play()
	w.heal()
	w.ghosts()
	w.stop()
	w.watch.finish()
	w.interpret()
}

// heal ends all that is wrong with the network, and lets as much time pass as a transaction, a ringing call and a change to a call can last.
func (w *world) heal() {
	w.healed = true
	w.cut = map[*wire.Node]FaultKind{}
	w.net.Faults = wire.Faults{DelayMin: 5 * time.Millisecond, DelayMax: 5 * time.Millisecond}
	w.ladder.note(w.net.Now(), "the network is well")
	longest := time.Duration(0)
	for _, p := range w.Topology.Phones {
		longest = max(longest, p.Expires)
	}
	w.net.Run(longest + 2*giveUp + 5*time.Second)
}

// stop hangs everything up and lets the last timers run out.
func (w *world) stop() {
	w.ladder.note(w.net.Now(), "all hang up")
	for _, st := range w.phones {
		w.command(st, st.phone.Stop)
	}
	settled := w.net.Settle(3 * time.Hour)
	w.leaks(settled)
	if w.hostile != nil {
		for _, status := range w.hostile.answers {
			if status < 300 && w.result.Happened[Junk] == 0 { // half an INVITE that it has sent itself it may cancel
				w.watch.fail("forged", "a CANCEL or BYE that was forged is answered by %d", status)
			}
		}
		if w.result.Happened[ForgeCancel] > 0 {
			w.hits.hit(w, RowOtherSource)
		}
	}
}

// WriteTo writes a failure as a person needs it: seed, topology, script, ladder, what did not hold, and how to see it again.
func (r *Result) Write(w io.Writer) {
	fmt.Fprintf(w, "%s\n", r.Schedule)
	if r.Ladder != nil {
		r.Ladder.Write(w)
		fmt.Fprintln(w)
	}
	for _, f := range r.Failures {
		fmt.Fprintf(w, "after %.6f s, %s: %s\n", f.At.Seconds(), f.Rule, f.Text)
	}
	fmt.Fprintf(w, "again: go run ./internal/sim/cmd/sim -replay %d -v\n", r.Schedule.Seed)
}
