// Package explain tells what happened in a call: its facts, one sentence for each message, how it ended.
//
//	callflow.Call ─ Teller.Tell ─▶ Story{Facts, Parties, Steps, Ending, Headline, Summary}
//
//	F4  16:40:00  SPA ──▶ proxy  INVITE  The SPA tries again, this time with credentials for user spa1.
//	└Label, Time    From    To    Method  └ Text
//
// The sentences are in catalogue.en.txt, where a person can read, mend and translate them; the code only decides which of them
// is true. A sentence depends on what came before: a 407 to a first INVITE is the normal first step, the same 407 to
// credentials is a refusal; a 486 from the telephone means something else than a 486 from a server in between.
//
// Nothing is told that the log does not show. What was supplied by the user is marked as assumed, what was not seen is told as
// not seen, never as not happened.
package explain

import (
	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
)

// Fact is something read from a call, with the place it was read at.
type Fact struct {
	Name  string // "sip_port"; the names are those of FactNames
	Label string // for people: "SIP port"
	Value string // "" if it is hidden
	// Where says in words where it was read: "Via and Contact".
	Where string
	// Hidden: the call has it, but this log does not show it.
	Hidden bool
	// Assumed: the user supplied it.
	Assumed  bool
	Evidence []capture.Evidence
}

// Party is a participant with its name: "the SPA", "proxy 1", "Alice".
type Party struct {
	ID   string // "p1"
	Name string // "SPA"; without an article
	// Article: the name is a word for what it is ("the SPA"), not a name of its own ("Alice").
	Article   bool
	Role      callflow.Role
	Endpoints []string
	// SentBy is what a party of which no address is known calls itself in Via, "" where that was not seen, or where of fewer than two others any is known.
	SentBy string
}

// Step is one message or event, told.
type Step struct {
	Label     string // "F1"; events "E1"
	Kind      capture.Kind
	Hop       int // index into Call.Hops
	Time      capture.Time
	Direction capture.Direction
	From, To  int // indexes into Story.Parties, -1
	Method    string
	Status    int // 0: a request
	CSeq      uint32
	CSeqName  string
	RepeatOf  string // label of the step that this one repeats
	Text      string
	Evidence  []capture.Evidence
}

// Ending says how the story ends, and what of it this log does not show.
type Ending struct {
	Text     string
	Evidence []capture.Evidence
}

// Story is a call, told. It holds until the Teller that made it tells another, and no longer than the call does: whoever keeps a string of it longer copies it.
type Story struct {
	Headline string // "spa1 "Good Body" calls 18005551212"
	Summary  string // "Cancelled by the caller after 16 s of ringing."
	Parties  []Party
	Facts    []Fact
	Steps    []Step
	Ending   Ending
}

// Fact returns the fact of a name, and false if there is none.
func (s *Story) Fact(name string) (Fact, bool) {
	for _, f := range s.Facts {
		if f.Name == name {
			return f, true
		}
	}
	return Fact{}, false
}

// Assumptions are facts that the user supplies, by name.
type Assumptions map[string]string
