// Package pcap reads SIP out of packet captures: classic pcap of every magic number, and pcapng.
//
//	file ─ window ─▶ frame ─ link ─▶ IPv4, IPv6 ─┬─▶ UDP ───────────────────────▶ classify ─┐
//	      (classic,          (Ethernet, SLL,     ├─▶ fragments ─▶ whole datagram ─▶ as above ├─▶ Record, in frame order
//	       pcapng)            PPP, raw, …)       ├─▶ TCP ─▶ stream in order ─▶ sip.Frame ────┤
//	                                             │                         └─▶ WebSocket ────┤
//	                                             ├─▶ SCTP ─▶ DATA chunks ─▶ classify ────────┘
//	                                             └─▶ IP-in-IP, GRE, VXLAN ─▶ the packet inside
//
// A datagram of syslog with what a telephone says about itself is a Record of that telephone, and not a message between it and its collector.
//
// A message in a datagram is a slice of the bytes that were read; nothing is allocated for it. Only what has to wait is
// copied: fragments, TCP segments that end in the middle of a message, and the messages of later frames that must not
// overtake it. Everything that waits is bounded (see fragment.go, stream.go, order.go).
//
// The container formats, the IP fragments and the TCP streams are read here and not by gopacket, for four reasons: a
// Record needs the offset of its bytes in the file, which gopacket's readers do not tell; a first fragment whose followers
// the capture filter dropped, or a stream with a hole, still has a message to show; waiting is measured by the
// clock of the capture and never by ours; and memory has a limit. gopacket is the second opinion in the tests.
package pcap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
)

// Format is the format of packet captures.
var Format = &decode.Format{
	Name:  "pcap",
	Title: "packet capture (pcap or pcapng), as tcpdump, Wireshark and dumpcap write them",
	Sniff: Sniff,
	New:   New,
}

// The magic numbers of a capture file, read as big endian.
const (
	magicMicro    = 0xA1B2C3D4 // seconds and microseconds
	magicNano     = 0xA1B23C4D // seconds and nanoseconds
	magicModified = 0xA1B2CD34 // Kuznetzov's patched libpcap: 24 bytes before each packet instead of 16
	magicSection  = 0x0A0D0D0A // pcapng: a Section Header Block, the same in both byte orders
	magicOrder    = 0x1A2B3C4D // pcapng: the byte order of a section
)

// Sniff recognises the magic numbers of classic pcap and of pcapng in both byte orders.
func Sniff(head []byte) decode.Verdict {
	if order, magic := classicMagic(head); order != nil {
		name, end := "microseconds", "little"
		switch magic {
		case magicNano:
			name = "nanoseconds"
		case magicModified:
			name = "microseconds, Kuznetzov's patch"
		}
		if order == binary.ByteOrder(binary.BigEndian) {
			end = "big"
		}
		return decode.Verdict{Score: 100, Reason: fmt.Sprintf("it begins with the magic number of a pcap capture (%s, %s endian)", name, end)}
	}
	if sectionOrder(head) != nil {
		return decode.Verdict{Score: 100, Reason: "it begins with the section header of a pcapng capture"}
	}
	return decode.Verdict{}
}

// New returns a decoder of the capture that in holds.
func New(in *decode.Input) decode.Decoder {
	d := &decoder{in: in, win: window{src: in.R}}
	d.fragments.init()
	d.streams.init()
	return d
}

// container is one of the two file formats: it yields the frames of a capture.
type container interface {
	// next reads the next frame into f. It returns io.EOF after the last, a *cutError where the file breaks off or makes no
	// sense, or the error of the source.
	next(f *frame) error
}

// frame is one captured packet.
type frame struct {
	data   []byte // as captured; borrowed until the next frame is read
	offset int64  // of data[0] in the capture file
	length int64  // of the packet on the wire, in bytes; more than len(data) if the snap length cut it
	link   uint16 // link type, as in www.tcpdump.org/linktypes.html
	timed  bool   // the capture says when
	torn   bool   // the file breaks off in it
	sec    int64  // since 1970 UTC
	nsec   int32
	digits uint8  // of a fraction of a second that the file can hold
	number int64  // from 1
	loss   string // what the capture says that it lost just before this frame
}

// cutError says where and how a capture file ends too early.
type cutError struct {
	text       string
	start, end int64 // of what is left over, in the file
	torn       bool  // what is left over is part of a frame, which was given away as cut
}

// tornFrame is the error of a file that breaks off in a frame that was given away.
func tornFrame(err error) error {
	if cut, ok := err.(*cutError); ok {
		cut.torn = true
	}
	return err
}

func (e *cutError) Error() string { return e.text }

// errLoss is returned by a container for a pseudo frame that holds nothing but a text of what the capture lost.
var errLoss = errors.New("the capture tells of a loss")

type decoder struct {
	in   *decode.Input
	win  window
	file container
	err  error // what ended the source; told when everything that waits is out

	frame frame
	pkt   packet
	clock stamper

	fragments fragments
	streams   streams
	order     order

	ready  []capture.Record // records of this frame, in order
	taken  int              // how many of them Next has given away
	frames int64
}

// Next implements decode.Decoder. Records come in the order of the frames in which their messages begin; a message that
// is not whole maxHold after it began no longer keeps the later ones waiting and may come after them.
func (d *decoder) Next(rec *capture.Record) error {
	for {
		if d.taken < len(d.ready) {
			*rec = d.ready[d.taken]
			d.taken++
			return nil
		}
		d.ready, d.taken = d.ready[:0], 0
		if d.err != nil {
			return d.err
		}
		d.step()
	}
}

// step reads one frame and what follows from it.
func (d *decoder) step() {
	err := d.read()
	switch {
	case err == nil:
		d.frames++
		d.frame.number = d.frames
		d.clock.set(&d.frame)
		d.expire()
		d.decode()
		d.release(false)
	case err == errLoss:
		d.emit(capture.Record{Kind: capture.KindLoss, Data: []byte(d.frame.loss), Time: d.clock.time,
			Origin: d.origin(max(d.frames, 1), d.frame.offset, d.frame.offset+int64(len(d.frame.data)))})
		d.release(false)
	default:
		// The end. What still waits comes first, since it began before the end.
		d.flush()
		d.release(true)
		d.err = err
		var cut *cutError
		if errors.As(err, &cut) {
			number := d.frames + 1
			if cut.torn {
				number = d.frames
			}
			d.ready = append(d.ready, capture.Record{Kind: capture.KindLoss, Data: []byte(cut.text), Time: d.clock.time,
				Origin: d.origin(number, cut.start, cut.end)})
			d.err, d.in.Stats.BrokenOff = io.EOF, true
		}
	}
}

// read reads the next frame, at the first call the header of the file too.
func (d *decoder) read() error {
	if d.file == nil {
		head := d.win.peek(24)
		if len(head) == 0 {
			return d.win.end()
		}
		if order, magic := classicMagic(head); order != nil {
			if len(head) < 24 {
				return d.win.cut("the capture file ends within its header")
			}
			d.file = newClassic(&d.win, order, magic)
		} else if sectionOrder(head) != nil {
			d.file = &pcapng{win: &d.win}
		} else {
			d.in.Stats.UnrecognisedRecords++
			return d.win.cut("this is neither a pcap nor a pcapng file: its first bytes are %x", head[:min(len(head), 4)])
		}
	}
	return d.file.next(&d.frame)
}

// expire gives up, in the time of the capture, on what has waited too long.
func (d *decoder) expire() {
	if !d.frame.timed {
		return
	}
	now := d.clock.time.Clock
	d.expireFragments(now)
	d.expireStreams(now)
}

// flush gives up on everything that waits.
func (d *decoder) flush() {
	d.expireFragments(math.MaxInt64)
	d.flushStreams()
}

func (d *decoder) origin(number, start, end int64) capture.Origin {
	return capture.Origin{Source: d.in.Source, Unit: capture.Frame, Number: number, Start: start, End: end}
}

// place is where bytes of a message come from: the frame, its time, and the offset of the bytes in the file.
type place struct {
	number int64
	offset int64 // of the first byte
	end    int64 // after the last byte that this frame holds
	time   capture.Time
}

// here returns the place of a range of the present frame's file bytes.
func (d *decoder) here(offset int64, n int) place {
	return place{number: d.frame.number, offset: offset, end: offset + int64(n), time: d.clock.time}
}

// message tells of one SIP message. data is borrowed until the next frame is read.
func (d *decoder) message(p *place, src, dst capture.Endpoint, data []byte, missing capture.Missing) {
	if n := len(d.ready); n < cap(d.ready) && !d.order.mustWait(p.number) {
		// The way of nearly every message: written in place, since a Record is large.
		d.ready = d.ready[:n+1]
		r := &d.ready[n]
		*r = capture.Record{}
		d.fill(r, p, src, dst, data, missing)
		return
	}
	var r capture.Record
	d.fill(&r, p, src, dst, data, missing)
	d.emit(r)
}

func (d *decoder) fill(r *capture.Record, p *place, src, dst capture.Endpoint, data []byte, missing capture.Missing) {
	r.Kind = capture.KindMessage
	r.Missing = missing
	r.Time = p.time
	r.Origin = d.origin(p.number, p.offset, min(p.offset+int64(len(data)), p.end))
	r.Src, r.Dst = src, dst
	r.Data = data
}

// unrecognised counts a stretch that should have been SIP, or could not be read, and tells of it if that is asked for.
func (d *decoder) unrecognised(p place, data []byte) {
	if d.frame.torn && p.number == d.frame.number {
		return // the loss behind it tells of the same bytes
	}
	d.in.Stats.UnrecognisedRecords++
	if d.in.Options.KeepUnrecognised {
		d.emit(capture.Record{Kind: capture.KindUnknown, Time: p.time, Data: data,
			Origin: d.origin(p.number, p.offset, min(p.offset+int64(len(data)), p.end))})
	}
}
