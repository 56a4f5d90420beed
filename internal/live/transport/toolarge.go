package transport

import (
	"bytes"
	"hash/maphash"
	"slices"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// tooLarge remembers which requests went over TCP since they were too large for UDP (RFC 3261 §18.1.1), for as long as their
// transactions may last. An element that asks for UDP sends them again by its timers, which a reliable transport does not need
// (§17.1.1.2), and their ACK and CANCEL, small as they are, go where the request went (§17.1.1.3, §9.1).
//
// All this would better be known before the transaction is made. An element that looks at the length first, and asks for TCP, is left
// alone: this is the net under those that do not.
type tooLarge struct {
	seed  maphash.Seed
	moved map[uint64]*largeRequest // by branch and address
}

// largeRequest is one that was too large for UDP.
type largeRequest struct {
	method  string
	until   time.Time
	refused bool // there is nobody at TCP: it went over UDP
}

const (
	largeKept = 4096
	largeFor  = 4 * time.Minute // longer than Timer C (§16.6 step 11)
)

// sendLarge sends a request over TCP that is too large for UDP or belongs to one that was. False: it goes over UDP.
func (d *Driver) sendLarge(o *outgoing) bool {
	large := d.cfg.Limits.Datagram > 0 && len(o.data) > d.cfg.Limits.Datagram
	if !large && !bytes.HasPrefix(o.data, []byte("ACK ")) && !bytes.HasPrefix(o.data, []byte("CANCEL ")) {
		return false
	}
	m := sip.Parse(o.data)
	if !m.IsRequest() || o.flow.Remote.Addr().IsMulticast() {
		return false // responses go where §18.2.2 says, whatever their size
	}
	via, branch, ok := viaTransport(m)
	if !ok {
		return false
	}
	t := &d.large
	if t.moved == nil {
		t.seed, t.moved = maphash.MakeSeed(), map[uint64]*largeRequest{}
	}
	var h maphash.Hash
	h.SetSeed(t.seed)
	h.Write(branch)
	h.WriteString(o.flow.Remote.String())
	sum := h.Sum64()
	r := t.moved[sum]
	if r != nil && r.until.Before(d.now) {
		delete(t.moved, sum)
		r = nil
	}
	method := string(m.MethodName())
	over := live.Flow{Transport: capture.TCP, Local: o.flow.Local, Remote: o.flow.Remote}
	switch {
	case r == nil && !large:
		return false
	case r == nil:
		t.sweep(d.now)
		r = &largeRequest{method: method, until: d.now.Add(largeFor)}
		t.moved[sum] = r
	case r.refused:
		return false
	case r.method == method && d.pool.find(over) != nil:
		return true // sent again, over what loses nothing
	}
	if r.method == method {
		d.counters.TooLarge.Add(1)
	}
	d.flush()
	w := waiting{outgoing: *o, via: via}
	if r.method == method {
		w.large = r
	}
	w.data = slices.Clone(o.data)
	copy(w.data[via:], "TCP") // "If this causes a change in the transport protocol […] the value in the top Via MUST be changed"
	d.sendOver(w, over)
	return true
}

// sweep makes room.
func (t *tooLarge) sweep(now time.Time) {
	if len(t.moved) < largeKept {
		return
	}
	for k, r := range t.moved {
		if r.until.Before(now) {
			delete(t.moved, k)
		}
	}
	for k := range t.moved {
		if len(t.moved) < largeKept {
			return
		}
		delete(t.moved, k) // whichever: its ACK or CANCEL may go over UDP
	}
}

// viaTransport returns where the transport of the topmost Via stands, if it is UDP, and the branch.
func viaTransport(m *sip.Message) (at int, branch []byte, ok bool) {
	for s := range m.Values(sip.FieldVia) {
		value := m.Text(s)
		// sent-protocol = protocol-name SLASH protocol-version SLASH transport (§25.1)
		i := bytes.IndexByte(value, '/')
		j := bytes.IndexByte(value[i+1:], '/')
		if i < 0 || j < 0 {
			return 0, nil, false
		}
		at = i + 1 + j + 1
		for at < len(value) && (value[at] == ' ' || value[at] == '\t') {
			at++
		}
		if len(value) < at+4 || !bytes.EqualFold(value[at:at+3], []byte("UDP")) || value[at+3] != ' ' && value[at+3] != '\t' {
			return 0, nil, false
		}
		branch, _ = sip.ParseVia(value).Params.Get("branch")
		return int(s.Start) + at, branch, true
	}
	return 0, nil, false
}

// fallBack sends over UDP what nobody takes over TCP: "if the attempt to establish the connection generates either an ICMP Protocol Not
// Supported, or results in a TCP reset, the element SHOULD retry the request, using UDP" (§18.1.1).
func (d *Driver) fallBack(w *waiting) {
	w.large.refused = true
	copy(w.data[w.via:], "UDP")
	d.sendDatagram(w.outgoing)
	d.flush()
}
