package workload

import (
	"cmp"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// script is one call written out: its messages, and when each goes over the wire.
type script struct {
	g     *generator
	call  *Call
	index int // of the call, from 0

	buf   []byte // all messages, each once
	msgs  []span
	sends []transmission // in the order of time, once written
	next  int            // the first of sends that is still to come

	// The clock of the author, in microseconds of 1970 UTC, and the last transmission so far.
	now, last int64
	// Marks for the truth; 0: did not happen.
	ringAt, rungAt, answeredAt, endedAt int64

	// The two ends. "local" is the adapter, "remote" the far end as the proxy presents it.
	local         netip.AddrPort
	localHost     string // "192.168.0.2:5060"
	localIP       string // "192.168.0.2"
	user          string // "spa1"
	name          string // "Good Body"
	agent         string
	number        string // "18005551212"
	localParty    string // From or To of the adapter, without tag
	remoteParty   string // From or To of the far end, without tag
	localTag      string
	remoteTag     string
	localContact  string // "sip:spa1@192.168.0.2:5060"
	remoteURI     string // what the adapter dials
	remoteContact string // where in-dialog requests go
	callID        string
	invite        string // branch of the INVITE that makes the call
	cseq          int    // of the adapter's last request
	remoteCSeq    int    // of the far end's last request
	challenged    bool   // the adapter knows a nonce and sends credentials
	nonce         string
	media         string // "sendrecv"
	rtpPort       int
	remoteRTPPort int
	session       int // number of the adapter's session description
	remoteSession int
	modified      int // how often the session was: the version of both descriptions goes up by one (RFC 3264 §8)
}

type span struct{ start, end int }

// transmission is one passage of a message over the wire.
type transmission struct {
	at     int64 // microseconds of 1970 UTC
	msg    int32
	sent   bool // by the adapter
	repeat bool
}

// at returns when the next message is due.
func (c *script) at() int64 { return c.sends[c.next].at }

// The proxy. The address is of a block for documentation (RFC 5737), the domain of one (RFC 2606).
const (
	domain       = "sip.example.net"
	proxyIP      = "203.0.113.10"
	registrarURI = "sip:" + domain
	realm        = "asterisk"
)

var proxyEndpoint = netip.MustParseAddrPort(proxyIP + ":5060")

// Password returns the password of a user, of which the digest responses are made; realm is "asterisk".
func Password(user string) string { return "secret-" + user }

// generator is what the calls of one run share.
type generator struct {
	rng      *rand.Rand
	debt     float64 // retransmissions owed; see repeats
	debtEach float64 // by each message that goes once
	branches uint32
	salt     uint32 // of Call-IDs, names and numbers
	branched uint32 // the salt of branches
	lines    int    // two a device
	stride   int
	digest   digest
	body     []byte // room for a session description
}

func newGenerator(p *Plan) *generator {
	g := &generator{rng: newRand(p.o.Seed), lines: 2 * p.o.Devices}
	g.debtEach = p.o.Retransmit / (1 - p.o.Retransmit)
	g.salt, g.branched = g.rng.Uint32(), g.rng.Uint32()
	// Neighbours in time are on devices far apart, and all lines take their turn.
	for g.stride = int(float64(g.lines) * (math.Phi - 1)); gcd(g.stride, g.lines) != 1; g.stride++ {
	}
	return g
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// scramble is a bijection on 32 bits, so that counting gives identifiers that look drawn and never come twice.
func scramble(x uint32) uint32 {
	x ^= x >> 16
	x *= 0x85ebca6b
	x ^= x >> 13
	x *= 0xc2b2ae35
	return x ^ x>>16
}

var (
	// What people call themselves, as adapters show it: two words without quotes.
	firstNames = [...]string{"Good", "Quiet", "Early", "North", "Green", "Plain", "Bright", "Old", "River", "Stone", "Summer", "Long", "Clear", "Upper", "Second", "Apple"}
	lastNames  = [...]string{"Body", "Harbour", "Office", "Kitchen", "Garden", "Desk", "Workshop", "Station", "Bakery", "House", "Library", "Porch", "Field", "Counter", "Studio", "Gate"}
	agents     = [...]string{"Sipura/SPA3000-2.0.13(GWg)", "Linksys/SPA3102-5.1.10(GW)", "Linksys/PAP2T-5.1.6(LS)", "Linksys/SPA2102-5.2.10", "Sipura/SPA2100-3.1.5"}
	tollFree   = [...]int{800, 888, 877, 866, 855, 844, 833}
)

// numberOf returns the n-th telephone number: 1-800-555-xxxx, when those are used up other toll-free codes, then area codes:
// 6,070,000 different ones.
func numberOf(n int, salt uint32) string {
	area, last := n/10000, (n*7919+int(salt%10000))%10000
	if area %= len(tollFree) + 600; area < len(tollFree) {
		area = tollFree[area]
	} else {
		area += 200 - len(tollFree)
	}
	return strconv.Itoa(1_000_000_0000 + area*1_000_0000 + 555_0000 + last)
}

// deviceAddr returns the address of the n-th device: 192.168.0.2 and on.
func deviceAddr(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{192, 168, byte(n / 250), byte(2 + n%250)})
}

// write writes the index-th call into c, which begins at a time in microseconds.
func (g *generator) write(c *script, s Scenario, index int, at int64) {
	*c = script{g: g, index: index, buf: c.buf[:0], msgs: c.msgs[:0], sends: c.sends[:0], now: at, last: at}
	line := index * g.stride % g.lines
	device := line / 2
	// The device has a name and a model of its own; they follow from its place and not from chance.
	h := scramble(uint32(device) ^ g.salt)
	addr := deviceAddr(device)
	c.local = netip.AddrPortFrom(addr, uint16(5060+line%2))
	c.localIP, c.localHost = addr.String(), c.local.String()
	c.user = "spa" + strconv.Itoa(line+1)
	c.name = firstNames[h%16] + " " + lastNames[h>>4%16]
	c.agent = agents[h>>8%uint32(len(agents))]
	c.number = numberOf(index, g.salt)
	c.localContact = "sip:" + c.user + "@" + c.localHost
	c.remoteURI = "sip:" + c.number + "@" + domain
	c.remoteContact = "sip:" + c.number + "@" + proxyIP
	c.localParty = c.name + " <sip:" + c.user + "@" + domain + ">"
	c.remoteParty = "<" + c.remoteURI + ">"
	c.nonce = hex8(g.rng.Uint32())
	c.media = "sendrecv"
	c.rtpPort = 16384 + 2*g.rng.IntN(50)
	c.remoteRTPPort = 10000 + 2*g.rng.IntN(5000)
	c.session = 1 + g.rng.IntN(99_999_999)
	c.remoteSession = 1000 + g.rng.IntN(30_000)

	end, id := "o", scramble(uint32(index)^g.salt)
	switch s {
	case IncomingAnswered, IncomingWeHangUp, IncomingCancelled, IncomingBusy486:
		// The proxy makes the Call-ID, and quotes the name where it knows one.
		end = "i"
		if h>>12%2 == 0 {
			c.remoteParty = `"` + firstNames[h>>13%16] + " " + lastNames[h>>17%16] + `" ` + c.remoteParty
		}
		c.localParty = "<" + c.localContact + ">"
		c.callID = hex8(g.rng.Uint32()) + hex8(id) + hex8(g.rng.Uint32()) + hex8(g.rng.Uint32()) + "@" + domain
	default:
		c.callID = hex(id) + "-" + hex(g.rng.Uint32()) + "@" + c.localIP
	}
	c.localTag = strconv.FormatUint(g.rng.Uint64(), 16) + end + strconv.Itoa(line%2)

	what := &scenarios[s]
	c.call = &Call{CallID: c.callID, Kind: what.kind, Time: time.UnixMicro(at).UTC(), From: c.user, To: c.number, Outcome: what.outcome, Status: what.status,
		RingMS: Unknown, TalkMS: Unknown, RingMSSeconds: Unknown, TalkMSSeconds: Unknown, Host: addr, Scenario: s}
	switch {
	case what.kind == KindRegistration:
		c.call.To = c.user
		c.remoteParty = c.localParty // To is whom to register: the same as From
	case end == "i":
		c.call.From, c.call.To = c.number, c.user
	}
	what.course(c)

	// Retransmissions were written down when their cause was. The sort is stable, so that of two messages in one
	// millisecond the one that was written down first comes first.
	slices.SortStableFunc(c.sends, func(a, b transmission) int { return cmp.Compare(a.at, b.at) })
	t := c.call
	t.Messages, t.Distinct = len(c.sends), len(c.msgs)
	if c.ringAt != 0 && c.rungAt != 0 {
		t.RingMS, t.RingMSSeconds = between(c.ringAt, c.rungAt)
	}
	if c.answeredAt != 0 && c.endedAt != 0 {
		t.TalkMS, t.TalkMSSeconds = between(c.answeredAt, c.endedAt)
	}
}

// between returns the milliseconds from a to b, microseconds both, and what stamps cut to the second make of them.
func between(a, b int64) (exact, seconds int64) {
	const second = 1_000_000
	return (b - a) / 1000, (b/second - a/second) * 1000
}

func hex(x uint32) string { return strconv.FormatUint(uint64(x), 16) }

// hex8 is hex with leading zeros.
func hex8(x uint32) string {
	const digits = "0123456789abcdef"
	var b [8]byte
	for i := range b {
		b[i] = digits[x>>(28-4*i)&15]
	}
	return string(b[:])
}

// branch returns what no other message of this run has after the magic cookie.
func (g *generator) branch() string {
	g.branches++
	return hex8(scramble(g.branches ^ g.branched))
}

func (c *script) newBranch() string      { return "z9hG4bK-" + c.g.branch() }
func (c *script) newProxyBranch() string { return "z9hG4bK" + c.g.branch() }
func (c *script) newProxyTag() string    { return "as" + hex8(c.g.rng.Uint32()) }
