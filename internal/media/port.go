package media

import (
	"net/netip"
	"time"
)

// Opener opens the sessions of calls. internal/live/transport has one with sockets, internal/live/wire one in virtual time.
type Opener interface {
	// Open opens a pair of ports at an address, for a call of a line, before its offer or answer is made.
	Open(now time.Time, line int, at netip.Addr) (Port, error)
}

// Port is a pair of ports, for RTP and for RTCP, with its session. It is comparable. Its methods do not wait for whoever is told of digits.
type Port interface {
	// Local is the address of RTP; RTCP has the port above it (RFC 3550 §11).
	Local() netip.AddrPort
	Describe(now time.Time, d Description) error
	Dial(now time.Time, digits string, each time.Duration) error
	// Close ends the session and gives the ports back.
	Close(now time.Time) Counts
}
