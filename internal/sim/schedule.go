package sim

import (
	"fmt"
	"strings"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live/ua"
)

// Schedule is all that is decided before a run: who there is, what they do, what goes wrong. It is a plain value, so that something may be taken
// out of it and the rest stays as it was (Shrink).
type Schedule struct {
	Seed uint64
	// Aim is the row of the CANCEL matrix that the script was drawn for, RowNone if none. What really happened is what counts.
	Aim      Row
	Topology Topology
	Network  Network
	Faults   []Fault
	Actions  []Action
	// Tail is how long the network stays as it is after the last action.
	Tail time.Duration
}

// Topology is who there is and how they are connected.
type Topology struct {
	// Proxies is how many proxies stand in a row between callers and callees, 0 to 3.
	Proxies int
	// Transport is that of the callers' side, Far that of the callees' where it is another.
	Transport, Far capture.Transport
	Phones         []PhoneSet
	// Robot is a scripted callee behind the last proxy, or the only one there is; Dialler a scripted caller.
	Robot   Robot
	Dialler Dialler
	Hostile bool
	// What the proxies are set to.
	Recurse, NoRecordRoute bool
	NonceLifetime          time.Duration
}

// transport is that of a telephone.
func (t *Topology) transport(p *PhoneSet) capture.Transport {
	if p.Caller {
		return t.Transport
	}
	return t.Far
}

// PhoneSet is how a telephone is set up.
type PhoneSet struct {
	Name, User string
	Caller     bool // it stands before the first proxy, the others behind the last
	DND        bool
	WrongPass  bool
	Preemptive bool
	Quirks     bool
	// Direct: requests within a dialog go to the other side and not by the outbound proxy, where no route is recorded.
	Direct   bool
	Forward  string // CfwdAll
	Register time.Duration
	// Expires is INVITE Expires.
	Expires time.Duration
}

// Network is what messages suffer for as long as the script runs.
type Network struct {
	Loss, Duplicate    float64
	DelayMin, DelayMax time.Duration
}

// FaultKind is a kind of thing that goes wrong at a time.
type FaultKind uint8

const (
	// Partition: nothing passes between Node and the others.
	Partition FaultKind = iota + 1
	// OneWay: nothing gets to Node; what it sends arrives.
	OneWay
	// RestartNode: a proxy or telephone loses all that it had in mind.
	RestartNode
	// HangConnections: the connections of Node end.
	HangConnections
	// ForgeCancel, ForgeBye, Junk: what the hostile peer sends to Node.
	ForgeCancel
	ForgeBye
	Junk
	// Offline: Node has no network; what it sends fails, what is sent to it is lost. Blocked: it fails, but what is sent to it arrives.
	Offline
	Blocked
	faultKinds
)

func (k FaultKind) String() string {
	return [...]string{"none", "partition", "one-way partition", "restart", "connections end", "forged CANCEL", "forged BYE", "junk", "no network", "nothing goes out"}[k]
}

// Fault is something that goes wrong.
type Fault struct {
	Kind FaultKind
	Node string
	At   time.Duration
	For  time.Duration // of a partition
}

func (f Fault) String() string {
	s := fmt.Sprintf("%-9v %s at %s", f.At, f.Kind, f.Node)
	if f.For > 0 {
		s += fmt.Sprintf(" for %v", f.For)
	}
	return s
}

// Verb is what a user does.
type Verb uint8

const (
	Dial Verb = iota + 1
	Answer
	Decline
	HangUp
	Hold
	Resume
	Digit
)

func (v Verb) String() string {
	return [...]string{"none", "dial", "answer", "decline", "hang up", "hold", "resume", "press a key"}[v]
}

// Action is what a user does at a telephone, at a time, or some time after an event of a telephone.
type Action struct {
	Phone int
	Verb  Verb
	// Number is what is dialled, Status how a call is declined.
	Number string
	Status int
	At     time.Duration
	// On, if it is not 0, is the event of telephone Of, the Nth from 0, that At counts from.
	On  ua.EventKind
	Of  int
	Nth int
}

// Phone names what an action is done to.
func (s *Schedule) phone(i int) string {
	if i < len(s.Topology.Phones) {
		return s.Topology.Phones[i].Name
	}
	return "nobody"
}

func (s *Schedule) action(a Action) string {
	when := fmt.Sprintf("%-9v", a.At)
	if a.On != 0 {
		when = fmt.Sprintf("%v after %s of %s", a.At, a.On, s.phone(a.Of))
		if a.Nth > 0 {
			when += fmt.Sprintf(" (no. %d)", a.Nth+1)
		}
	}
	what := a.Verb.String()
	if a.Verb == Dial {
		what += " " + a.Number
	}
	if a.Verb == Decline {
		what += fmt.Sprint(" ", a.Status)
	}
	return fmt.Sprintf("%s %s: %s", when, s.phone(a.Phone), what)
}

// String tells the schedule to people.
func (s *Schedule) String() string {
	var b strings.Builder
	t := &s.Topology
	fmt.Fprintf(&b, "seed %d\n\ntopology\n", s.Seed)
	line := func(format string, args ...any) { fmt.Fprintf(&b, "  "+format+"\n", args...) }
	var callers, callees []string
	for _, p := range t.Phones {
		d := fmt.Sprintf("%s (%s", p.Name, p.User)
		for _, o := range []struct {
			on   bool
			name string
		}{{p.DND, "do not disturb"}, {p.WrongPass, "wrong password"}, {p.Preemptive, "preemptive"}, {p.Quirks, "quirks"}, {p.Direct, "no proxy in dialogs"}} {
			if o.on {
				d += ", " + o.name
			}
		}
		if p.Forward != "" {
			d += ", forwards to " + p.Forward
		}
		d += fmt.Sprintf(", rings %v)", p.Expires)
		if p.Caller {
			callers = append(callers, d)
		} else {
			callees = append(callees, d)
		}
	}
	if t.Dialler != 0 {
		callers = append(callers, "dialler: "+t.Dialler.String())
	}
	if t.Robot != 0 {
		callees = append(callees, "robot: "+t.Robot.String())
	}
	line("%s ─%s─ %d proxies ─%s─ %s", strings.Join(callers, ", "), t.Transport, t.Proxies, t.Far, strings.Join(callees, ", "))
	if t.Proxies > 0 {
		line("proxies: recurse %v, no Record-Route %v, nonces live %v", t.Recurse, t.NoRecordRoute, t.NonceLifetime)
	}
	fmt.Fprintf(&b, "network\n")
	line("loses %g, doubles %g, takes %v to %v", s.Network.Loss, s.Network.Duplicate, s.Network.DelayMin, s.Network.DelayMax)
	for _, f := range s.Faults {
		line("%s", f)
	}
	fmt.Fprintf(&b, "script\n")
	for _, a := range s.Actions {
		line("%s", s.action(a))
	}
	return b.String()
}
