package digest

// Verdict is what a request is owed.
type Verdict uint8

const (
	// Absent: there are no credentials for our realm. Challenge.
	Absent Verdict = iota
	// Accepted: the request is from who it says.
	Accepted
	// Stale: who sent it knows the password, but the nonce does not count (any more). Challenge with stale=true.
	Stale
	// Refused: challenge, or 403 after too many; the answer does not tell why.
	Refused
	// Malformed: the credentials contradict themselves or the request. 400 (RFC 7616 §3.4, §3.4.6).
	Malformed
)

var verdictNames = [...]string{"absent", "accepted", "stale", "refused", "malformed"}

func (v Verdict) String() string { return verdictNames[v] }

// Reason says why, for the operator. The client must not learn it: that a user exists is worth knowing to somebody who guesses.
type Reason uint8

const (
	ReasonNone          Reason = iota
	ReasonNoCredentials        // Absent
	ReasonOtherRealm           // Absent: there are some, for others
	ReasonSyntax               // Absent: those that are there cannot be read, so whose they are cannot be told
	ReasonAlgorithm            // Refused: not one that we offer
	ReasonQOP                  // Refused: none although it is asked for, or one that we do not offer
	ReasonCount                // Malformed: nc is 0
	ReasonSession              // Malformed: "-sess" without qop, so without cnonce
	ReasonURI                  // Malformed: the digest-uri is that of another request
	ReasonUnknownUser          // Refused: or no HA1 in that algorithm
	ReasonWrongResponse        // Refused: the password is wrong, or what it was computed over
	ReasonForeignNonce         // Stale: we never issued it, or its key is gone
	ReasonOtherNode            // Stale: another node issued it, and knows what it was used for
	ReasonExpired              // Stale
	ReasonEarlierRun           // Stale: issued before this authority started
	ReasonForgotten            // Stale: what it was used for was dropped from the table
	ReasonReplayed             // Stale: this nc was used
	ReasonBehind               // Stale: the nc is too far behind to know
	ReasonSpent                // Stale: used already, and without qop a nonce counts once
	ReasonBound                // Stale: without qop a nonce counts for the request that was challenged
	reasonCount
)

var reasonTexts = [reasonCount]string{
	ReasonNone:          "",
	ReasonNoCredentials: "no credentials",
	ReasonOtherRealm:    "credentials for other realms only",
	ReasonSyntax:        "credentials that cannot be read",
	ReasonAlgorithm:     "an algorithm that is not offered",
	ReasonQOP:           "a quality of protection that is not offered",
	ReasonCount:         "a nonce count of 0",
	ReasonSession:       "a session algorithm without qop",
	ReasonURI:           "a digest-uri that is not the Request-URI",
	ReasonUnknownUser:   "unknown user, or no HA1 in this algorithm",
	ReasonWrongResponse: "wrong password",
	ReasonForeignNonce:  "a nonce that was not issued here",
	ReasonOtherNode:     "a nonce of another node",
	ReasonExpired:       "an expired nonce",
	ReasonEarlierRun:    "a nonce from before the last start",
	ReasonForgotten:     "a nonce whose use is forgotten",
	ReasonReplayed:      "a nonce count that was used before",
	ReasonBehind:        "a nonce count too far behind",
	ReasonSpent:         "a nonce that was used before, without qop",
	ReasonBound:         "a nonce issued for another request, without qop",
}

func (r Reason) String() string { return reasonTexts[r] }

// Result is the outcome of a check.
type Result struct {
	Verdict Verdict
	Reason  Reason
	// Credentials are those that were judged; empty for Absent. Their username is proved only if Accepted.
	Credentials Credentials
	// Node that issued the nonce, if its signature is ours.
	Node uint16
	// Err tells more of ReasonSyntax.
	Err error
}

// Counters count what an authority did. Work is the same for a user that exists and one that does not.
type Counters struct {
	Checks   uint64 // credentials judged
	Lookups  uint64 // questions to Users
	Hashes   uint64 // of the digest algorithms
	MACs     uint64 // of nonces: made and checked
	Compares uint64 // of responses
	Issued   uint64 // nonces
	Windows  int    // nonces whose use is remembered now
	Evicted  uint64 // windows dropped before their time
	reasons  [reasonCount]uint64
	verdicts [Malformed + 1]uint64
}

// Reason returns how often a reason was given.
func (c *Counters) Reason(r Reason) uint64 { return c.reasons[r] }

// Verdict returns how often a verdict was given.
func (c *Counters) Verdict(v Verdict) uint64 { return c.verdicts[v] }
