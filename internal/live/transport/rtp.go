package transport

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/media"
	"sipscribe/internal/neterror"
)

// RTPConfig is what an RTP is made with.
type RTPConfig struct {
	// PortMin and PortMax bound the ports (an SPA's RTP Port Min and RTP Port Max, 16384 and 16482). RTP has an even one, RTCP the next
	// (RFC 3550 §11).
	PortMin, PortMax uint16
	// Session returns what the session of a new call of a line is opened with.
	Session func(line int) media.SessionConfig
	// Heard is told each key that the other side of a session presses, by a goroutine of its own. nil: nobody is.
	Heard func(p media.Port, key byte)
	// Closed is told of each session that has ended, by a goroutine of its own. nil: nobody is.
	Closed func(line int, c media.SessionConfig, n media.Counts)
	// Tap gets every packet of RTP and RTCP. Its calls do not overlap; it must not wait. The record and its bytes are borrowed.
	Tap func(*capture.Record)
	// Allow is the network guard, as in Config: what comes from elsewhere is not looked at, either.
	Allow func(netip.AddrPort) bool
	// Logger gets what happens to ports. nil: nothing is logged.
	Logger *slog.Logger
}

// The ports that an SPA comes with.
const (
	defaultRTPPortMin = 16384
	defaultRTPPortMax = 16482
)

// RTP opens the ports of calls on the sockets of the machine and drives their sessions with its clock.
//
//	socket of RTP ──▶ reader ──┐                ┌──▶ socket of RTP
//	socket of RTCP ─▶ reader ──┼─▶ media.Session┤
//	timer ──────────▶ sender ──┘                └──▶ socket of RTCP
//
// The sound is not driven by the Driver of the signalling: fifty packets a second of each call would wait for whatever a SIP element does, and it
// for them. The two meet where the element describes a session, and where a key is heard.
type RTP struct {
	cfg     RTPConfig
	running sync.WaitGroup
	heard   chan heardKey
	done    chan struct{}

	mu     sync.Mutex
	open   map[*RTPPort]struct{}
	next   uint16
	closed bool

	tapping sync.Mutex
	tap     tap
}

type heardKey struct {
	port *RTPPort
	key  byte
}

// maxHeard is how many keys wait to be told of. Nobody presses as many.
const maxHeard = 64

// NewRTP returns an RTP with no port open.
func NewRTP(cfg RTPConfig) (*RTP, error) {
	if cfg.PortMin == 0 {
		cfg.PortMin = defaultRTPPortMin
		if cfg.PortMax == 0 {
			cfg.PortMax = defaultRTPPortMax
		}
	}
	if cfg.PortMax == 0 {
		cfg.PortMax = uint16(min(65535, int(cfg.PortMin)+defaultRTPPortMax-defaultRTPPortMin))
	}
	cfg.PortMin += cfg.PortMin & 1
	if cfg.PortMin == 0 || cfg.PortMax <= cfg.PortMin {
		return nil, fmt.Errorf("RTP ports from %d to %d: want an even port and the one above it at least", cfg.PortMin, cfg.PortMax)
	}
	if cfg.Allow == nil {
		cfg.Allow = func(netip.AddrPort) bool { return true }
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	r := &RTP{cfg: cfg, next: cfg.PortMin, open: map[*RTPPort]struct{}{}, heard: make(chan heardKey, maxHeard), done: make(chan struct{}), tap: tap{to: cfg.Tap}}
	r.running.Go(r.tell)
	return r, nil
}

// tell tells of the keys that were heard: whoever is told may wait for an element that itself waits for a session.
func (r *RTP) tell() {
	for {
		select {
		case h := <-r.heard:
			if r.cfg.Heard != nil {
				r.cfg.Heard(h.port, h.key)
			}
		case <-r.done:
			return
		}
	}
}

// Close ends every session and waits for what was started. No key is told of any more: an element that would be told has to be let go before.
func (r *RTP) Close() {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		r.running.Wait()
		return
	}
	r.closed = true
	close(r.done)
	ports := make([]*RTPPort, 0, len(r.open))
	for p := range r.open {
		ports = append(ports, p)
	}
	r.mu.Unlock()
	for _, p := range ports {
		p.Close(time.Now())
	}
	r.running.Wait()
}

// Ports returns how many pairs of ports are open.
func (r *RTP) Ports() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.open)
}

// Counts returns what the sessions that are open have come to so far, in no order.
func (r *RTP) Counts() []media.Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	counts := make([]media.Counts, 0, len(r.open))
	for p := range r.open {
		p.mu.Lock()
		counts = append(counts, p.session.Counts())
		p.mu.Unlock()
	}
	return counts
}

// Open opens the next free pair of ports. One that something else has is passed over.
func (r *RTP) Open(now time.Time, line int, at netip.Addr) (media.Port, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, ErrClosed
	}
	pairs := (int(r.cfg.PortMax)-int(r.cfg.PortMin)-1)/2 + 1
	for range pairs {
		port := r.next
		if r.next += 2; r.next >= r.cfg.PortMax || r.next < r.cfg.PortMin {
			r.next = r.cfg.PortMin
		}
		conns, err := listenPair(at, port)
		if neterror.InUse(err) {
			r.cfg.Logger.Debug("RTP port is taken", "port", port)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("opening the ports %d and %d of %s for RTP: %w", port, port+1, at, neterror.Plain(err))
		}
		p := &RTPPort{rtp: r, line: line, conns: conns, local: netip.AddrPortFrom(at, port), wake: make(chan struct{}, 1), ended: make(chan struct{})}
		if r.cfg.Session != nil {
			p.cfg = r.cfg.Session(line)
		}
		p.cfg.Digit = p.hear
		p.session = media.NewSession(p.cfg, now)
		p.send = p.transmit
		r.open[p] = struct{}{}
		for i := range p.conns {
			p.readers.Go(func() { p.read(i == 1) })
		}
		r.running.Go(p.pace)
		r.cfg.Logger.Debug("RTP port is open", "at", p.local)
		return p, nil
	}
	return nil, fmt.Errorf("no RTP port of %s is free from %d to %d", at, r.cfg.PortMin, r.cfg.PortMax)
}

// listenPair binds a port and the one above it.
func listenPair(at netip.Addr, port uint16) (conns [2]*net.UDPConn, err error) {
	network := "udp4"
	if at.Is6() {
		network = "udp6"
	}
	for i := range conns {
		if conns[i], err = net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(at, port+uint16(i)))); err != nil {
			if i == 1 {
				conns[0].Close()
			}
			return conns, err
		}
		_ = conns[i].SetReadBuffer(rtpReceiveBuffer) // as far as the system lets us
	}
	return conns, nil
}

// rtpReceiveBuffer is how much may wait to be read, in bytes: a flood of some hundred packets leaves room for the one that is wanted.
const rtpReceiveBuffer = 512 << 10

// RTPPort is an open pair of ports with its session.
type RTPPort struct {
	rtp   *RTP
	line  int
	cfg   media.SessionConfig
	conns [2]*net.UDPConn // RTP, RTCP
	local netip.AddrPort

	readers sync.WaitGroup
	wake    chan struct{} // what Next says may have changed
	ended   chan struct{}

	mu      sync.Mutex
	session *media.Session
	ending  bool
	send    func(rtcp bool, to netip.AddrPort, b []byte) // transmit: made once
}

// Local returns the address of RTP.
func (p *RTPPort) Local() netip.AddrPort { return p.local }

// Describe begins the stream, or changes it.
func (p *RTPPort) Describe(now time.Time, d media.Description) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.nudge()
	return p.session.Describe(now, d)
}

// Dial sends digits.
func (p *RTPPort) Dial(now time.Time, digits string, each time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.nudge()
	return p.session.Dial(now, digits, each)
}

func (p *RTPPort) nudge() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

const (
	// drainFor is how long a socket that is about to be closed is read for what has come already: whoever hangs up has sent his last packet
	// before his BYE, and it counts.
	drainFor = 2 * time.Millisecond
	// maxDrained bounds that where somebody floods the port, in packets.
	maxDrained = 1024
	// maxReadErrors is how many reads in a row may fail.
	maxReadErrors = 16
)

// Close ends the session: what has come is read, the last report goes out, the sockets are closed.
func (p *RTPPort) Close(now time.Time) media.Counts {
	p.mu.Lock()
	if p.ending {
		defer p.mu.Unlock()
		return p.session.Counts()
	}
	p.ending = true
	p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.SetReadDeadline(time.Now())
	}
	p.readers.Wait()
	p.mu.Lock()
	counts := p.session.Close(now, p.send)
	p.mu.Unlock()
	close(p.ended)
	for _, c := range p.conns {
		_ = c.Close()
	}
	r := p.rtp
	r.mu.Lock()
	delete(r.open, p)
	r.mu.Unlock()
	if r.cfg.Closed != nil {
		r.running.Go(func() { r.cfg.Closed(p.line, p.cfg, counts) })
	}
	r.cfg.Logger.Debug("RTP port is closed", "at", p.local, "sent", counts.Sent, "received", counts.Received.Packets, "lost", counts.Received.Lost, "strangers", counts.Strangers)
	return counts
}

// hear passes on a key. It is called while the session is held.
func (p *RTPPort) hear(key byte) {
	select {
	case p.rtp.heard <- heardKey{p, key}:
	default: // more than anybody presses
	}
}

// read reads from a socket until the port is closed.
func (p *RTPPort) read(rtcp bool) {
	conn := p.conns[0]
	local := p.local
	if rtcp {
		conn, local = p.conns[1], netip.AddrPortFrom(local.Addr(), local.Port()+1)
	}
	var buf [media.MaxPacket + 1]byte // what does not fit is too large, however large
	failed := 0
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf[:])
		now := time.Now()
		if err != nil {
			p.mu.Lock()
			ending := p.ending
			p.mu.Unlock()
			switch failed++; {
			case ending:
				p.drain(conn, rtcp, local, buf[:])
				return
			case failed > maxReadErrors:
				p.rtp.cfg.Logger.Warn("RTP port is deaf", "at", local, "error", neterror.Plain(err))
				return
			}
			continue // an ICMP error of a datagram before, where the system tells of it
		}
		failed = 0
		p.take(now, rtcp, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), local, buf[:n])
	}
}

// drain reads what is there yet. The deadline is set anew for each read, so that there is a read at all: one that begins after it fails unread.
func (p *RTPPort) drain(conn *net.UDPConn, rtcp bool, local netip.AddrPort, buf []byte) {
	for range maxDrained {
		if conn.SetReadDeadline(time.Now().Add(drainFor)) != nil {
			return
		}
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		p.take(time.Now(), rtcp, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), local, buf[:n])
	}
}

func (p *RTPPort) take(now time.Time, rtcp bool, from, local netip.AddrPort, b []byte) {
	if !p.rtp.cfg.Allow(from) {
		return
	}
	p.mu.Lock()
	p.session.Receive(now, rtcp, from, b)
	p.mu.Unlock()
	p.rtp.tapped(now, capture.Received, from, local, b)
}

// pace sends what is due, when it is.
func (p *RTPPort) pace() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		p.mu.Lock()
		next := time.Time{}
		if !p.ending {
			p.session.Wake(time.Now(), p.send)
			next = p.session.Next()
		}
		p.mu.Unlock()
		if next.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(time.Until(next))
		}
		select {
		case <-timer.C:
		case <-p.wake:
		case <-p.ended:
			return
		}
	}
}

// transmit writes a packet. What cannot be sent is lost, as it might be on the way.
func (p *RTPPort) transmit(rtcp bool, to netip.AddrPort, b []byte) {
	conn, local := p.conns[0], p.local
	if rtcp {
		conn, local = p.conns[1], netip.AddrPortFrom(local.Addr(), local.Port()+1)
	}
	if !p.rtp.cfg.Allow(to) || to.Addr().Is4() != local.Addr().Is4() {
		return
	}
	if _, err := conn.WriteToUDPAddrPort(b, to); err == nil {
		p.rtp.tapped(time.Now(), capture.Sent, local, to, b)
	}
}

// tapped shows a packet to the tap.
func (r *RTP) tapped(now time.Time, way capture.Direction, src, dst netip.AddrPort, b []byte) {
	if r.tap.to == nil {
		return
	}
	r.tapping.Lock()
	defer r.tapping.Unlock()
	r.tap.media(now, way, src, dst, b)
}
