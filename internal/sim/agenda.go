package sim

import (
	"container/heap"
	"time"

	"sipscribe/internal/live"
	"sipscribe/internal/live/ua"
)

// agenda is what is to be done when: actions of users, and faults that begin and end.
type agenda struct {
	items []appointment
	count int
}

type appointment struct {
	at    time.Time
	order int
	do    func()
}

func (a *agenda) Len() int { return len(a.items) }
func (a *agenda) Less(i, j int) bool {
	if !a.items[i].at.Equal(a.items[j].at) {
		return a.items[i].at.Before(a.items[j].at)
	}
	return a.items[i].order < a.items[j].order
}
func (a *agenda) Swap(i, j int) { a.items[i], a.items[j] = a.items[j], a.items[i] }
func (a *agenda) Push(x any)    { a.items = append(a.items, x.(appointment)) }
func (a *agenda) Pop() any {
	last := a.items[len(a.items)-1]
	a.items = a.items[:len(a.items)-1]
	return last
}

func (a *agenda) add(at time.Time, do func()) {
	a.count++
	heap.Push(a, appointment{at, a.count, do})
}

// plan puts the script and the faults into the agenda.
func (w *world) plan() {
	for _, a := range w.Actions {
		if a.On != 0 {
			w.waiting = append(w.waiting, a)
			continue
		}
		w.agenda.add(start.Add(a.At), func() { w.act(a) })
	}
	for _, f := range w.Faults {
		w.agenda.add(start.Add(f.At), func() { w.strike(f) })
		if f.For > 0 {
			w.agenda.add(start.Add(f.At+f.For), func() { w.mend(f) })
		}
	}
	w.agenda.add(start.Add(script+25*time.Second), func() {}) // so long something may happen that actions wait for
	if w.dialler != nil {
		w.agenda.add(start.Add(script), func() {
			w.result.Calls++
			w.net.Do(w.diallerNode, w.dialler.start)
		})
	}
}

// play lets time go on until the script is over.
func (w *world) play() {
	for len(w.agenda.items) > 0 && !w.result.full() {
		next := w.agenda.items[0]
		if next.at.After(w.net.Now()) {
			w.changed = false
			if w.net.RunUntil(next.at.Sub(w.net.Now()), func() bool { return w.changed }) {
				continue // something was put before it
			}
			w.net.Run(next.at.Sub(w.net.Now()))
		}
		heap.Pop(&w.agenda)
		next.do()
		if len(w.agenda.items) == 0 && !w.tailed {
			w.tailed = true
			w.agenda.add(w.net.Now().Add(w.Tail), func() {})
		}
	}
}

// act has a user do something. That it cannot be done (there is no call any more) is part of life.
func (w *world) act(a Action) {
	if w.healed || a.Phone >= len(w.phones) {
		return
	}
	st := w.phones[a.Phone]
	w.ladder.note(w.net.Now(), "%s: %s %s", st.set.Name, a.Verb, a.Number)
	w.command(st, func(now time.Time, out *live.Outbox) {
		p := st.phone
		switch a.Verb {
		case Dial:
			_ = p.Dial(now, 1, a.Number, out)
		case Answer:
			_ = p.Answer(now, 1, out)
		case Decline:
			_ = p.Decline(now, 1, a.Status, out)
		case HangUp:
			w.hits.hangUp(w, st)
			_ = p.HangUp(now, 1, out)
		case Hold:
			_ = p.Hold(now, 1, out)
		case Resume:
			_ = p.Resume(now, 1, out)
		case Digit:
			_ = p.Digit(now, 1, '5', out)
		}
	})
}

// command has a telephone do something. Who stands between it and the network (Options.Wrap) is shown what it sends.
func (w *world) command(st *station, f func(now time.Time, out *live.Outbox)) {
	w.net.Do(st.node, func(now time.Time, out *live.Outbox) {
		f(now, out)
		if x, ok := st.node.Element.(interface {
			Commanded(now time.Time, out *live.Outbox)
		}); ok {
			x.Commanded(now, out)
		}
	})
}

// happened releases the actions that wait for an event.
func (w *world) happened(st *station, kind ua.EventKind) {
	nth := st.count[kind]
	st.count[kind]++
	for _, a := range w.waiting {
		if a.On == kind && a.Of == st.index && a.Nth == nth {
			w.agenda.add(w.net.Now().Add(a.At), func() { w.act(a) })
			w.changed = true
		}
	}
}

// strike lets something go wrong.
func (w *world) strike(f Fault) {
	node := w.node(f.Node)
	if node == nil || w.healed {
		return
	}
	w.ladder.note(w.net.Now(), "%s at %s", f.Kind, f.Node)
	switch f.Kind {
	case Partition, OneWay, Offline, Blocked:
		w.cut[node] = f.Kind
	case RestartNode:
		w.result.Happened[RestartNode]++
		w.restart(f.Node)
	case HangConnections:
		if w.net.HangUp(node) > 0 {
			w.result.Happened[HangConnections]++
		}
	case ForgeCancel, ForgeBye, Junk:
		if w.hostile == nil {
			return
		}
		seen := w.watch.lastInvite(node)
		if seen.data == nil && f.Kind != Junk {
			return
		}
		w.result.Happened[f.Kind]++
		t := seen.transport
		if t == 0 {
			t = w.Topology.Transport
		}
		w.net.Do(w.hostileNode, func(_ time.Time, out *live.Outbox) {
			switch f.Kind {
			case ForgeCancel:
				w.hostile.cancel(seen.data, node.Addrs[0], t, out)
			case ForgeBye:
				w.hostile.bye(seen.data, node.Addrs[0], t, out)
			case Junk:
				w.hostile.junk(seen.data, node.Addrs[0], t, out)
			}
		})
	}
}

func (w *world) mend(f Fault) {
	if node := w.node(f.Node); node != nil {
		w.ladder.note(w.net.Now(), "end of the %s at %s", f.Kind, f.Node)
		delete(w.cut, node)
	}
}
