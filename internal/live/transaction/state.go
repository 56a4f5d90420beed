package transaction

import "strconv"

// Machine is one of the four kinds of transaction.
type Machine uint8

const (
	InviteClient    Machine = iota // RFC 3261 §17.1.1, RFC 6026 Figure 5
	NonInviteClient                // RFC 3261 §17.1.2, Figure 6
	InviteServer                   // RFC 3261 §17.2.1, RFC 6026 Figure 7
	NonInviteServer                // RFC 3261 §17.2.2, Figure 8
	machines
)

var machineNames = [machines]string{"INVITE client", "non-INVITE client", "INVITE server", "non-INVITE server"}

// String returns the name that RFC 3261 has in the caption of its figure.
func (m Machine) String() string {
	if m < machines {
		return machineNames[m]
	}
	return "machine " + strconv.Itoa(int(m))
}

// State is a state of a transaction, by the names of the figures.
type State uint8

const (
	// StateCalling: an INVITE has no response yet.
	StateCalling State = iota + 1
	// StateTrying: another request has no response yet.
	StateTrying
	// StateProceeding: a provisional response came or went; an INVITE server begins here.
	StateProceeding
	// StateAccepted: a 2xx to an INVITE came or went (RFC 6026).
	StateAccepted
	// StateCompleted: any other final response came or went.
	StateCompleted
	// StateConfirmed: an INVITE server had the ACK.
	StateConfirmed
	// StateTerminated: the transaction is gone.
	StateTerminated
	states
)

var stateNames = [states]string{"Unknown", "Calling", "Trying", "Proceeding", "Accepted", "Completed", "Confirmed", "Terminated"}

// String returns the name as the figures have it.
func (s State) String() string {
	if s < states {
		return stateNames[s]
	}
	return "state " + strconv.Itoa(int(s))
}

// End says why a transaction came to no good end.
type End uint8

const (
	// EndTimeout: no final response in time: Timer B, F, or 64·T1 after a CANCEL (RFC 3261 §17.1.1.2, §17.1.2.2, §9.1), for the user as
	// a 408 (§8.1.3.1). Of a server: the user did not answer a request other than INVITE before the client must have given up
	// (RFC 4320 §4.2).
	EndTimeout End = iota + 1
	// EndTransport: what was sent did not go out (§17.1.4, §17.2.4), for the user of a client as a 503 (§8.1.3.1).
	EndTransport
	// EndNoAck: no ACK came for a 3xx-6xx (Timer H, §17.2.1).
	EndNoAck
)

// String says it in a word or two.
func (e End) String() string {
	switch e {
	case EndTimeout:
		return "timeout"
	case EndTransport:
		return "transport failure"
	case EndNoAck:
		return "no ACK"
	}
	return "end " + strconv.Itoa(int(e))
}
