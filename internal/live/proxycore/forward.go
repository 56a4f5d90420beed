package proxycore

import (
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// Forward says how a request is forwarded (§16.6).
type Forward struct {
	// Route is what Preprocess found in this very message.
	Route Route
	// URI is the target's. Empty: that of Route.
	URI string
	// Push are values put before the Route header field: the Path of a binding, a proxy that policy wants visited. Each is a loose router's.
	Push []string
	// RecordRoute are values put before the Record-Route header field, the topmost first; two where the transports differ (RFC 5658).
	RecordRoute []string
	// Via is protocol, transport and sent-by: "SIP/2.0/UDP 192.0.2.1:5060".
	Via string
	// Branch is the part of the branch that is unique (§8.1.1.7), with its cookie. The part for loop detection is put behind it.
	Branch string
	// From is the flow by which the request came: what received and rport of the Via under ours become.
	From live.Flow
	// Breadth is the value of Max-Breadth (Action.Breadth); 0: 1.
	Breadth int
	// Realms are our own: Proxy-Authorization for them goes no further (§22.3).
	Realms []string
	// Fields are further header fields (§16.6 step 5).
	Fields []sip.DraftField
}

// AppendForward appends a request as it is forwarded: all rows and the body as they came, but for what §16.6 changes.
func AppendForward(dst []byte, m *sip.Message, how *Forward) []byte { return dst }

// NextHop returns where the request goes: the first Route value after Push, else the target (§16.6 step 7). false: that is no SIP URI.
func (f *Forward) NextHop(m *sip.Message) (live.Target, bool) { return live.Target{}, false }
