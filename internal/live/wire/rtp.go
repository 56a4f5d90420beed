package wire

import (
	"fmt"
	"net/netip"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/internal/media"
)

// RTP opens the sessions of calls on a network: each is a node of its own, with two ports.
type RTP struct {
	Net *Network
	// Session returns what the session of a new call of a line is opened with; its Digit is Heard's.
	Session func(line int) media.SessionConfig
	// Heard, if set, is told each key that the other side of a session presses.
	Heard func(p media.Port, key byte)
	// Closed, if set, is told what each session has come to.
	Closed func(p media.Port, n media.Counts)
	// PortMin is the first port; 0: 16384.
	PortMin uint16
}

// Open opens the first free pair of ports.
func (r *RTP) Open(now time.Time, line int, at netip.Addr) (media.Port, error) {
	first := r.PortMin
	if first == 0 {
		first = 16384
	}
	for port := first; port >= first; port += 2 {
		rtp, rtcp := netip.AddrPortFrom(at, port), netip.AddrPortFrom(at, port+1)
		if r.Net.ports[portKey{false, rtp}] != nil || r.Net.ports[portKey{false, rtcp}] != nil {
			continue
		}
		p := &rtpPort{rtp: r, local: rtp}
		cfg := media.SessionConfig{}
		if r.Session != nil {
			cfg = r.Session(line)
		}
		cfg.Digit = func(key byte) {
			if r.Heard != nil {
				r.Heard(p, key)
			}
		}
		p.session = media.NewSession(cfg, now)
		p.node = r.Net.Add(fmt.Sprintf("RTP %v", rtp), p, rtp, rtcp)
		p.node.media = true
		return p, nil
	}
	return nil, fmt.Errorf("no RTP port of %v is free", at)
}

// rtpPort is an open pair of ports, and the element that has them.
type rtpPort struct {
	rtp     *RTP
	node    *Node
	session *media.Session
	local   netip.AddrPort
	closed  bool
}

var _ live.Element = (*rtpPort)(nil)

func (p *rtpPort) Local() netip.AddrPort { return p.local }

func (p *rtpPort) Describe(now time.Time, d media.Description) error {
	return p.session.Describe(now, d)
}

func (p *rtpPort) Dial(now time.Time, digits string, each time.Duration) error {
	return p.session.Dial(now, digits, each)
}

func (p *rtpPort) Close(now time.Time) media.Counts {
	var n media.Counts
	p.rtp.Net.Do(p.node, func(_ time.Time, out *live.Outbox) { n = p.session.Close(now, p.send(out)) })
	if !p.closed {
		p.closed = true
		p.rtp.Net.Remove(p.node)
		if p.rtp.Closed != nil {
			p.rtp.Closed(p, n)
		}
	}
	return n
}

func (p *rtpPort) send(out *live.Outbox) func(rtcp bool, to netip.AddrPort, b []byte) {
	return func(rtcp bool, to netip.AddrPort, b []byte) {
		local := p.local
		if rtcp {
			local = netip.AddrPortFrom(local.Addr(), local.Port()+1)
		}
		out.Send(live.Flow{Transport: capture.UDP, Local: local, Remote: to}, 0, b)
	}
}

func (p *rtpPort) Receive(now time.Time, from live.Flow, data []byte, _ *live.Outbox) {
	p.session.Receive(now, from.Local != p.local, from.Remote, data)
}

func (p *rtpPort) Wake(now time.Time, out *live.Outbox) { p.session.Wake(now, p.send(out)) }

func (p *rtpPort) Next() time.Time { return p.session.Next() }

// RTP looks nothing up, and does without what is lost.
func (p *rtpPort) Resolved(time.Time, uint64, []live.Flow, error, *live.Outbox) {}

func (p *rtpPort) Failed(time.Time, live.Flow, uint64, error, *live.Outbox) {}

func (p *rtpPort) Closed(time.Time, live.Flow, *live.Outbox) {}
