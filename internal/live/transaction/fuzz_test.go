package transaction

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// FuzzLayer hands a layer events in any order (requests and responses of a small alphabet, so that they meet, come twice and overtake each
// other; what a user does; failures; time) and wants of every order what the bench and observer want: one final response, each
// transaction ended once, nothing sent for one that is gone, nothing left over, and no 100, 1xx or 408 that RFC 4320 forbids.
func FuzzLayer(f *testing.F) {
	f.Add([]byte{0, 0, 1, 1, 6, 0, 4, 0, 1, 2, 1, 5})       // INVITE, 180, CANCEL, 200, 487
	f.Add([]byte{0, 0, 4, 0, 1, 0, 6, 9, 1, 3, 1, 3})       // CANCEL held
	f.Add([]byte{2, 0, 3, 1, 2, 2, 3, 8, 2, 1, 6, 3, 7, 0}) // INVITE, 180, CANCEL, 487, ACK
	f.Add([]byte{2, 3, 6, 0, 6, 0, 3, 0, 3, 2, 2, 3})       // OPTIONS
	f.Add([]byte{0, 64, 2, 64, 3, 64, 5, 0, 5, 1})          // TCP
	f.Fuzz(func(t *testing.T, data []byte) {
		newObserver(t).run(data[:min(len(data), 400)])
	})
}

// TestSchedules does the same with some thousand orders that are always the same ones, and wants every arrow of every figure taken.
func TestSchedules(t *testing.T) {
	taken := map[Transition]int{}
	r := rand.New(rand.NewPCG(3261, 6026))
	for i := range 1500 {
		data := make([]byte, 20+r.IntN(200))
		for j := range data {
			data[j] = byte(r.Uint32())
		}
		o := newObserver(t)
		watch := o.l.config.Observe
		o.l.config.Observe = func(a Transition) {
			taken[a]++
			watch(a)
		}
		if o.run(data); t.Failed() {
			t.Fatalf("order %d: %x", i, data)
		}
	}
	for _, a := range Transitions() {
		if taken[a] == 0 {
			t.Errorf("%v: %v -%v-> %v was never taken", a.Machine, a.From, a.Event, a.To)
		}
	}
}

// observer carries events out and looks at what comes of them.
type observer struct {
	*bench
	clients []*Client
	servers []*Server
	given   map[string]bool // responses that the user gave
	dead    map[uint64]bool // refs of transactions that are gone
	refs    map[uint64]bool
	seen    int // of bench.sent
}

func newObserver(t testing.TB) *observer {
	o := &observer{given: map[string]bool{}, dead: map[uint64]bool{}, refs: map[uint64]bool{}}
	o.bench = newBench(t, Config{MaxClients: 6, MaxServers: 6, Observe: func(a Transition) {
		if a.From == StateTerminated && a.To != StateTerminated {
			t.Errorf("%v came back from the dead by %v", a.Machine, a.Event)
		}
	}})
	o.onServer = func(s *Server, m *sip.Message, cancels *Server) { o.servers = append(o.servers, s) }
	return o
}

var (
	fuzzRequests = []string{"INVITE", "ACK", "CANCEL", "OPTIONS", "FOO"}
	fuzzBranches = []string{"z9hG4bK1", "z9hG4bK2", "1", "z9hG4bK3"}
	fuzzStatuses = []int{100, 180, 200, 486, 183, 487, 202, 401, 408, 600}
)

// run carries events out, two bytes each, and ends.
func (o *observer) run(data []byte) {
	for len(data) >= 2 {
		o.do(data[0], data[1])
		data = data[2:]
		if o.t.Failed() {
			return
		}
	}
	o.finish()
}

func methodOf(m sip.Method) string {
	if m == sip.MethodOther {
		return "FOO"
	}
	return m.String()
}

// do carries one event out. Of what, the low bits choose; the two highest bits are TCP and a tag in To.
func (o *observer) do(op, of byte) {
	n := int(of & 0x3f)
	flow := overUDP
	if of&0x40 != 0 {
		flow = overTCP
	}
	var more string
	if of&0x80 != 0 {
		more = ";tag=b"
	}
	make := func(method string) []byte {
		return []byte(strings.Replace(string(request(method, fuzzBranches[n/8%4])), "To: <sip:bob@example.com>", "To: <sip:bob@example.com>"+more, 1))
	}
	switch op % 8 {
	case 0:
		if c, err := o.l.Send(o.now, flow, make(fuzzRequests[n%5]), nil, &o.out); err == nil {
			o.began[c] = true
			o.clients = append(o.clients, c)
		} else if !errors.Is(err, ErrFull) && !strings.Contains(err.Error(), "client transaction") {
			o.t.Error(err)
		}
	case 1:
		to := request(fuzzRequests[[]int{0, 2, 3, 4}[of>>6]], fuzzBranches[n/8%4])
		if len(o.clients) > 0 && of < 0xf0 { // one that is waited for, or was
			c := o.clients[max(0, len(o.clients)-1-n/8%4)]
			to = request(methodOf(c.Method()), c.Branch())
		}
		o.l.Receive(o.now, overUDP, sip.Parse(response(fuzzStatuses[n%8], to, "x")), &o.out)
	case 2:
		o.accept = n%7 != 6
		o.l.Receive(o.now, flow, sip.Parse(make(fuzzRequests[n%5])), &o.out)
	case 3:
		if len(o.servers) > 0 {
			s := o.servers[n%len(o.servers)]
			r := response(fuzzStatuses[int(of)/8%10], request(methodOf(s.Method()), "z9hG4bKr"), "b")
			o.given[string(r)] = true
			o.l.Respond(o.now, s, r, &o.out)
		}
	case 4:
		if len(o.clients) > 0 {
			o.l.Cancel(o.now, o.clients[n%len(o.clients)], "", nil, &o.out)
		}
	case 5:
		ref := uint64(0)
		if n > 0 && len(o.sent) > 0 {
			ref = o.sent[n%len(o.sent)].Ref
		}
		if n == 1 {
			o.l.Closed(o.now, flow, &o.out)
		} else {
			o.l.Failed(o.now, flow, ref, errors.New("refused"), &o.out)
		}
	case 6: // when it wants to, or earlier
		if next := o.l.Next(); !next.IsZero() && n%2 == 0 {
			o.now = next
		} else {
			o.now = o.now.Add(time.Duration(n*n) * time.Millisecond)
		}
		o.wake()
	case 7: // far too late
		o.now = o.now.Add(time.Duration(n) * time.Second)
		o.wake()
	}
	o.look()
}

func (o *observer) wake() {
	o.l.Wake(o.now, &o.out)
	if next := o.l.Next(); !next.IsZero() && !next.After(o.now) {
		o.t.Errorf("after Wake the next one is %v ago", o.now.Sub(next))
	}
}

// look is what holds after every event.
func (o *observer) look() {
	o.adopt()
	o.flush()
	for _, i := range o.sent[o.seen:] {
		m := sip.Parse(i.Data)
		switch {
		case i.Kind != live.ItemSend:
			o.t.Errorf("item of kind %d", i.Kind)
		case o.dead[i.Ref]:
			o.t.Errorf("%s is sent for a transaction that is gone", name(m))
		case m.IsResponse() && m.Status != 100 && !o.given[string(i.Data)]:
			o.t.Errorf("the layer answers %s by itself", name(m))
		case m.IsResponse() && m.Method != sip.MethodInvite && (m.Status > 100 && m.Status < 200 || m.Status == 408):
			o.t.Errorf("%s, which RFC 4320 forbids", name(m))
		}
		o.refs[i.Ref] = true
	}
	o.seen = len(o.sent)
	for ref := range o.refs {
		if o.l.slots.find(ref) == nil {
			o.dead[ref] = true
			delete(o.refs, ref)
		}
	}
	c := o.l.Counts()
	if n := len(o.l.clients) + len(o.l.servers); c.All() != n {
		o.t.Errorf("%d are counted, %d are there", c.All(), n)
	}
	if n := len(o.l.servers) - o.l.ownServers; n > 6 {
		o.t.Errorf("%d servers of at most 6", n)
	}
	for _, d := range o.l.deadlines {
		if d.at != d.t.machine.next() || d.t.state == StateTerminated {
			o.t.Errorf("the deadline of a transaction that is %v is not its own", d.t.state)
		}
	}
}

// finish answers what is open, lets all timers end and wants nothing to be left.
func (o *observer) finish() {
	for _, s := range o.servers {
		if s.Method() == sip.MethodInvite {
			r := response(500, request("INVITE", "z9hG4bKr"), "b")
			o.given[string(r)] = true
			o.l.Respond(o.now, s, r, &o.out)
		}
	}
	for _, c := range o.clients {
		o.l.Cancel(o.now, c, "", nil, &o.out)
	}
	o.look()
	for range 1000 {
		next := o.l.Next()
		if next.IsZero() {
			break
		}
		if next.After(o.now) {
			o.now = next
		}
		o.wake()
		o.look()
	}
	empty(o.bench)
}
