package transport

import (
	"fmt"
	"net/netip"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/neterror"
)

// maxRounds bounds how often the element may ask for more when it is told how what it asked for went. One that sends again at once whatever
// fails would never let go; what is left then waits for the next wake-up.
const maxRounds = 32

// carryOut carries out what the element asked for, in order, and what it asks for meanwhile.
func (d *Driver) carryOut() {
	for round := 0; len(d.out.Items) > 0; round++ {
		if round == maxRounds {
			d.arm(d.now)
			return
		}
		d.out, d.doing = d.doing, d.out
		for i := range d.doing.Items {
			d.carry(&d.doing.Items[i])
		}
		d.flush()
		d.doing.Reset()
	}
}

// carry carries out one item. Datagrams wait for flush; whatever is not a datagram of the same socket flushes first, so that the tap has
// all in order.
func (d *Driver) carry(it *live.Item) {
	switch it.Kind {
	case live.ItemSend:
		d.send(outgoing{flow: it.Flow, ref: it.Ref, data: it.Data})
	case live.ItemResolve:
		d.resolve(it.Ref, it.Target)
	case live.ItemClose:
		d.flush()
		d.pool.closeFlow(it.Flow)
	case live.ItemSay:
		d.flush()
		d.tap.say(d.now, it)
	}
}

func (d *Driver) send(o outgoing) {
	if !d.cfg.Allow(o.flow.Remote) {
		d.counters.Guarded.Add(1)
		d.fail(&o, fmt.Errorf("nothing was sent to %s: %w", o.flow.Remote, ErrGuard))
		return
	}
	switch o.flow.Transport {
	case capture.UDP:
		if len(o.data) > d.cfg.Limits.Datagram && d.cfg.Limits.Datagram > 0 || len(d.large.moved) > 0 {
			if d.sendLarge(&o) {
				return
			}
		}
		d.sendDatagram(o)
	case capture.TCP, capture.TLS:
		d.flush()
		d.sendStream(o)
	default:
		d.counters.Failed.Add(1)
		d.fail(&o, fmt.Errorf("there is no transport %q here: UDP, TCP and TLS", o.flow.Transport))
	}
}

func (d *Driver) sendDatagram(o outgoing) {
	s, err := d.socketFor(o.flow)
	if err != nil {
		d.counters.Failed.Add(1)
		d.fail(&o, err)
		return
	}
	if s != d.writing || len(s.out) == cap(s.out) {
		d.flush()
		d.writing = s
	}
	switch {
	case !s.wildcard:
		o.local = s.addr
	case o.flow.Local.IsValid() && !o.flow.Local.Addr().IsUnspecified():
		o.local = netip.AddrPortFrom(o.flow.Local.Addr(), s.addr.Port())
	default:
		o.local = d.routes.from(d.now, o.flow.Remote, s.addr.Port()) // the tap has to know it
	}
	s.out = append(s.out, o)
}

// socketFor returns the socket of a flow: that of its Local, or the first one of the address family.
func (d *Driver) socketFor(f live.Flow) (*udpSocket, error) {
	if len(d.udp) == 1 && (!f.Local.IsValid() || f.Local == d.udp[0].addr) && f.Remote.Addr().Is4() == d.udp[0].addr.Addr().Is4() {
		return d.udp[0], nil
	}
	for _, wildcard := range [2]bool{false, true} {
		for _, s := range d.udp {
			switch {
			case s.addr.Addr().Is4() != f.Remote.Addr().Is4():
			case !f.Local.IsValid(), s.addr == f.Local,
				wildcard && s.wildcard && (f.Local.Port() == 0 || f.Local.Port() == s.addr.Port()):
				return s, nil
			}
		}
	}
	if !f.Local.IsValid() {
		return nil, fmt.Errorf("%s cannot be reached over UDP: there is no UDP listener of its address family", f.Remote)
	}
	return nil, fmt.Errorf("%s cannot be reached over UDP from %s: there is no UDP listener at that address", f.Remote, f.Local)
}

// flush writes the datagrams that wait.
func (d *Driver) flush() {
	s := d.writing
	if s == nil {
		return
	}
	d.writing = nil
	if len(s.out) > 0 {
		s.send(s, d.done)
	}
}

// wrote tells how it went with a datagram.
func (d *Driver) wrote(o *outgoing, err error) {
	switch err {
	case nil:
		f := o.flow
		f.Local = o.local
		d.sent(&d.counters.UDP, f, o.data)
	case errSendFull:
		// It is lost, as it might be lost on the way: what matters is sent again by its transaction.
		d.counters.SendFull.Add(1)
	default:
		d.counters.Failed.Add(1)
		d.fail(o, fmt.Errorf("sending to %s over UDP: %w", o.flow.Remote, neterror.Plain(err)))
	}
}

// sent counts and taps what went out.
func (d *Driver) sent(t *Traffic, f live.Flow, data []byte) {
	if lookAt(data) != isMessage {
		return // keep-alives are the element's own to send, and no messages
	}
	t.Sent.Add(1)
	t.SentBytes.Add(uint64(len(data)))
	d.tap.message(d.now, capture.Sent, f, data)
}

// fail tells the element that something did not go out.
func (d *Driver) fail(o *outgoing, err error) {
	d.element.Failed(d.now, o.flow, o.ref, err, &d.out)
}
