package ua

import (
	"time"

	"sipscribe/internal/media"
)

// EventKind says what happened on a line.
type EventKind uint8

const (
	// EventRegistered: the registrar has taken the line; Expires says for how long.
	EventRegistered EventKind = iota + 1
	// EventUnregistered: the line is no longer registered, because it wanted so.
	EventUnregistered
	// EventRegisterFailed: the registration was refused (Status) or not answered (408, 503). It is tried again by itself, but for a wrong
	// password.
	EventRegisterFailed
	// EventCalling: a call goes out to Peer.
	EventCalling
	// EventTrying: the other side has said that it tries.
	EventTrying
	// EventRinging: it rings there (180), or the other side plays something (183).
	EventRinging
	// EventIncoming: a call comes in from Peer, and the line rings.
	EventIncoming
	// EventAnswered: the call has been taken, by either side.
	EventAnswered
	// EventHeld, EventResumed: the other side has put the call on hold, and taken it back.
	EventHeld
	EventResumed
	// EventUnchanged: the other side has refused to be put on hold, or to be taken back (Status).
	EventUnchanged
	// EventDigit: the other side has pressed the key in Reason.
	EventDigit
	// EventEnded: the call is over. By says whose doing it was; Status is that of a refusal.
	EventEnded
	// EventUndialled: the keys in Reason make no number of the Dial Plan, and the long timer has run out; a device plays the reorder tone.
	EventUndialled
	// EventTurnedAway: a call from Peer did not ring here; Status is what it was answered with, Reason why. Of many in one second one is told.
	EventTurnedAway
)

func (k EventKind) String() string {
	names := [...]string{"none", "registered", "unregistered", "register-failed", "calling", "trying", "ringing", "incoming", "answered", "held",
		"resumed", "unchanged", "digit", "ended", "undialled", "turned-away"}
	if int(k) < len(names) {
		return names[k]
	}
	return "none"
}

// HandsetOff is the Reason of an EventTurnedAway that HangUp would have prevented.
const HandsetOff = "the handset is off"

// Party says whose doing something was.
type Party uint8

const (
	Nobody  Party = iota
	Local         // this phone
	Remote        // the other side, or a proxy before it
	Network       // nobody answered, or could be reached
)

func (p Party) String() string {
	return [...]string{"nobody", "local", "remote", "network"}[p&3]
}

// Event is what happened on a line.
type Event struct {
	Time time.Time
	Kind EventKind
	Line int    // from 1
	Call string // the Call-ID of the call, or of the registration
	// Peer is the other side, as its URI.
	Peer    string
	Status  int
	Reason  string
	By      Party
	Expires time.Duration
	// Demand, of a Status of 401 or 407, is who has asked for credentials.
	Demand Demand
	// OffHook, of EventEnded and EventUndialled: the handset is still off, so that callers hear busy until HangUp puts it back, as on the device.
	OffHook bool
	// Audio are the counts of a call that has ended; nil: it had no sound.
	Audio *media.Counts
}
