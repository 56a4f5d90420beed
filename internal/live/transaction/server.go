package transaction

import (
	"net/netip"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// Server is a server transaction (RFC 3261 §17.2). The user may hold on to it for as long as it likes; two of them are the same if the
// pointers are.
type Server struct {
	// User is the transaction user's own.
	User any
	transaction
	merge uint64 // see Layer.Merged; 0: none
	tag   string // To tag of the final response, if the ACK is matched by it (RFC 2543)
	// port is where replies go: of the packet, of sent-by once the connection is gone.
	port uint16
	// sentBy is the port of sent-by, with the default of the transport.
	sentBy uint16
	lost   bool // the connection is gone
	told   bool // the user knows of a transport failure
}

// State returns the state of the transaction.
func (s *Server) State() State { return s.state }

// Method returns the method of the request.
func (s *Server) Method() sip.Method { return s.method }

// Flow returns the flow that the request came over.
func (s *Server) Flow() live.Flow { return s.flow }

// reply is where the responses go: as live.ReplyFlow says, and over another connection if that one is gone (RFC 3261 §18.2.2: "the
// server SHOULD open a connection to the IP address in the received parameter, … using the port in the sent-by value").
func (s *Server) reply() live.Flow {
	f := s.flow
	f.Remote = netip.AddrPortFrom(f.Remote.Addr(), s.port)
	if s.lost {
		f.Conn = 0
	}
	return f
}
