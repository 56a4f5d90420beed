package pcap

import (
	"bytes"
	"container/list"
	"encoding/binary"
	"math"
	"net/netip"
	"slices"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// Limits of what waits in TCP streams.
const (
	// maxHole is how long, by the capture's clock, a stream waits for a segment that its sender may send again.
	maxHole = 5 * time.Second
	// maxAhead is how much of one stream is kept behind a hole, in bytes.
	maxAhead = 1 << 20
	// maxSegments is how many segments of one stream are kept behind a hole.
	maxSegments = 2048
	// maxStreams is how many streams are remembered. One that was forgotten begins again in its middle, which costs nothing
	// between two messages.
	maxStreams = 1 << 16
	// maxStreamBytes is how much all streams together keep, beside streamOverhead for each.
	maxStreamBytes = 64 << 20
	// segmentOverhead is what a kept segment costs beside its bytes.
	segmentOverhead = 160
	// maxWithoutSIP is after how many bytes a stream without a start line, on another port than SIP's, is taken for another protocol.
	maxWithoutSIP = 64 << 10
	// maxLateSYN is how far behind the stream a SYN may stand and still belong to it, in bytes.
	maxLateSYN = 64 << 10
	// maxTail is how much of a line is kept, behind a loss, because a start line may be in it.
	maxTail = 512
	// maxMarks is of how many frames an unfinished message remembers the places.
	maxMarks = 1024
	// farAway is a distance of sequence numbers that no window bridges: it is another connection between the same ports.
	farAway = 1 << 30
)

// TCP flags (RFC 9293 §3.1).
const (
	tcpFIN = 1
	tcpSYN = 2
	tcpRST = 4
)

// streamKey names one direction of a connection.
type streamKey struct {
	src, dst         netip.Addr
	srcPort, dstPort uint16
}

// streamKind is what a stream carries, as far as it was seen.
type streamKind uint8

const (
	streamUnsure streamKind = iota
	streamSIP
	streamTLS
	streamOther
	streamWS
)

// segment is bytes of a stream that came before those in front of them.
type segment struct {
	seq  uint32
	data []byte
	lack int // bytes after data that the snap length took away
	at   place
}

// mark says where the bytes of stream.buf from an offset on come from.
type mark struct {
	from int
	at   place
}

// stream is one direction of a TCP connection:
//
//	        next: the sequence number expected
//	          ▼
//	──────────┬──────────┬───────────┬──────┬─────────
//	 told     │ buf      │  hole     │ ahead…
//	          a message that is not whole    segments that came too early
type stream struct {
	key      streamKey
	kind     streamKind
	sipPort  bool
	lost     bool // bytes are missing before buf: what is not SIP up to the next start line is the rest of a message
	next     uint32
	buf      []byte
	marks    []mark
	blank    int // how much of buf was searched for the empty line; -1: it was found
	need     int // length that the message in buf must reach before sip.Frame is worth asking
	ahead    []segment
	bytes    int    // kept in ahead
	counted  int    // of buf, in streams.bytes
	seen     int64  // bytes without a start line so far
	hole     int64  // clock at which the hole was seen
	parts    []byte // of a WebSocket message in several frames, unmasked
	partsAt  place
	wait     waiting
	element  *list.Element // in streams.age
	holeElem *list.Element // in streams.holes
}

// streams keeps the streams, the one that was silent for longest first.
type streams struct {
	byKey map[streamKey]*stream
	age   list.List // of *stream
	holes list.List // of *stream, by the time at which the hole was seen
	bytes int
}

func (s *streams) init() { s.byKey = make(map[streamKey]*stream) }

// tcp reads the header of RFC 9293 §3.1 and puts the segment in its place in the stream.
func (d *decoder) tcp(b []byte) verdict {
	if len(b) < 20 {
		return malformed
	}
	header := int(b[12]>>4) * 4
	if header < 20 {
		return malformed
	}
	if header > len(b) {
		if d.pkt.cut || d.pkt.missing != capture.MissingNothing {
			header = len(b) // the capture ends within the options
		} else {
			return malformed
		}
	}
	key := streamKey{src: d.pkt.src, dst: d.pkt.dst, srcPort: binary.BigEndian.Uint16(b), dstPort: binary.BigEndian.Uint16(b[2:])}
	seq, flags := binary.BigEndian.Uint32(b[4:]), b[13]
	data, lack := b[header:], d.pkt.lack
	all := &d.streams
	s := all.byKey[key]
	if flags&tcpSYN != 0 {
		seq++
		if s != nil {
			// A SYN that was sent again, or captured late, is not far behind. Any other begins a new connection between the same ports.
			if behind := int32(s.next - seq); behind < 0 || behind > maxLateSYN {
				d.endStream(s, capture.MissingStream)
				s = nil
			}
		}
	}
	if s == nil {
		if flags&tcpSYN == 0 && len(data)+lack == 0 || flags&tcpRST != 0 {
			d.in.Stats.Other++
			return done
		}
		s = d.newStream(key, seq)
		// A capture that begins within a connection begins within a message, most likely.
		s.lost = flags&tcpSYN == 0
	}
	all.age.MoveToBack(s.element)
	if flags&tcpRST != 0 {
		d.endStream(s, capture.MissingStream)
		d.in.Stats.Other++
		return done
	}
	if len(data)+lack == 0 {
		d.in.Stats.Other++
	} else {
		d.segment(s, seq, data, lack)
	}
	if flags&tcpFIN != 0 && s.next == seq+uint32(len(data)+lack) {
		d.endStream(s, capture.MissingStream)
	}
	return done
}

func (d *decoder) newStream(key streamKey, seq uint32) *stream {
	all := &d.streams
	if len(all.byKey) >= maxStreams {
		d.endStream(all.age.Front().Value.(*stream), capture.MissingStream)
	}
	s := &stream{key: key, next: seq, sipPort: isSIPPort(key.srcPort) || isSIPPort(key.dstPort)}
	all.byKey[key] = s
	s.element = all.age.PushBack(s)
	return s
}

// segment puts data in its place. lack is how many bytes after it the snap length took away.
func (d *decoder) segment(s *stream, seq uint32, data []byte, lack int) {
	switch diff := int32(seq - s.next); {
	case diff >= farAway || diff <= -farAway:
		d.giveUpMessage(s, capture.MissingStream)
		d.dropAhead(s)
		s.lost = true
		s.next = seq
	case diff > 0:
		d.keepAhead(s, seq, data, lack)
		return
	case diff < 0:
		if int(-diff) >= len(data)+lack {
			return // sent again
		}
		known := int(-diff)
		lack = min(lack, len(data)+lack-known)
		data = data[min(known, len(data)):]
	}
	p := d.place(data)
	d.contiguous(s, data, lack, &p)
	d.drain(s)
	d.tidy(s)
}

// drain takes in the kept segments that follow now.
func (d *decoder) drain(s *stream) {
	for len(s.ahead) > 0 {
		g := &s.ahead[0]
		diff := int32(g.seq - s.next)
		if diff > 0 {
			break
		}
		data, lack, at := g.data, g.lack, g.at
		d.streams.bytes -= len(data) + segmentOverhead
		s.bytes -= len(data)
		s.ahead = s.ahead[1:]
		known := int(-diff) // bytes that came already
		if known >= len(data)+lack {
			continue
		}
		lack = min(lack, len(data)+lack-known)
		data = data[min(known, len(data)):]
		at.offset = min(at.offset+int64(known), at.end)
		d.contiguous(s, data, lack, &at)
	}
	if len(s.ahead) == 0 {
		s.ahead = nil
		d.closeHole(s)
	}
}

func (d *decoder) closeHole(s *stream) {
	if s.holeElem != nil {
		d.streams.holes.Remove(s.holeElem)
		s.holeElem = nil
	}
}

// keepAhead keeps a segment that came before its turn.
func (d *decoder) keepAhead(s *stream, seq uint32, data []byte, lack int) {
	if s.kind == streamOther || s.kind == streamTLS {
		// Nobody reads it: the order does not matter.
		d.count(s)
		s.next = seq + uint32(len(data)+lack)
		return
	}
	i, found := slices.BinarySearchFunc(s.ahead, seq, func(g segment, seq uint32) int { return int(int32(g.seq - seq)) })
	if found && len(s.ahead[i].data) >= len(data) {
		return
	}
	p := d.place(data)
	s.ahead = slices.Insert(s.ahead, i, segment{seq: seq, data: append([]byte(nil), data...), lack: lack, at: p})
	s.bytes += len(data)
	d.streams.bytes += len(data) + segmentOverhead
	if s.holeElem == nil {
		s.hole = p.time.Clock
		s.holeElem = d.streams.holes.PushBack(s)
	}
	if s.bytes > maxAhead || len(s.ahead) > maxSegments {
		d.passHole(s)
	}
	d.tidy(s)
}

// passHole gives up on the bytes that are missing and goes on behind them.
func (d *decoder) passHole(s *stream) {
	d.giveUpMessage(s, capture.MissingStream)
	if len(s.ahead) > 0 {
		s.next = s.ahead[0].seq
		s.lost = true
		d.closeHole(s)
		d.drain(s)
		if len(s.ahead) > 0 && s.holeElem == nil {
			// Another hole behind the first.
			s.hole = d.clock.time.Clock
			s.holeElem = d.streams.holes.PushBack(s)
		}
	}
	d.tidy(s)
}

// expireStreams passes over the holes that are too old.
func (d *decoder) expireStreams(now int64) {
	for e := d.streams.holes.Front(); e != nil; e = d.streams.holes.Front() {
		s := e.Value.(*stream)
		if now-s.hole <= int64(maxHole) {
			return
		}
		d.passHole(s)
	}
}

// contiguous takes in the bytes that come next in a stream.
func (d *decoder) contiguous(s *stream, data []byte, lack int, at *place) {
	d.append(s, data, at)
	if lack > 0 {
		d.giveUpMessage(s, capture.MissingSnap)
		s.next += uint32(lack)
		s.lost = true
	}
}

// append takes in the bytes that come next and tells of the messages that become whole by them.
func (d *decoder) append(s *stream, data []byte, at *place) {
	if len(data) == 0 {
		return
	}
	s.next += uint32(len(data))
	if s.kind == streamTLS || s.kind == streamOther {
		if s.kind == streamOther && data[0] < 0x80 && sip.IsStartLine(firstLine(data)) {
			s.kind, s.lost = streamUnsure, true // it was SIP after all, met in the middle of a long body
		} else {
			d.count(s)
			return
		}
	}
	view := data
	if len(s.buf) > 0 {
		if len(s.marks) == maxMarks {
			// Only where a message begins matters: at the front, or near the end.
			s.marks = append(s.marks[:1], s.marks[maxMarks/2:]...)
		}
		s.marks = append(s.marks, mark{from: len(s.buf), at: *at})
		s.buf = append(s.buf, data...)
		view = s.buf
	} else {
		s.marks = append(s.marks[:0], mark{at: *at})
	}
	n := d.messages(s, view)
	left := view[n:]
	if s.kind == streamTLS || s.kind == streamOther {
		left = nil
	}
	if n == 0 && len(s.buf) > 0 && len(left) > 0 {
		return
	}
	// The records just made borrow buf, so that what is left goes into a new one. Only what is left is copied.
	s.rebase(n)
	s.buf = nil
	if len(left) > 0 {
		s.buf = append(make([]byte, 0, max(2*len(left), 1024)), left...)
	}
}

// rebase makes the marks count from an offset.
func (s *stream) rebase(n int) {
	if n == 0 {
		return
	}
	i := len(s.marks) - 1
	for i > 0 && s.marks[i].from > n {
		i--
	}
	s.marks = append(s.marks[:0], s.marks[i:]...)
	for i := range s.marks {
		m := &s.marks[i]
		m.from -= n
		if m.from < 0 {
			m.at.offset = min(m.at.offset-int64(m.from), m.at.end)
			m.from = 0
		}
	}
}

// at returns where the byte at an offset of the buffer comes from.
func (s *stream) at(offset int) place {
	i := len(s.marks) - 1
	for i > 0 && s.marks[i].from > offset {
		i--
	}
	p := s.marks[i].at
	p.offset = min(p.offset+int64(offset-s.marks[i].from), p.end)
	return p
}

// messages tells of the messages at the beginning of view and returns how many bytes are done with.
func (d *decoder) messages(s *stream, view []byte) (n int) {
	if s.kind == streamUnsure && isTLS(view, s.sipPort) {
		s.kind = streamTLS
		d.count(s)
		return len(view)
	}
	if s.kind == streamUnsure && (!s.sipPort || view[0] == 'G' || view[0] == 'H') {
		if isWebSocket(view) {
			s.kind, s.lost = streamWS, false
		} else if mayBecomeWebSocket(view) {
			return 0
		}
	}
	if s.kind == streamWS {
		return d.webSocket(s, view)
	}
	counted := false
	for n < len(view) {
		rest := view[n:]
		if !s.worthAsking(rest) {
			return n
		}
		k, status := sip.Frame(rest)
		if status == sip.FrameComplete {
			p := s.at(n)
			d.order.settle(&s.wait)
			d.message(&p, s.source(), s.destination(), rest[:k], capture.MissingNothing)
			s.kind, s.lost, s.seen = streamSIP, false, 0
		} else {
			switch status {
			case sip.FrameIncomplete:
				s.measure(rest)
				return n
			case sip.FrameKeepAlive:
				if s.kind == streamSIP || s.sipPort {
					d.in.Stats.KeepAlives++
				} else if !counted {
					d.in.Stats.Other++
					counted = true
				}
			case sip.FrameInvalid:
				if s.lost {
					// The rest of a body that has no line end at its end: the next message begins within the line.
					if at := startLineAfterJunk(rest[:k], k); at > 0 {
						k = at
					} else if tail := bytes.LastIndexByte(rest, '\n') + 1; k == len(rest) && k-tail <= maxTail {
						if k = tail; k == 0 {
							return n
						}
					}
				}
				if s.kind == streamUnsure {
					s.seen += int64(k)
				}
				switch {
				case s.lost && (s.kind == streamSIP || s.sipPort):
					// The rest of a message whose beginning is lost.
				case s.kind == streamSIP || s.sipPort:
					d.unrecognised(s.at(n), rest[:k])
				case !counted: // once a segment
					d.in.Stats.Other++
					counted = true
				}
				if s.kind == streamUnsure && !s.sipPort && s.seen > maxWithoutSIP {
					s.kind = streamOther
					return len(view)
				}
			}
		}
		s.blank, s.need = 0, 0
		if k <= 0 {
			return len(view) // cannot be; but a loop without end would be worse
		}
		n += k
	}
	return n
}

// worthAsking reports whether sip.Frame could say anything new about the unfinished message at the beginning of b. Without
// this, a message that comes in many small segments would be read again from its beginning for each.
func (s *stream) worthAsking(b []byte) bool {
	if s.blank >= 0 {
		if s.blank == 0 || len(b) > sip.MaxHeader {
			return true
		}
		from := max(s.blank-2, 0)
		s.blank = len(b)
		return bytes.Contains(b[from:], []byte("\n\r\n")) || bytes.Contains(b[from:], []byte("\n\n"))
	}
	return len(b) >= s.need
}

// measure notes how far sip.Frame read the unfinished message at the beginning of b.
func (s *stream) measure(b []byte) {
	if bytes.IndexByte(b, '\n') < 0 {
		s.blank = 0 // not even the start line: it may turn out to be none at any byte
		return
	}
	end := headerEnd(b)
	if end < 0 {
		s.blank = len(b)
		return
	}
	s.blank = -1
	s.need = end + contentLength(b[:end])
}

// headerEnd returns the offset after the empty line, -1 if there is none.
func headerEnd(b []byte) int {
	for p := 0; ; {
		i := bytes.IndexByte(b[p:], '\n')
		if i < 0 {
			return -1
		}
		p += i + 1
		switch {
		case p < len(b) && b[p] == '\n':
			return p + 1
		case p+1 < len(b) && b[p] == '\r' && b[p+1] == '\n':
			return p + 2
		}
	}
}

// contentLength returns the least number in a Content-Length header field, by its plain forms alone: it only saves asking sip.Frame,
// which has the last word.
func contentLength(header []byte) int {
	least := 0
	for _, name := range [...]string{"\nContent-Length:", "\nl:", "\nContent-length:", "\ncontent-length:"} {
		i := bytes.Index(header, []byte(name))
		if i < 0 {
			continue
		}
		v := bytes.TrimLeft(header[i+len(name):], " \t")
		n := 0
		for _, c := range v {
			if c < '0' || c > '9' || n > math.MaxInt32/10 {
				break
			}
			n = 10*n + int(c-'0')
		}
		if least == 0 || n < least {
			least = n
		}
	}
	return least
}

// isTLS reports whether a stream begins with a TLS record (RFC 8446 §5.1): content type 20 to 23 and version 3.x. On a port that is not
// SIP's only a handshake is taken for one.
func isTLS(b []byte, sipPort bool) bool {
	if len(b) < 3 || b[1] != 3 || b[2] > 4 {
		return false
	}
	return b[0] == 22 || sipPort && b[0] >= 20 && b[0] <= 23
}

// count counts a segment of which nothing is read.
func (d *decoder) count(s *stream) {
	if s.kind == streamTLS {
		d.in.Stats.Encrypted++
	} else {
		d.in.Stats.Other++
	}
}

func (s *stream) source() capture.Endpoint {
	return capture.Endpoint{Addr: s.key.src, Port: s.key.srcPort, Transport: capture.TCP}
}

func (s *stream) destination() capture.Endpoint {
	return capture.Endpoint{Addr: s.key.dst, Port: s.key.dstPort, Transport: capture.TCP}
}

// giveUpMessage tells of the message that is not whole, if buf has one.
func (d *decoder) giveUpMessage(s *stream, missing capture.Missing) {
	if s.kind == streamWS && len(s.buf) > 0 {
		f, _, ok := readWSFrame(s.buf)
		if data := f.payload(s.buf); ok && (f.opcode == wsText || f.opcode == wsBinary) && bytes.IndexByte(data, '\n') >= 0 {
			p := s.at(f.header)
			d.webSocketMessage(s, &p, data, missing)
		} else {
			d.in.Stats.Other++
		}
		s.parts = nil
	} else if len(s.buf) > 0 && sip.IsStartLine(firstLine(s.buf)) && bytes.IndexByte(s.buf, '\n') >= 0 {
		p := s.at(0)
		d.order.settle(&s.wait)
		d.message(&p, s.source(), s.destination(), s.buf, missing)
		s.kind = streamSIP
	} else if len(s.buf) > 0 {
		// The beginning of a line that might have become a start line.
		switch {
		case s.lost && (s.kind == streamSIP || s.sipPort):
			// The rest of a message whose beginning is lost.
		case s.kind == streamSIP || s.sipPort:
			d.unrecognised(s.at(0), s.buf)
		default:
			d.in.Stats.Other++
		}
	}
	s.buf, s.marks = nil, s.marks[:0]
	s.blank, s.need = 0, 0
	d.tidy(s)
}

func (d *decoder) dropAhead(s *stream) {
	for i := range s.ahead {
		d.streams.bytes -= len(s.ahead[i].data) + segmentOverhead
	}
	s.ahead, s.bytes = nil, 0
	d.closeHole(s)
}

// endStream tells of what is left of a stream and forgets it.
func (d *decoder) endStream(s *stream, missing capture.Missing) {
	for len(s.ahead) > 0 {
		d.passHole(s)
	}
	d.giveUpMessage(s, missing)
	d.closeHole(s)
	d.order.settle(&s.wait)
	all := &d.streams
	all.age.Remove(s.element)
	delete(all.byKey, s.key)
}

// tidy brings the accounts of a stream up to date, and forgets the most silent streams if all of them keep too much.
func (d *decoder) tidy(s *stream) {
	all := &d.streams
	kept := cap(s.buf) + cap(s.parts)
	all.bytes += kept - s.counted
	s.counted = kept
	switch {
	case len(s.parts) > 0:
		d.order.await(&s.wait, s.partsAt.number, s.partsAt.time.Clock)
	case len(s.buf) > 0:
		p := s.at(0)
		d.order.await(&s.wait, p.number, p.time.Clock)
	case len(s.ahead) > 0 && (s.kind == streamSIP || s.sipPort):
		d.order.await(&s.wait, s.ahead[0].at.number, s.ahead[0].at.time.Clock)
	default:
		d.order.settle(&s.wait)
	}
	for all.bytes > maxStreamBytes {
		oldest := all.age.Front().Value.(*stream)
		if oldest == s {
			break // its own limits hold it
		}
		d.endStream(oldest, capture.MissingStream)
	}
}

// flushStreams ends all streams.
func (d *decoder) flushStreams() {
	for e := d.streams.age.Front(); e != nil; e = d.streams.age.Front() {
		d.endStream(e.Value.(*stream), capture.MissingStream)
	}
}
