package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/neterror"
)

// stream is a connection, TCP or TLS over it. One goroutine reads it; another writes while there is something that could not be written
// at once.
type stream struct {
	d        *Driver
	flow     live.Flow // all of it is set before the stream is in the pool, but Local of one that is being made
	accepted bool

	// Held by the driver's lock.
	ready   bool // the connection stands
	known   bool // the element knows of it, and is told its end
	waiting []waiting
	waits   int // bytes of waiting

	conn net.Conn // set before ready
	tcp  *net.TCPConn
	writer
	active atomic.Int64 // when something was read or written last, as UnixNano
}

// waiting is a message for a connection that is being made.
type waiting struct {
	outgoing
	large *largeRequest // it goes over UDP after all if the connection is refused; else nil
	via   int           // of large: where the transport of its topmost Via stands
}

func (s *stream) key() poolKey { return poolKey{s.flow.Transport, s.flow.Remote, s.flow.Name} }

// sendStream sends over a connection: that of the flow; one that there is; else one that is made.
func (d *Driver) sendStream(o outgoing) { d.sendOver(waiting{outgoing: o}, o.flow) }

// sendOver sends over a connection of the flow to, which is not o.flow only of what is too large for UDP.
func (d *Driver) sendOver(o waiting, to live.Flow) {
	s := d.pool.find(to)
	switch {
	case s == nil && to.Conn != 0:
		// RFC 3261 §18.2.2 has the server open a new one to where the Via of the response says; that is for the element to decide, which has
		// the request.
		d.counters.Failed.Add(1)
		d.fail(&o.outgoing, fmt.Errorf("the connection with %s is gone", to.Remote))
	case s == nil:
		d.connect(o, to)
	case !s.ready:
		if s.waits += len(o.data); s.waits > d.cfg.Limits.WriteQueue {
			s.waits -= len(o.data)
			d.counters.Failed.Add(1)
			d.fail(&o.outgoing, fmt.Errorf("%d bytes wait already for a connection to %s", s.waits, to.Remote))
			return
		}
		o.data = append([]byte(nil), o.data...)
		s.waiting = append(s.waiting, o)
	default:
		d.write(s, o.outgoing)
	}
}

// write hands a message to a connection that stands.
func (d *Driver) write(s *stream, o outgoing) {
	if err := s.enqueue(o); err != nil {
		d.counters.Failed.Add(1)
		d.fail(&o, err)
		return
	}
	s.known = true
	d.sent(d.traffic(s.flow.Transport), s.flow, o.data)
}

func (d *Driver) traffic(t capture.Transport) *Traffic {
	if t == capture.TLS {
		return &d.counters.TLS
	}
	return &d.counters.TCP
}

// accept takes connections until the listener is closed.
func (d *Driver) accept(l *streamListener) error {
	for pause := time.Duration(0); ; {
		c, err := l.ln.AcceptTCP()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return err
			}
			// No file descriptors, as a rule. The connections wait in the backlog.
			d.cfg.Logger.Warn("cannot accept a connection", "address", l.addr.String(), "error", neterror.Plain(err))
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			if !d.pause(pause) {
				return net.ErrClosed
			}
			continue
		}
		pause = 0
		d.take(l, c)
	}
}

// pause waits; false if the driver closes meanwhile.
func (d *Driver) pause(t time.Duration) bool {
	timer := time.NewTimer(t)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-d.ctx.Done():
		return false
	}
}

// take takes one connection, if there is room for it.
func (d *Driver) take(l *streamListener, c *net.TCPConn) {
	s := d.newStream(c)
	s.accepted = true
	s.flow = live.Flow{Transport: l.transport, Local: addrOf(c.LocalAddr()), Remote: addrOf(c.RemoteAddr())}
	if !d.cfg.Allow(s.flow.Remote) {
		d.counters.Guarded.Add(1)
		c.Close()
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || d.pool.full(s.flow.Remote.Addr(), &d.cfg.Limits) {
		if !d.closed {
			d.counters.Refused.Add(1)
		}
		c.Close()
		return
	}
	d.pool.number(s)
	d.counters.Accepted.Add(1)
	d.counters.Connections.Add(1)
	if l.transport == capture.TLS {
		s.conn = d.serverTLS(c)
	} else {
		s.ready = true
		d.pool.offer(s)
	}
	d.running.Go(func() { s.read(time.Now().Add(d.cfg.Limits.FirstMessage)) })
}

func (d *Driver) newStream(c *net.TCPConn) *stream {
	s := &stream{d: d, conn: c, tcp: c}
	s.active.Store(time.Now().UnixNano())
	return s
}

func addrOf(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	p := t.AddrPort()
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
}

// read reads the connection to its end. first is when the first message must be whole; zero: there is no such time.
func (s *stream) read(first time.Time) {
	d := s.d
	if s.accepted && s.flow.Transport == capture.TLS && !s.greet(first) {
		return
	}
	f := framer{limit: d.cfg.Limits.Message}
	var half time.Time // when the message that has begun must be whole
	for {
		deadline := time.Unix(0, s.active.Load()).Add(d.cfg.Limits.Idle)
		if !first.IsZero() && first.Before(deadline) {
			deadline = first
		}
		if !half.IsZero() && half.Before(deadline) {
			deadline = half
		}
		s.conn.SetReadDeadline(deadline)
		var n int
		var err error
		if !s.ending.Load() { // goodbye set a deadline of its own, maybe just before we set ours
			n, err = s.conn.Read(f.room())
		}
		if s.ending.Load() {
			s.drain()
			s.end(errStopped)
			return
		}
		f.took(n)
		if n > 0 {
			s.active.Store(time.Now().UnixNano())
			messages, status := d.frames(s, &f)
			if messages > 0 {
				first, half = time.Time{}, time.Time{}
			}
			if status == frameHalf && half.IsZero() {
				half = time.Now().Add(d.cfg.Limits.HalfMessage)
			} else if status == frameNone {
				half = time.Time{}
			}
			if counter, why := d.misframed(status); why != nil {
				counter.Add(1)
				if status == frameBadLength {
					// The element has the header and may answer it (400, RFC 4475 §3.1.2.3); then the connection ends, since where the next
					// message begins is not known.
					s.finish(time.Time{})
					s.drain()
				}
				s.end(why)
				return
			}
		}
		if err == nil {
			continue
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			now := time.Now()
			switch {
			case !first.IsZero() && !first.After(now):
				d.counters.Slow.Add(1)
				err = errors.New("no message was whole in time")
			case !half.IsZero() && !half.After(now):
				d.counters.Slow.Add(1)
				err = errors.New("a message was not whole in time")
			case now.UnixNano()-s.active.Load() < int64(d.cfg.Limits.Idle):
				continue // something was written meanwhile
			default:
				d.counters.Idle.Add(1)
				err = errors.New("nothing came or went for too long")
			}
		}
		s.end(err)
		return
	}
}

// frames hands over the messages that are whole, and says how many, and what stands behind them.
func (d *Driver) frames(s *stream, f *framer) (messages int, status frameStatus) {
	data, status := f.next()
	if data == nil && f.pings == 0 {
		return 0, status
	}
	if !d.enter() {
		return 0, status
	}
	defer d.mu.Unlock()
	t := d.traffic(s.flow.Transport)
	for ; data != nil; data, status = f.next() {
		messages++
		s.known = true
		t.Received.Add(1)
		t.ReceivedBytes.Add(uint64(len(data)))
		d.tap.message(d.now, capture.Received, s.flow, data)
		d.element.Receive(d.now, s.flow, data, &d.out)
		if status == frameBadLength {
			break
		}
	}
	if f.pings > 0 {
		d.counters.KeepAlives.Add(uint64(f.pings))
		// RFC 5626 §5.4: a server MUST answer a double CRLF with a single one. What a client is sent between messages are answers.
		if s.accepted {
			s.pong(f.pings)
		}
		f.pings = 0
	}
	d.leave()
	return messages, status
}

// misframed says why a connection ends after what the framer found, and where it is counted; nil: it goes on.
func (d *Driver) misframed(status frameStatus) (*atomic.Uint64, error) {
	switch status {
	case frameBadLength:
		return &d.counters.BadLength, errors.New("a Content-Length was no number, or two differed")
	case frameTooLong:
		return &d.counters.TooLong, fmt.Errorf("a message was longer than %d bytes", d.cfg.Limits.Message)
	case frameInvalid:
		return &d.counters.NotSIP, errors.New("what came was no SIP")
	}
	return nil, nil
}

// end closes the connection and tells the element what did not go out, and that it has ended.
func (s *stream) end(why error) {
	d := s.d
	lost := s.stop()
	d.mu.Lock()
	out := d.pool.forget(s)
	d.mu.Unlock()
	if !out {
		return
	}
	d.counters.Connections.Add(-1)
	if !errors.Is(why, io.EOF) {
		d.cfg.Logger.Debug("a connection ended", "transport", s.flow.Transport.String(), "remote", s.flow.Remote.String(), "error", neterror.Plain(why))
	}
	d.event(func(now time.Time, o *live.Outbox) {
		for i := range lost {
			d.counters.Failed.Add(1)
			d.element.Failed(now, lost[i].flow, lost[i].ref, fmt.Errorf("the connection with %s ended: %w", s.flow.Remote, neterror.Plain(why)), o)
		}
		if s.known {
			d.element.Closed(now, s.flow, o)
		}
	})
}

// connect makes a connection for a message.
func (d *Driver) connect(o waiting, to live.Flow) {
	if d.pool.made >= d.cfg.Limits.Connections {
		d.counters.Refused.Add(1)
		d.fail(&o.outgoing, fmt.Errorf("no connection to %s: there are %d already, which is the limit", to.Remote, d.pool.made))
		return
	}
	s := &stream{d: d, flow: to}
	d.pool.number(s)
	d.pool.offer(s)
	d.counters.Connections.Add(1)
	o.data = append([]byte(nil), o.data...)
	s.waiting, s.waits = []waiting{o}, len(o.data)
	d.running.Go(func() {
		c, tc, err := d.dial(s.flow)
		if d.connected(s, c, tc, err) {
			s.read(time.Time{})
		} else if err == nil {
			tc.Close()
		}
	})
}

// dial makes a TCP connection, and TLS over it.
func (d *Driver) dial(f live.Flow) (net.Conn, *net.TCPConn, error) {
	ctx, cancel := context.WithTimeout(d.ctx, d.cfg.Limits.Connect)
	defer cancel()
	var dialer net.Dialer
	if f.Local.IsValid() && !f.Local.Addr().IsUnspecified() {
		// From the same address; the port is the listener's, and any will do (§18.1.1: the response comes over the connection).
		dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(f.Local.Addr(), 0))
	}
	c, err := dialer.DialContext(ctx, "tcp", f.Remote.String())
	if err != nil {
		return nil, nil, connectError(f, err)
	}
	tc := c.(*net.TCPConn)
	if f.Transport != capture.TLS {
		return tc, tc, nil
	}
	t, err := d.clientTLS(ctx, tc, f)
	if err != nil {
		d.counters.Handshakes.Add(1)
		tc.Close()
		return nil, nil, err
	}
	return t, tc, nil
}

// connectError says in words why a connection could not be made.
func connectError(f live.Flow, err error) error {
	return fmt.Errorf("no %s connection to %s: %w", f.Transport, f.Remote, neterror.Plain(err))
}

// connected writes what waits for a connection, or tells that it could not be made. False: the connection is not wanted.
func (d *Driver) connected(s *stream, c net.Conn, tc *net.TCPConn, err error) (wanted bool) {
	if !d.enter() {
		d.mu.Lock()
		d.pool.forget(s)
		d.mu.Unlock()
		d.counters.Connections.Add(-1)
		return false
	}
	defer d.mu.Unlock()
	waits := s.waiting
	s.waiting, s.waits = nil, 0
	if err != nil {
		d.pool.forget(s)
		d.counters.Connections.Add(-1)
		for i := range waits {
			if waits[i].large != nil && neterror.Refused(err) {
				d.fallBack(&waits[i])
				continue
			}
			d.counters.Failed.Add(1)
			d.fail(&waits[i].outgoing, err)
		}
		d.leave()
		return false
	}
	d.counters.Connected.Add(1)
	s.conn, s.tcp = c, tc
	s.active.Store(d.now.UnixNano())
	s.flow.Local = addrOf(tc.LocalAddr())
	s.ready = true
	for i := range waits {
		d.write(s, waits[i].outgoing)
	}
	d.leave()
	return true
}
