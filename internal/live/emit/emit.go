// Package emit turns the tap of an element, a stream of capture.Record, into what a device logs and into files.
//
//	                ┌▶ SPA        datagrams as a Sipura, Linksys or Cisco SPA sends them ─▶ Sender, or ─▶ Collector
//	tap ─ Record ─▶ ┼▶ Syslog     RFC 5424 and RFC 3164, one record a message            ─▶ Sender
//	                ├▶ HEP        HEP3 packets                                           ─▶ Sender
//	                ├▶ Pcap       UDP and TCP packets                                    ─▶ io.Writer
//	                └▶ Tee        several of them
//
//	datagrams ─────▶ Collector    the file that sysklogd, rsyslog or syslog-ng would write ─▶ io.Writer
//
// Nothing here has a socket, a clock or a goroutine: a Sender is a function that takes a datagram, a time is that of the record. No emitter
// keeps more than the one record that it writes (Pcap: and a bounded table of connections), and none waits for anything but its
// Sender or io.Writer; a Sender that could block has to drop instead.
//
// # One record a message
//
// What comes over the network is an attacker's, and a log is read by people and by programs. So no emitter lets the content of one message
// become two records, with the one exception that belongs to the device:
//
//   - SPA with Escape at EscapeNone sends the line ends of a message raw, as the device does: the datagram is the record. A collector that
//     escapes (sysklogd, rsyslog) keeps it so. One that keeps line ends (syslog-ng) spreads the message over lines, and then a body line
//     "Aug 20 16:40:00 192.0.2.5 [0]Off Hook" is a record like any other; the real device has the same hole. Escape closes it.
//   - An event is one line: control characters in what it is about become '?'. The real device is not known to do that.
//   - What is no SIP message (it came to the SIP port, but has no start line) is not logged as one: "[0]Off Hook" in a datagram from
//     anybody would else be an event of ours. The SPA and the Syslog count it in NotSIP; Pcap has it, where it is what it was: a packet.
//   - A packet of HEP and of Pcap carries its length, so that its content is only content.
//   - Syslog escapes all control characters, and frames on a stream are octet-counted (RFC 6587 §3.4.1), never ended by LF.
//   - In every escape of a collector a text that looks like its escapes ("^M ", "#015#012" in a display name) reads back as a
//     line end. That may forge a header field within the message, which cannot be told apart from that form of log; it never makes a
//     second record.
//   - rsyslog takes the first words of a text without a header for host and TAG. Of a start line with a broken URI, "INVITE sip:[0]Off Hook
//     SIP/2.0", its file has a rest that may be read as an event, in place of the message.
package emit

import (
	"errors"

	"sipscribe/internal/capture"
)

// Emitter takes the records of a tap, one at a time. It keeps nothing of a record. An error is that of one record (it could not be sent or
// written); the next may be emitted all the same.
type Emitter interface {
	Emit(rec *capture.Record) error
}

// Sender sends one datagram, or one frame of a stream. It does not keep it, and does not block: what cannot be sent at once is dropped, and
// the error says so.
type Sender func(datagram []byte) error

// Tee is emitters that all get each record.
type Tee []Emitter

// Emit hands the record to each emitter and returns their errors joined.
func (t Tee) Emit(rec *capture.Record) error {
	var errs []error
	for _, e := range t {
		if err := e.Emit(rec); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// MaxDatagram is the longest payload of a UDP datagram, in bytes: what the length field of IPv4 leaves (RFC 791 §3.1, RFC 768). What is
// longer is cut at its end, as RFC 5424 §6.1 wants of receivers.
const MaxDatagram = 65535 - 20 - 8
