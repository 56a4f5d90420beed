// Package callflow puts records together into calls, as an observer sees them.
//
//	capture.Record ─ Assembler.Add ─▶ Call{Hops} ─ (its end, by the log's own time) ─ analyse ─▶ Call{Hops, Transactions,
//	                                                                                          Dialogs, Participants, Outcome}
//
// While records come in, the Assembler only decides which call a record belongs to (identify.go) and when a call is over
// (lifetime.go), and copies what it keeps into storage of that call. Everything that needs the whole call is done once,
// when it is over: repeats, transactions, the way each message went, who took part, how it ended. So a rule that looks back
// never has to undo what an earlier guess concluded, and a message that arrives late in the file is as good as any other:
// the hops of a call of several sources, and of a source that contradicts itself, are first put into the order in which they
// came about (order.go), by their places, their clocks and what follows from what.
//
//	hop ──▶ transaction (branch, sent-by, method; RFC 3261 §17.2.3) ──▶ dialog (Call-ID and tags; §12) ──▶ call
//
// An observer is not a party: it may see a message twice, or not at all, may not know who sent it, and never knows that
// something did not happen, only that it was not seen.
package callflow

import (
	"net/netip"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/sip"
	"sipscribe/syslog"
)

// Kind says what the messages of a call are about.
type Kind uint8

const (
	KindOther        Kind = iota
	KindCall              // an INVITE, or what belongs to one
	KindRegistration      // REGISTER
	KindSubscription      // SUBSCRIBE, NOTIFY, PUBLISH
)

// String returns the word of the data contract.
func (k Kind) String() string {
	return [...]string{"other", "call", "registration", "subscription"}[min(k, KindSubscription)]
}

// Outcome is how a call ended, as far as it was seen.
type Outcome uint8

const (
	OutcomeUnknown Outcome = iota
	OutcomeAnswered
	OutcomeCancelled
	OutcomeBusy
	OutcomeRedirected
	OutcomeUnanswered
	OutcomeRejected
	OutcomeFailed
	OutcomeInProgress
	OutcomeRegistered
	OutcomeUnregistered
	// OutcomeDone: a lone request got what it asked for; only calls are answered.
	OutcomeDone
	outcomes
)

var outcomeNames = [outcomes]string{"unknown", "answered", "cancelled", "busy", "redirected", "unanswered", "rejected",
	"failed", "in-progress", "registered", "unregistered", "done"}

// String returns the word of the data contract.
func (o Outcome) String() string { return outcomeNames[min(o, outcomes-1)] }

// Outcomes returns the words of all outcomes.
func Outcomes() []string { return outcomeNames[:] }

// Call is all that one caller's wish caused, as far as it was seen: messages of one Call-ID, and those of further Call-IDs that are
// known to belong to it (a transfer, a replacement). Registrations, subscriptions and lone requests are kept in the same
// shape.
//
// A Call that an Assembler hands on is valid until the function that it was handed to returns.
type Call struct {
	Seq  int64 // order of the first message, from 1, over all sources
	Kind Kind
	Hops []Hop

	Transactions []Transaction
	Dialogs      []Dialog
	Participants []Participant
	// Caller and Callee are indexes into Participants, -1 if there is none. In a registration the caller is who registers.
	Caller, Callee int

	Outcome Outcome
	Status  int // final status of the attempt that decided the outcome, 0 if none was seen
	// Root is the index of the hop with the INVITE (or other request) that stands for the call as its initiator first sent it, -1 if no request
	// was seen.
	Root int
	// Ring runs from the first 18x to the answer, the CANCEL or the refusal; Talk from the answer to the first BYE. -1:
	// one of the two ends was not seen, or has no time.
	Ring, Talk time.Duration
	// RingFrom is the hop from which Ring runs, Answer the 2xx that made the call and Bye the BYE that ended it, as Talk has them; -1.
	RingFrom, Answer, Bye int
	// Refused is the hop with the refusal behind which, in the same transaction, that 2xx came; -1.
	Refused int
	// Redirected is the hop with the INVITE that follows the last redirection (3xx) to another address, -1.
	Redirected int
	// Missing lists what belongs to the call and was not seen, in the order in which it would come.
	Missing []Missing
	// Evicted: the call was handed on before its end, because memory was needed. Resumed: the beginning was handed on
	// before. Continued: it was handed on because it has very many messages, and goes on in another part.
	Evicted, Resumed, Continued bool
	// Rest: what follows it stands before it in the source, with later times, and was handed on.
	Rest bool
	// LogEnded: the sources ended before the call did.
	LogEnded bool
	// MaskedCallID: the Call-ID was hidden in the log; the messages were put together by tags, branch, CSeq and order.
	MaskedCallID bool
	// Conflicts are hops whose direction has evidence for both ways.
	Conflicts []int
	// Joined says why a further Call-ID belongs to this call, one for each after the first.
	Joined []Join

	store     *blockStore
	stream    stream
	plain     []byte // texts that were put together
	shown     []byte
	whole     []byte // all of the stream, where the text of every hop will be asked for: copied at once its blocks, which are cold, are waited for together
	ids       []span // Call-IDs
	endpoints []capture.Endpoint
	shared    []netip.Addr // addresses that stand for several participants
	sessions  []uint64     // From tags of the legs that Session-ID joined
	near, far []int16      // who each observer is, and whom it talks to, by its records with addresses
	passing   []int16      // observers that log messages before and behind them
	names     []span       // observers
	marks     []mark
	now       [capture.Domains]int64 // the times of the logs when the call was handed on
	mayCut    bool                   // a message of the log has hopCut
	cut       bool                   // a message of the call has it
	late      bool                   // an INVITE of it was answered behind its refusal
	strays    bool                   // the log has messages that may be of this call: they were cut before anything that says where they belong
	apart     struct {
		known bool
		by    time.Duration // by which the clocks of two sources differ, where one has no year or no zone
	}
	skews   []skew  // see skew.go
	known   *[]skew // those of all calls so far
	several bool    // it has records of several sources, or of a capture that has what was logged and what was sent
	// Its records may stand in another order than that in which they came about; they did in their source. See order.go.
	disordered, putRight, meshed bool
	copies                       []int32 // of each hop, where a log and a capture were read: the one that shows more of the same message, -1; see copies.go
	mixed                        bool    // and others of which more is there: a call of first lines may lack some of its own
	open                         []int   // responses of which it is not known whether they answer an INVITE or its CANCEL
	notation                     notation
	places                       *[2]sip.Message // see parsed
}

// Join says why a Call-ID was counted to a call.
type Join struct {
	CallID string
	Reason JoinReason
	Hop    int // the message that led there
}

// JoinReason is the evidence by which two Call-IDs are one call.
type JoinReason uint8

const (
	JoinReplaces  JoinReason = iota + 1 // the INVITE has Replaces with the other Call-ID (RFC 3891)
	JoinRefer                           // a REFER asked for it (RFC 3515)
	JoinSessionID                       // the same Session-ID (RFC 7989)
)

// Missing is something that belongs to a call and was not seen.
type Missing uint8

const (
	MissingBeginning Missing = iota + 1 // the call is older than the log
	MissingFinal                        // no final response to the INVITE (or other request)
	MissingAck                          // no ACK to the final response
	MissingCancelOK                     // no response to the CANCEL
	MissingBye                          // no BYE
	MissingByeOK                        // no response to the BYE
	MissingInvite487                    // no 487 after the CANCEL
	MissingAck487                       // no ACK to it
	MissingChange                       // no final response to an INVITE within the call
	MissingCut                          // header fields that the log cut off, and with them what belongs to what; see cut.go
)

// mark is what a source said about a message beside its bytes.
type mark struct{ label, src, dst span }

// Hop is one message on its way between two neighbours, or one line of a device (an event), with the record it was read from.
// It holds no pointers: text is in the call's storage (Data, Observer, …).
type Hop struct {
	Time      capture.Time
	number    int64
	start     int64
	end       int64
	data      span
	kept      uint32 // where data stands in the stream
	read      span   // the text that Messages have read, if that is not Data: its header is as the source shows it, up to
	body      uint32 // where the body begins
	omap      uint32 // bytes of the offset map behind data
	source    int32
	mark      int32 // index into Call.marks plus one
	unit      capture.Unit
	Kind      capture.Kind
	Missing   capture.Missing
	Escape    syslog.Escape     // how the source shows line ends
	stated    capture.Direction // as the source states it
	Direction capture.Direction // as concluded
	Method    sip.Method        // of a request; of a response the method that it answers
	flags     hopFlags
	vias      uint8
	Status    uint16 // 0: a request
	observer  int16  // index into Call.names, -1
	src, dst  int16  // indexes into Call.endpoints, -1
	From, To  int16  // indexes into Call.Participants, -1: not known
	line      uint8  // of an event
	event     eventID
	CSeq      uint32
	// Transaction is an index into Call.Transactions, -1.
	Transaction int32
	// RepeatOf is the index of the hop that this one repeats, -1. Whether the sender sent it again or the log shows it twice is in Duplicate.
	RepeatOf  int32
	Duplicate bool
	// Forwards is the index of the hop that this one passes on: the same message one hop earlier. -1.
	Forwards int32
	index    int32
	previous int32 // distinct message of the same transaction before this one, -1
	newest   int32 // of a message: the first record of its newest transmission

	fromTag, toTag uint64 // hashes; 0: none
	branch, second uint64 // hashes of the branches of the first and second Via; 0: none that identifies
	bottom         uint64 // of the last, where there are more than two
	viaHost        uint64 // hash of the host in the top Via's sent-by; of a brief hop that of its text
	// Where the values of From and To stand in Data; empty if there is none, or far from the beginning.
	fromField, toField smallSpan
}

type hopFlags uint16

const (
	hopHasSDP hopFlags = 1 << iota
	hopHasCredentials
	hopMaskedTag
	hopNoBranch
	hopReceived  // Via has received= or a filled rport: the message has passed a server
	hopTagCaller // From's tag has the form that an SPA gives it when it calls ("…o0")
	hopTagCallee // To's tag has the form that an SPA gives it when it is called ("…i0")
	hopWrapped   // the source had its lines broken
	hopFrame     // the place in the source is a frame, not a line
	hopLines     // Origin.Lines
	hopLooked    // hopHasSDP and hopHasCredentials are known
	hopShown     // data is kept as the source shows it
	hopCut       // the log does not show the header to its end: a field that is missing may have been sent
	hopCutSurely // and it ends in the middle of a line, or lacks what no message may lack
	hopDecided   // a response without CSeq, of which the rest of the call tells what it answers
	hopBrief     // of data no more is kept than a row of a list asks for: see brief.go

	hopExpires = hopHasSDP // of a brief one, which nobody looks into for SDP: it expires before a call that rings is closed
)

// IsRequest reports whether the hop is a request.
func (h *Hop) IsRequest() bool { return h.Kind == capture.KindMessage && h.Status == 0 }

// IsResponse reports whether the hop is a response.
func (h *Hop) IsResponse() bool { return h.Kind == capture.KindMessage && h.Status != 0 }

// IsInitial reports whether the hop is a request outside a dialog: To has no tag (RFC 3261 §12.2).
func (h *Hop) IsInitial() bool { return h.IsRequest() && h.toTag == 0 }

// Wrapped reports whether lines of the message were broken in the source, and put together again.
func (h *Hop) Wrapped() bool { return h.flags&hopWrapped != 0 }

// FromTo returns the values of From and To of a message, nil where there is none, without parsing it; false if that takes parsing.
func (c *Call) FromTo(h *Hop) (from, to []byte, ok bool) {
	if h.fromField.len == 0 || h.toField.len == 0 {
		return nil, nil, false
	}
	f := span{h.kept + uint32(h.fromField.off), uint32(h.fromField.len)}
	t := span{h.kept + uint32(h.toField.off), uint32(h.toField.len)}
	return c.text(&f), c.text(&t), true
}

// Source returns the index of the source that the hop was read from.
func (h *Hop) Source() int32 { return h.source }

// Origin returns the place that the hop was read from.
func (c *Call) Origin(h *Hop) capture.Origin {
	o := capture.Origin{Source: h.source, Unit: h.unit, Number: h.number, Start: h.start, End: h.end}
	if h.flags&(hopShown|hopLines) == 0 && h.omap == 0 {
		return o
	}
	data := c.Data(h)
	if h.omap > 0 {
		m := span{h.data.off + h.data.len, h.omap}
		o.Map = c.text(&m)
	} else if h.flags&hopLines != 0 {
		o.Lines = data
	}
	return o
}

// Captured reports whether the message itself was captured, and not the line that somebody logged of it: a capture may have the syslog of a device, which cuts like any other.
func (c *Call) Captured(h *Hop) bool { return h.unit == capture.Frame && h.observer < 0 }

// Observer returns the host that logged the hop, "" if the source does not say.
func (c *Call) Observer(h *Hop) []byte {
	if h.observer < 0 {
		return nil
	}
	return c.text(&c.names[h.observer])
}

// Src and Dst return the transport addresses that the source states.
func (c *Call) Src(h *Hop) capture.Endpoint { return c.endpoint(h.src) }

// Dst returns the transport address that the message went to, if the source states it.
func (c *Call) Dst(h *Hop) capture.Endpoint { return c.endpoint(h.dst) }

// Label returns the label that the source gives the message ("F1"), nil if none.
func (c *Call) Label(h *Hop) []byte {
	if h.mark == 0 {
		return nil
	}
	return c.text(&c.marks[h.mark-1].label)
}

// Event returns the catalogue name of an event and the device's line, from 1.
func (c *Call) Event(h *Hop) (name string, line int) { return h.event.String(), int(h.line) }

// CallIDs returns the Call-IDs, the first seen first.
func (c *Call) CallIDs() []string {
	ids := make([]string, len(c.ids))
	for i := range c.ids {
		ids[i] = string(c.text(&c.ids[i]))
	}
	return ids
}

// FirstCallID returns the first Call-ID as it stands in the log, nil if there is none.
func (c *Call) FirstCallID() []byte {
	if len(c.ids) == 0 {
		return nil
	}
	return c.text(&c.ids[0])
}

func (c *Call) endpoint(i int16) capture.Endpoint {
	if i < 0 {
		return capture.Endpoint{}
	}
	return c.endpoints[i]
}

// Start returns the time of the first hop.
func (c *Call) Start() capture.Time {
	if len(c.Hops) == 0 {
		return capture.Time{}
	}
	return c.Hops[0].Time
}

// Index returns the index of the hop in its call.
func (h *Hop) Index() int { return int(h.index) }
