package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live/ua"
)

// The numbers that are dialled.
const (
	numberPhones = "1001" // every callee but the last of several has it, so that a call to it forks
	numberOther  = "1002" // the last callee of several
	numberRobot  = "9001"
	numberNobody = "1999"
	numberCaller = "2001"
)

// script is when the script begins: by then the registrations are done, if the network lets them.
const script = 2 * time.Second

// drawer draws a schedule.
type drawer struct {
	*rand.Rand
	s *Schedule
}

// Draw draws the schedule of a seed. The same seed gives the same one.
func Draw(seed uint64) *Schedule {
	d := drawer{rand.New(rand.NewPCG(seed, 0x73696d)), &Schedule{Seed: seed}}
	d.topology()
	d.network()
	d.script()
	d.faults()
	d.s.Tail = d.within(40 * time.Second)
	d.mute()
	return d.s
}

// often is true with a probability of p in 100.
func (d *drawer) often(p int) bool { return d.IntN(100) < p }

func one[T any](d *drawer, of ...T) T { return of[d.IntN(len(of))] }

// within draws a time from 0 to max, the short ones as likely as the long ones: what matters happens within a round trip.
func (d *drawer) within(max time.Duration) time.Duration {
	switch d.IntN(4) {
	case 0:
		return 0
	case 1:
		return time.Duration(d.Int64N(int64(min(max, 20*time.Millisecond)) + 1))
	case 2:
		return time.Duration(d.Int64N(int64(min(max, 400*time.Millisecond)) + 1))
	}
	return time.Duration(d.Int64N(int64(max) + 1))
}

func (d *drawer) topology() {
	t := &d.s.Topology
	t.Proxies = one(d, 0, 0, 1, 1, 1, 2, 3, 3)
	t.Transport = one(d, capture.UDP, capture.UDP, capture.UDP, capture.UDP, capture.TCP, capture.TLS)
	t.Far = t.Transport
	if t.Proxies > 0 && d.often(10) {
		t.Far = one(d, capture.UDP, capture.TCP, capture.TLS)
	}
	if d.often(70) {
		d.s.Aim = Row(1 + d.IntN(int(rows)-1))
	}
	t.Recurse, t.NoRecordRoute = d.often(30), d.often(15)
	if d.often(20) {
		t.NonceLifetime = time.Duration(1+d.IntN(8)) * time.Second
	}
	add := func(p PhoneSet) {
		p.Expires = one[time.Duration](d, 15, 20, 40) * time.Second
		p.Register = time.Hour
		if d.often(15) {
			p.Register = time.Minute
		}
		p.Quirks = d.often(25)
		p.Direct = t.NoRecordRoute && d.often(50)
		t.Phones = append(t.Phones, p)
	}
	caller := PhoneSet{Name: "caller", User: numberCaller, Caller: true, Preemptive: d.often(30), WrongPass: t.Proxies > 0 && d.s.Aim == RowNone && d.often(10)}
	add(caller)
	if t.Proxies == 0 {
		// Two telephones without a proxy, or one and a robot.
		switch d.s.Aim {
		case RowAfter100, RowAfter407, RowForked, RowLosing, Row481, RowNo487, RowNoCancelOK:
			t.Robot = RobotOn
		case RowRepeated, RowReordered:
			if t.Robot = RobotOn; d.often(50) {
				t.Robot, t.Dialler = 0, DiallerOn
			}
		default:
			if d.often(10) {
				t.Robot = RobotOn
			}
		}
		if t.Robot == 0 {
			add(PhoneSet{Name: "callee", User: numberPhones, DND: d.s.Aim == RowNone && d.often(8)})
		}
		if d.s.Aim == RowNone && t.Robot == 0 && d.often(8) {
			t.Phones[1].Forward = "sip:1001@" + at(addrOf(groupPhones, 1), t.Far).String() + param(t.Far)
		}
	} else {
		if d.often(25) {
			add(PhoneSet{Name: "caller2", User: "2002", Caller: true})
		}
		callees := 1 + d.IntN(2)
		if d.s.Aim == RowForked || d.s.Aim == RowLosing || d.often(20) {
			callees = 2 + d.IntN(3)
		}
		for i := range callees {
			p := PhoneSet{Name: fmt.Sprintf("callee%d", i+1), User: numberPhones, DND: d.s.Aim == RowNone && d.often(8)}
			if i > 0 && i == callees-1 && d.often(30) && d.s.Aim != RowForked && d.s.Aim != RowLosing {
				p.User = numberOther
			}
			if d.s.Aim == RowNone && p.User == numberPhones && d.often(8) {
				p.Forward = one(d, numberOther, numberRobot, numberNobody, numberCaller)
			}
			add(p)
		}
		switch d.s.Aim {
		case RowRepeated, RowReordered, Row481, RowNo487, RowNoCancelOK, RowAfter100:
			t.Robot = RobotOn
			if (d.s.Aim == RowRepeated || d.s.Aim == RowReordered) && d.often(50) {
				t.Dialler = DiallerOn
			}
		default:
			if d.often(15) {
				t.Robot = RobotOn
			}
			if d.often(5) {
				t.Dialler = DiallerOn
			}
		}
	}
	if t.Dialler != 0 {
		t.Dialler |= one(d, 0, DiallerTwice, DiallerTwice, DiallerEarly, DiallerAtOnce, DiallerTwice|DiallerEarly)
		if d.often(25) {
			t.Dialler |= DiallerOld
		}
	}
	if t.Robot != 0 {
		t.Robot |= d.robot()
	}
	t.Hostile = d.s.Aim == RowOtherSource || d.often(8)
}

// robot draws how a robot behaves, as the row needs it.
func (d *drawer) robot() Robot {
	r := one(d, 0, RobotTrying)
	switch d.s.Aim {
	case RowAfter100:
		return RobotTrying
	case RowRepeated:
		return r | RobotDeafOnce
	case RowReordered:
		return r | RobotBackwards
	case RowAfter407:
		return r | RobotChallenge
	case RowForked:
		return RobotTwoTags
	case RowLosing:
		return one(d, RobotTwoTags|RobotAnyway|RobotTwice, RobotTwoTags|RobotAnswers|RobotTwice, RobotAnyway)
	case Row481:
		return r | Robot481
	case RowNo487:
		return r | RobotNo487
	case RowNoCancelOK:
		return r | RobotNoCancelOK
	}
	return r | one(d, 0, RobotChallenge, RobotEndless, RobotTwoTags, RobotAnswers, RobotAnswers|RobotTwice, RobotBackwards, Robot481, RobotNo487, RobotNoCancelOK,
		RobotDeafOnce, RobotAnyway)
}

func (d *drawer) network() {
	n := &d.s.Network
	n.Loss = one(d, 0, 0, 0.05, 0.05, 0.3)
	n.Duplicate = one(d, 0, 0, 0.05, 0.05, 0.2)
	switch d.IntN(6) {
	case 0, 1:
		n.DelayMin, n.DelayMax = 5*time.Millisecond, 5*time.Millisecond
	case 2, 3:
		n.DelayMin, n.DelayMax = time.Millisecond, 40*time.Millisecond
	case 4:
		n.DelayMin, n.DelayMax = 5*time.Millisecond, 400*time.Millisecond
	case 5:
		n.DelayMin, n.DelayMax = 20*time.Millisecond, 1500*time.Millisecond
	}
}

// do adds an action at a time of the script, on one that follows an event.
func (d *drawer) do(at time.Duration, phone int, v Verb) *Action {
	d.s.Actions = append(d.s.Actions, Action{Phone: phone, Verb: v, At: script + at})
	return &d.s.Actions[len(d.s.Actions)-1]
}

func (d *drawer) on(e ua.EventKind, of, nth int, after time.Duration, phone int, v Verb) *Action {
	d.s.Actions = append(d.s.Actions, Action{Phone: phone, Verb: v, On: e, Of: of, Nth: nth, At: after})
	return &d.s.Actions[len(d.s.Actions)-1]
}

// callees returns the telephones behind the last proxy, and which is the first of those that have a number.
func (d *drawer) callees() []int {
	var list []int
	for i, p := range d.s.Topology.Phones {
		if !p.Caller {
			list = append(list, i)
		}
	}
	return list
}

func (d *drawer) script() {
	t := &d.s.Topology
	number := numberPhones
	if t.Robot != 0 && (t.Proxies == 0 || d.s.Aim >= RowRepeated && d.s.Aim != RowForked && d.s.Aim != RowLosing && d.s.Aim != RowAfter407 && d.s.Aim != RowOtherSource ||
		d.s.Aim == RowAfter100 || d.s.Aim == RowNone && d.often(60)) {
		number = numberRobot
	}
	if d.s.Aim == RowNone && d.often(8) {
		number = one(d, numberNobody, numberOther, "3001")
	}
	d.do(d.within(time.Second), 0, Dial).Number = number
	callees := d.callees()
	callee := func() int { return callees[d.IntN(len(callees))] }
	answers := func(after time.Duration) {
		for _, c := range callees {
			d.on(ua.EventIncoming, c, 0, after+d.within(20*time.Millisecond), c, Answer)
		}
	}
	round := 2 * time.Duration(t.Proxies+1) * d.s.Network.DelayMax
	switch d.s.Aim {
	case RowBefore100:
		d.on(ua.EventCalling, 0, 0, d.within(round), 0, HangUp)
	case RowAfter100:
		d.on(ua.EventTrying, 0, 0, d.within(min(round, time.Second)), 0, HangUp)
	case RowCrossing:
		ring := d.within(4 * time.Second)
		answers(ring)
		if len(callees) > 0 && d.often(50) {
			d.on(ua.EventAnswered, callees[0], 0, d.within(round/2+time.Millisecond), 0, HangUp)
		} else {
			d.on(ua.EventRinging, 0, 0, ring+d.within(20*time.Millisecond), 0, HangUp)
		}
	case RowAfter200:
		answers(d.within(4 * time.Second))
		d.on(ua.EventAnswered, 0, 0, d.within(450*time.Millisecond), 0, HangUp)
	case RowLosing:
		answers(d.within(3 * time.Second))
		d.on(ua.EventRinging, 0, 0, d.within(6*time.Second), 0, HangUp)
	case RowNone, RowOtherSource:
		d.talk(callee, len(callees) > 0)
	default:
		d.on(ua.EventRinging, 0, 0, d.within(8*time.Second), 0, HangUp)
		if d.often(20) && len(callees) > 0 {
			c := callee()
			d.on(ua.EventIncoming, c, 0, d.within(10*time.Second), c, one(d, Answer, Decline)).Status = 603
		}
	}
	d.more(callee, len(callees) > 0)
	// Whatever happened, the receivers go down in the end.
	for i := range t.Phones {
		if d.often(70) {
			d.do(time.Duration(30+d.IntN(30))*time.Second, i, HangUp)
		}
	}
}

// talk is a call that is answered, declined or let ring, changed and ended by either side.
func (d *drawer) talk(callee func() int, have bool) {
	if !have {
		d.on(ua.EventCalling, 0, 0, d.within(15*time.Second), 0, HangUp)
		return
	}
	c := callee()
	switch d.IntN(8) {
	case 0:
		d.on(ua.EventIncoming, c, 0, d.within(10*time.Second), c, Decline).Status = one(d, 486, 480, 603, 404, 500, 302, 401, 488, 606)
	case 1:
		return
	default:
		d.on(ua.EventIncoming, c, 0, d.within(8*time.Second), c, Answer)
	}
	who := one(d, 0, c)
	for range d.IntN(4) {
		at := d.within(6 * time.Second)
		v := one(d, Hold, Hold, Resume, Digit)
		d.on(ua.EventAnswered, 0, 0, at, who, v)
		if d.often(40) {
			d.on(ua.EventAnswered, 0, 0, at+d.within(10*time.Millisecond), 0+c-who, v) // both at once
		}
	}
	end := d.within(20 * time.Second)
	d.on(ua.EventAnswered, one(d, 0, c), 0, end, who, HangUp)
	if d.often(20) {
		d.on(ua.EventAnswered, 0, 0, end+d.within(30*time.Millisecond), c-who, HangUp)
	}
}

// more are further calls.
func (d *drawer) more(callee func() int, have bool) {
	t := &d.s.Topology
	if d.often(25) {
		d.on(ua.EventEnded, 0, 0, d.within(5*time.Second), 0, Dial).Number = one(d, numberPhones, numberRobot, numberNobody)
		d.on(ua.EventCalling, 0, 1, d.within(12*time.Second), 0, HangUp)
	}
	if len(t.Phones) > 1 && t.Phones[1].Caller && d.often(70) {
		d.do(d.within(5*time.Second), 1, Dial).Number = one(d, numberPhones, numberPhones, numberOther, numberCaller)
		d.on(ua.EventCalling, 1, 0, d.within(25*time.Second), 1, HangUp)
	}
	if have && d.often(15) {
		// The callee calls back, also at the same moment.
		c := callee()
		d.do(d.within(3*time.Second), c, Dial).Number = numberCaller
		d.on(ua.EventCalling, c, 0, d.within(15*time.Second), c, HangUp)
		if d.often(50) {
			d.on(ua.EventIncoming, 0, 0, d.within(4*time.Second), 0, one(d, Answer, HangUp))
		}
	}
}

func (d *drawer) faults() {
	t := &d.s.Topology
	n := &d.s.Network
	var names []string
	for i := range t.Proxies {
		names = append(names, proxyName(i))
	}
	for _, p := range t.Phones {
		names = append(names, p.Name)
	}
	add := func(k FaultKind, node string, from, to time.Duration) {
		f := Fault{Kind: k, Node: node, At: script + from + time.Duration(d.Int64N(int64(to-from)))}
		if k == Partition || k == OneWay {
			f.For = time.Duration(1+d.IntN(20)) * time.Second
			if d.often(10) {
				f.For += 30 * time.Second // longer than any transaction lives
			}
		}
		d.s.Faults = append(d.s.Faults, f)
	}
	some := func() string { return names[d.IntN(len(names))] }
	if d.often(15) {
		add(one(d, Partition, OneWay), some(), 0, 20*time.Second)
	}
	if d.often(10) {
		add(RestartNode, some(), 0, 25*time.Second)
	}
	if (t.Transport != capture.UDP || t.Far != capture.UDP) && d.often(30) {
		add(HangConnections, some(), 0, 15*time.Second)
	}
	if t.Hostile {
		victim := some()
		if d.s.Aim == RowOtherSource {
			add(ForgeCancel, victim, 0, 6*time.Second)
			add(ForgeCancel, one(d, "caller", victim, names[0]), 0, 6*time.Second)
		}
		for range 1 + d.IntN(3) {
			add(one(d, ForgeCancel, ForgeBye, Junk), some(), 0, 10*time.Second)
		}
	}
	// A schedule without a fault does not count. Loss and the like are datagrams'.
	switch udp := t.Transport == capture.UDP && t.Far == capture.UDP; {
	case len(d.s.Faults) > 0:
	case !udp:
		add(one(d, HangConnections, HangConnections, HangConnections, RestartNode), some(), 0, 12*time.Second)
	case n.Loss < 0.1 && n.Duplicate < 0.1:
		n.Duplicate = 0.2
		if n.DelayMin == n.DelayMax && d.often(50) {
			n.DelayMax = 60 * time.Millisecond
		}
	}
}

// mute lets what somebody sends fail. It draws from a stream of its own, so that what there was without it stays as it was.
func (d *drawer) mute() {
	d.Rand = rand.New(rand.NewPCG(d.s.Seed, 0x6f6666))
	if !d.often(6) {
		return
	}
	names := make([]string, 0, 8)
	for i := range d.s.Topology.Proxies {
		names = append(names, proxyName(i))
	}
	for _, p := range d.s.Topology.Phones {
		names = append(names, p.Name)
	}
	f := Fault{Kind: one(d, Offline, Blocked), Node: one(d, names...), At: script + d.within(20*time.Second), For: time.Duration(1+d.IntN(20)) * time.Second}
	if d.often(10) {
		f.For += 30 * time.Second
	}
	d.s.Faults = append(d.s.Faults, f)
}

func proxyName(i int) string { return fmt.Sprintf("proxy%d", i+1) }
