// Package decode turns bytes into capture.Records: what a format is, how it is recognised, how a source is opened.
//
//	file ─ Open ─▶ Reader (decompressed, counted) ─ Sniff ─▶ Format ─ New ─▶ Decoder ─ Next ─▶ capture.Record …
//
// A format lives in a folder of its own below this one and is a value of type Format; internal/decode/all lists them in
// sniffing order. A decoder never fails on bad input: what it cannot read it counts as unrecognised and goes on. The only
// errors that Next returns are those of the source itself (io.EOF, a read error, a compressed file that is broken).
package decode

import "sipscribe/internal/capture"

// Format is a kind of source that can be decoded.
type Format struct {
	Name  string // as in --input-format: "spa"
	Title string // one line for people: "syslog of Sipura, Linksys and Cisco SPA adapters"
	// Sniff judges the first bytes of a source (up to SniffLen, decompressed). It must not keep head.
	Sniff func(head []byte) Verdict
	// New returns a decoder that reads in.
	New func(in *Input) Decoder
}

// SniffLen is how much of a source a Sniff function is shown, in bytes.
const SniffLen = 64 << 10

// Verdict is what a Sniff function concludes.
type Verdict struct {
	Score  int    // 0: not this format; 100: certain (a magic number). The highest wins; among equals, the first in the list.
	Reason string // one clause for people: "11 of 12 lines carry a syslog header and SIP of a Sipura device"
}

// Decoder reads records one at a time.
type Decoder interface {
	// Next fills rec (all of it) with the next record, in the order of the source. It returns io.EOF after the last. What rec borrows
	// holds until the next call.
	Next(rec *capture.Record) error
}

// Input is a source as a decoder gets it.
type Input struct {
	Source  int32  // index in the list of sources, for Origins
	Name    string // as the user gave it
	R       *Reader
	Options Options
	// Stats is what the decoder counts as it goes.
	Stats Stats
	// Turned, if New sets it, says that the messages of the source are upside down, and TurnedWhole that its lines are read from its end; else it is too long for that.
	Turned, TurnedWhole bool
}

// Options are the user's words about a source.
type Options struct {
	// Named says that the format was asked for by its name: what is no evidence for it in a source that nobody knows is taken at its word.
	Named bool
	// Clock turns stamps into times; it holds --year and --timezone. Nil: nothing is supplied.
	Clock *ClockRules
	// Room bounds what is kept of sources that are turned round. Nil: it is all there for this one.
	Room *TurnRoom
	// KeepUnrecognised asks for a record of KindUnknown for each stretch that was not recognised. Without it they are only
	// counted.
	KeepUnrecognised bool
	// Shown allows records with their Data as the source shows it: see capture.Record.Shown.
	Shown bool
}

// Stats counts what a decoder did not recognise. A stretch of text counts its lines, a packet or datagram counts as a record.
// What it recognised as something that is not SIP is counted apart, so that it is neither lost nor taken for a fault.
type Stats struct {
	UnrecognisedLines   int64
	UnrecognisedRecords int64
	KeepAlives          int64 // line ends, STUN and empty datagrams that keep a flow alive (RFC 5626 §3.5)
	Media               int64 // packets of RTP and RTCP
	Encrypted           int64 // segments of TLS, which are not decrypted
	Other               int64 // packets and segments of other protocols, and segments without data
	BrokenOff           bool  // the source ends too early, as a record of loss has told
}
