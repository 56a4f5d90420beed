package transaction

import (
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// Server is a server transaction (RFC 3261 §17.2). The user may hold on to it for as long as it likes; two of them are the same if the
// pointers are.
type Server struct {
	// User is the transaction user's own.
	User any
	flow live.Flow
}

// State returns the state of the transaction.
func (s *Server) State() State { return StateTerminated }

// Method returns the method of the request.
func (s *Server) Method() sip.Method { return sip.MethodUnknown }

// Flow returns the flow that the request came over.
func (s *Server) Flow() live.Flow { return s.flow }
