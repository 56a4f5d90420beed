package transaction

import (
	"errors"
	"io"
	"time"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// Defaults of Config.MaxClients and Config.MaxServers: at 1 kB each a hundred megabytes.
const (
	DefaultMaxClients = 100_000
	DefaultMaxServers = 100_000
)

// DefaultTrying is how long the user has to answer an INVITE before the layer says 100 (RFC 3261 §17.2.1).
const DefaultTrying = 200 * time.Millisecond

// ErrFull is wrapped by the errors of Accept and Send when the layer has as many transactions as it may. A 503 with Retry-After says it to
// a client (RFC 3261 §21.5.4).
var ErrFull = errors.New("too many transactions")

// Config is what a layer is made of.
type Config struct {
	Timers Timers
	// User is told what comes; it must be there.
	User User
	// Rand gives the random bits of branches and tags (crypto/rand.Reader; a seeded one in a simulation).
	Rand io.Reader
	// MaxClients and MaxServers bound the transactions; 0: the defaults. A CANCEL made by Cancel is not counted: an INVITE has at most one.
	MaxClients, MaxServers int
	// Trying is when a 100 is sent to an INVITE that the user has not answered; 0: DefaultTrying; below 0: never, because the user
	// does it at once. What RFC 4320 §4.1 wants of other requests is done in any case.
	Trying time.Duration
	// Fields, if there, gives further header fields for an ACK or CANCEL that the layer makes for c (User-Agent, and what a device that is being
	// imitated puts there beside). invite is borrowed.
	Fields func(c *Client, method sip.Method, invite *sip.Message) []sip.DraftField
	// Observe, if there, is told each transition, and each event that left the state as it was.
	Observe func(Transition)
}

// Layer is the transaction layer of one element (RFC 3261 §17). It is not safe for use by several goroutines; an element that wants
// several has a layer for each.
type Layer struct {
	config Config
}

// NewLayer makes an empty layer.
func NewLayer(c Config) *Layer { return &Layer{config: c} }

// Receive takes a message that came over a flow. It belongs to a transaction (§17.1.3, §17.2.3), or the user gets it. m is borrowed.
func (l *Layer) Receive(now time.Time, from live.Flow, m *sip.Message, out *live.Outbox) {}

// Accept makes a server transaction for a request that the user got by User.Request, and is called from within that. It fails if there are too
// many (ErrFull), for an ACK, and for a request without Via or that belongs to a transaction already.
func (l *Layer) Accept(now time.Time, from live.Flow, m *sip.Message) (*Server, error) {
	return nil, ErrFull
}

// Respond sends a response, the whole of it as written; its status is read from it.
//
// After a final response nothing goes out but further 2xx to an INVITE that a 2xx was sent to: the core repeats them until the ACK
// comes (RFC 6026 §8.5), and a proxy passes each on (§16.7 step 5). To a request other than INVITE no provisional response goes out but
// 100, over UDP not before RFC 4320 §4.1 allows it; and a 408 only ends the transaction (§4.2).
func (l *Layer) Respond(now time.Time, s *Server, response []byte, out *live.Outbox) {}

// Send sends a request other than ACK, whose topmost Via has a branch as Branch makes it, as a client transaction; user becomes
// Client.User. It fails if there are too many (ErrFull), or the request cannot be matched to its responses; nothing is sent then.
func (l *Layer) Send(now time.Time, to live.Flow, request []byte, user any, out *live.Outbox) (*Client, error) {
	return nil, ErrFull
}

// Cancel cancels an INVITE (§9.1). The CANCEL goes out at once if a provisional response has come, else after the first that comes; it
// is dropped if a final response comes first, and if one has come already there is nothing to cancel. It is a client transaction of
// its own, whose responses the user gets, with user as its Client.User. reason is the value of a Reason header field (RFC 3326), ""
// for none. If no final response comes within 64·T1 of the CANCEL, the INVITE ends as EndTimeout. Only the first Cancel counts; a
// request other than INVITE is not cancelled.
func (l *Layer) Cancel(now time.Time, c *Client, reason string, user any, out *live.Outbox) {}

// Failed tells that what was sent over a flow did not go out. ref is that of the outbox item; 0, if the driver cannot tell, stands for
// all that the layer has sent there and waits for. A ref that is not the layer's (Owns) is ignored.
func (l *Layer) Failed(now time.Time, to live.Flow, ref uint64, err error, out *live.Outbox) {}

// Closed tells that a connection has ended. Requests that were sent over it and had no response have failed; responses to what came over
// it go over a new one (§18.2.2).
func (l *Layer) Closed(now time.Time, flow live.Flow, out *live.Outbox) {}

// Wake lets the timers fire that are due.
func (l *Layer) Wake(now time.Time, out *live.Outbox) {}

// Next returns when Wake should be called; the zero time: never.
func (l *Layer) Next() time.Time { return time.Time{} }

// Owns reports whether a ref of an outbox item is one that a layer gave: those have the highest bit set. The element's own do not.
func Owns(ref uint64) bool { return ref>>63 != 0 }

// Branch returns a branch for a Via: the magic cookie and 128 random bits (§8.1.1.7).
func (l *Layer) Branch() string { return sip.MagicCookie }

// Tag returns a tag for From or To: 64 random bits (§19.3 wants at least 32).
func (l *Layer) Tag() string { return "" }

// Merged reports whether a request that came by User.Request is one that is being answered already and came another way (§8.2.2.2): it has no
// To tag, and From tag, Call-ID and CSeq of another transaction. It is asked before Accept.
func (l *Layer) Merged(m *sip.Message) bool { return false }

// Counts returns how many transactions there are.
func (l *Layer) Counts() Counts { return Counts{} }

// Counts are the numbers of transactions of each machine in each state.
type Counts struct {
	In [machines][states]int
	// Sent counts the messages that were sent again (A, E, G, and answers to repeats), Absorbed the repeats that came, Refused the
	// transactions that there was no room for; since the layer began.
	Sent, Absorbed, Refused uint64
}

// Of returns how many transactions a machine has.
func (c *Counts) Of(m Machine) int {
	n := 0
	for _, k := range c.In[m] {
		n += k
	}
	return n
}

// All returns how many transactions there are.
func (c *Counts) All() int {
	n := 0
	for m := range machines {
		n += c.Of(m)
	}
	return n
}
