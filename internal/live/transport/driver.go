package transport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/neterror"
)

// Driver drives an element. Its methods may be called by several goroutines at a time.
type Driver struct {
	cfg      Config
	counters Counters
	udp      []*udpSocket
	streams  []*streamListener
	bound    []Listener
	ctx      context.Context // ends when the driver closes
	cancel   context.CancelFunc
	running  sync.WaitGroup // every goroutine
	pool     pool
	routes   routes
	large    tooLarge

	mu      sync.Mutex // holds the element, and all that follows
	element live.Element
	now     time.Time
	closed  bool
	out     live.Outbox            // what the element asks for now
	doing   live.Outbox            // what is being carried out
	writing *udpSocket             // has datagrams in its out
	done    func(*outgoing, error) // wrote: made once, since each making is an allocation
	timer   *time.Timer
	armed   time.Time // when timer fires; zero: it does not
	fired   time.Time // when it did
	lookups int       // going on
	tap     tap
}

// ErrClosed is returned by Do once the driver has stopped.
var ErrClosed = errors.New("the transport is closed")

// ErrGuard is in the error of what Config.Allow did not let through.
var ErrGuard = errors.New("the network guard does not let it through")

// New makes a driver and binds all its sockets; from then on the kernel takes what arrives, which Run hands to the element. The error
// says which address could not be had and what to do about it.
func New(cfg Config, element live.Element) (*Driver, error) {
	cfg.Limits = cfg.Limits.filled()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Allow == nil {
		cfg.Allow = func(netip.AddrPort) bool { return true }
	}
	d := &Driver{cfg: cfg, element: element, tap: tap{to: cfg.Tap}}
	d.done = d.wrote
	d.pool.init()
	if err := d.listen(); err != nil {
		d.release()
		return nil, err
	}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.timer = time.AfterFunc(time.Hour, d.wake)
	d.timer.Stop()
	return d, nil
}

// Run drives the element until ctx ends, then closes every socket and connection and waits for everything that it started. It may
// be called once. The error is nil unless a socket failed by itself.
func (d *Driver) Run(ctx context.Context) error {
	failed := make(chan error, len(d.udp)+len(d.streams))
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return ErrClosed
	}
	for _, s := range d.udp {
		d.running.Go(func() {
			handle := func() { d.datagrams(s) }
			unreachable := func(to netip.AddrPort, quote []byte, err error) { d.unreachable(s, to, quote, err) }
			if err := s.serve(s, handle, unreachable); err != nil && d.ctx.Err() == nil {
				failed <- fmt.Errorf("reading UDP at %s: %w", s.addr, neterror.Plain(err))
			}
		})
	}
	for _, l := range d.streams {
		d.running.Go(func() {
			if err := d.accept(l); err != nil && d.ctx.Err() == nil {
				failed <- fmt.Errorf("accepting %s connections at %s: %w", l.transport, l.addr, neterror.Plain(err))
			}
		})
	}
	d.mu.Unlock()
	d.event(func(time.Time, *live.Outbox) {}) // it may want to be woken
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	d.Close()
	return err
}

// Close closes every socket and connection and waits for what was started. What waits to be written to a connection has a moment to go
// out. Run does it at its end; it is for a driver that is not run.
func (d *Driver) Close() {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		d.running.Wait()
		return
	}
	d.closed = true
	d.timer.Stop()
	d.pool.closeAll(lingerAtClose)
	d.mu.Unlock()
	d.cancel()
	d.release()
	d.running.Wait()
}

// release closes the listening sockets.
func (d *Driver) release() {
	for _, s := range d.udp {
		s.conn.Close()
	}
	for _, l := range d.streams {
		l.ln.Close()
	}
}

// Do calls f as the element is called: alone, and what f puts into out is carried out before Do returns. Neither the element nor the tap
// may call it. It works from New on.
func (d *Driver) Do(f func(now time.Time, out *live.Outbox)) error {
	if !d.event(f) {
		return ErrClosed
	}
	return nil
}

// Listeners returns what the driver listens at, in the order of Config.Listen, with the ports that port 0 became.
func (d *Driver) Listeners() []Listener { return d.bound }

// Counters returns the counters of the driver; they may be read at any time.
func (d *Driver) Counters() *Counters { return &d.counters }

// Overflowed returns how many datagrams the system threw away since they came faster than they were read (Linux; 0 elsewhere, and once
// the driver is closed).
func (d *Driver) Overflowed() uint64 {
	var n uint64
	for _, s := range d.udp {
		n += s.dropped()
	}
	return n
}

// event holds the element, calls f, and carries out what the element asks for. False: the driver is closed, and f was not called.
func (d *Driver) event(f func(now time.Time, out *live.Outbox)) bool {
	if !d.enter() {
		return false
	}
	defer d.mu.Unlock()
	f(d.now, &d.out)
	d.leave()
	return true
}

// enter takes hold of the element and reads the clock, which does not go back. False: the driver is closed, and nothing is held.
func (d *Driver) enter() bool {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return false
	}
	d.now = time.Now()
	return true
}

// leave carries out what the element asks for, wakes it if its time has come, and sees to it that it will be woken. Whoever entered
// unlocks.
func (d *Driver) leave() {
	d.carryOut()
	next := d.element.Next()
	if !next.IsZero() && !next.After(d.now) {
		d.element.Wake(d.now, &d.out)
		d.carryOut()
		next = d.element.Next()
	}
	d.arm(next)
}

// datagrams hands over what a read of a socket brought.
func (d *Driver) datagrams(s *udpSocket) {
	if !d.enter() {
		return
	}
	defer d.mu.Unlock()
	d.counters.Batches.Add(1)
	var bytes, messages uint64
	for i := range s.in {
		g := &s.in[i]
		switch lookAt(g.data) {
		case isEmpty:
			d.counters.Empty.Add(1)
			continue
		case isKeepAlive:
			// RFC 5626 §4.4.1 has them for streams alone; devices send them over UDP, too, to hold the binding of a NAT.
			d.counters.KeepAlives.Add(1)
			continue
		case isNotSIP:
			d.counters.NotSIP.Add(1)
			continue
		}
		messages++
		bytes += uint64(len(g.data))
		f := s.flow(g)
		d.tap.message(d.now, capture.Received, f, g.data)
		d.element.Receive(d.now, f, g.data, &d.out)
	}
	d.counters.UDP.Received.Add(messages)
	d.counters.UDP.ReceivedBytes.Add(bytes)
	d.leave()
}

// unreachable tells that an ICMP error came back for a datagram (RFC 3261 §18.4). Over loopback it is there before the call that sent the
// datagram returns: only whoever holds the element knows what was sent.
func (d *Driver) unreachable(s *udpSocket, to netip.AddrPort, quote []byte, err error) {
	d.event(func(now time.Time, out *live.Outbox) {
		d.counters.Unreachable.Add(1)
		if o, ok := s.sent.find(to, quote); ok {
			d.element.Failed(now, o.flow, o.ref, fmt.Errorf("%s is unreachable: %w", to, neterror.Plain(err)), out)
		}
	})
}
