package emit

import (
	"container/list"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket/layers"

	"sipscribe/internal/capture"
)

// maxConnections is how many TCP connections a Pcap keeps the sequence numbers of. Over it the one that was silent for longest is
// ended with FIN, and begins anew with a handshake should it speak again.
const maxConnections = 4096

// connKey names a connection: its ends in the order of their addresses.
type connKey struct{ a, b netip.AddrPort }

func keyOf(src, dst netip.AddrPort) connKey {
	if dst.Compare(src) < 0 {
		src, dst = dst, src
	}
	return connKey{src, dst}
}

// connection has the next sequence number of each end.
type connection struct {
	key     connKey
	opener  netip.AddrPort
	a, b    uint32
	element *list.Element
}

// next returns the next sequence numbers of one end and of the other.
func (c *connection) next(from netip.AddrPort) (own, other *uint32) {
	if from == c.key.a {
		return &c.a, &c.b
	}
	return &c.b, &c.a
}

// connections keeps the connections, the one that was silent for longest first.
type connections struct {
	byKey map[connKey]*connection
	age   list.List // of *connection
	born  uint32
}

func (c *connections) init() { c.byKey = make(map[connKey]*connection) }

// stream writes a message as the next bytes of its connection, which it opens if it is new.
func (p *Pcap) stream(src, dst netip.AddrPort, data []byte) error {
	key := keyOf(src, dst)
	c := p.conns.byKey[key]
	if c == nil {
		if len(p.conns.byKey) >= maxConnections {
			if err := p.finish(p.conns.age.Front().Value.(*connection)); err != nil {
				return err
			}
		}
		p.conns.born++
		// Initial numbers that differ from connection to connection; who opened it is whose message comes first.
		c = &connection{key: key, opener: src, a: p.conns.born << 12, b: p.conns.born<<12 + 1<<30}
		p.conns.byKey[key] = c
		c.element = p.conns.age.PushBack(c)
		// RFC 9293 §3.5, figure 6.
		for i, flags := range []layers.TCP{{SYN: true}, {SYN: true, ACK: true}, {ACK: true}} {
			from, to := src, dst
			if i == 1 {
				from, to = dst, src
			}
			if err := p.segment(c, from, to, flags, nil); err != nil {
				return err
			}
		}
	}
	p.conns.age.MoveToBack(c.element)
	most := maxPayload(src.Addr()) - 20
	for {
		n := min(len(data), most)
		if err := p.segment(c, src, dst, layers.TCP{ACK: true, PSH: true}, data[:n]); err != nil {
			return err
		}
		if data = data[n:]; len(data) == 0 {
			return nil
		}
	}
}

// segment writes one segment and counts it.
func (p *Pcap) segment(c *connection, src, dst netip.AddrPort, header layers.TCP, data []byte) error {
	own, other := c.next(src)
	header.SrcPort, header.DstPort = layers.TCPPort(src.Port()), layers.TCPPort(dst.Port())
	header.Seq, header.Window = *own, 65535
	if header.ACK {
		header.Ack = *other
	}
	p.tcp = header
	*own += uint32(len(data))
	if header.SYN || header.FIN {
		*own++
	}
	return p.packet(src.Addr(), dst.Addr(), layers.IPProtocolTCP, data)
}

// finish ends a connection (RFC 9293 §3.6) and forgets it.
func (p *Pcap) finish(c *connection) error {
	p.conns.age.Remove(c.element)
	delete(p.conns.byKey, c.key)
	peer := c.key.a
	if c.opener == peer {
		peer = c.key.b
	}
	if err := p.segment(c, c.opener, peer, layers.TCP{FIN: true, ACK: true}, nil); err != nil {
		return err
	}
	if err := p.segment(c, peer, c.opener, layers.TCP{FIN: true, ACK: true}, nil); err != nil {
		return err
	}
	return p.segment(c, c.opener, peer, layers.TCP{ACK: true}, nil)
}

// Close ends the connections that are open, at the time of the last record. It does not close the writer.
func (p *Pcap) Close() error {
	for e := p.conns.age.Front(); e != nil; e = p.conns.age.Front() {
		if err := p.finish(e.Value.(*connection)); err != nil {
			return err
		}
	}
	return nil
}

// instant returns the time of a record: in UTC, or where that is not known the log's wall clock as if it were.
func instant(t capture.Time) time.Time { return time.Unix(0, t.Clock).UTC() }
