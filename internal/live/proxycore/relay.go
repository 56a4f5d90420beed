package proxycore

import "sipscribe/sip"

// Relay says how a response is handed back (§16.7).
type Relay struct {
	// RecordRoute, if not "", takes the place of the first Record-Route value that is ours (§16.7 step 8).
	RecordRoute string
	// Without are the Contact values to leave out: those tried here (§16.7 step 4).
	Without []sip.Span
	// Challenges are rows of other branches' challenges, each with its line end (§16.7 step 7).
	Challenges []byte
}

// AppendRelay appends a response without its topmost Via. false: that Via is not ours, or there is none under it, so that the response
// must not go on (§16.7 step 3, §18.1.2).
func (c *Core) AppendRelay(dst []byte, m *sip.Message, how *Relay) ([]byte, bool) { return dst, false }
