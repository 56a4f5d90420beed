// Package report is a call as every face takes it: facts, story, ending, notes and findings, and their JSON.
//
//	callflow.Call ─ Builder.Build ─▶ Call{Story, Notes, Findings} ─▶ render/*, JSON, the command line
//
// The JSON is that of docs/json.md: offsets are bytes, half-open, in the
// decompressed source before any unescaping; lines and frames count from 1.
package report

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"sipscribe/internal/callflow"
	"sipscribe/internal/diagnose"
	"sipscribe/internal/explain"
)

// Source is a file, or standard input.
type Source struct {
	ID     int    `json:"id"`
	Name   string `json:"name"`
	Format string `json:"format"`
	Reason string `json:"reason"`
}

// Unrecognised counts what no format recognised.
type Unrecognised struct {
	Records int64 `json:"records"`
	Lines   int64 `json:"lines"`
}

// Call is a call, told and judged. It borrows from the callflow.Call and the Builder that made it: it holds until the next Build.
type Call struct {
	Flow     *callflow.Call
	Story    *explain.Story
	Notes    []diagnose.Finding // what the log did to the messages
	Findings []diagnose.Finding // what the parties did
	// IncompleteBecause says in words what was not seen, one for each of Flow.Missing.
	IncompleteBecause []string
}

// Builder builds reports. It is not safe for concurrent use.
type Builder struct {
	teller *explain.Teller
	runner *diagnose.Runner
	call   Call
}

// NewBuilder returns a Builder.
func NewBuilder(a explain.Assumptions, rules []*diagnose.Rule) *Builder {
	teller := explain.NewTeller(a)
	return &Builder{teller: teller, runner: diagnose.NewRunner(rules, teller.Messages())}
}

// Build tells and judges a call.
func (b *Builder) Build(c *callflow.Call) *Call {
	r := &b.call
	*r = Call{Flow: c, Notes: r.Notes[:0], Findings: r.Findings[:0]}
	r.Story = b.teller.Tell(c)
	if len(c.Missing) > 0 {
		r.IncompleteBecause = b.teller.Incomplete()
	}
	for _, f := range b.runner.Run(c) {
		if f.Rule.Severity == diagnose.SeverityNote {
			r.Notes = append(r.Notes, f)
		} else {
			r.Findings = append(r.Findings, f)
		}
	}
	return r
}

// ID returns the identifier of a call: the same for the same input.
func ID(c *callflow.Call) string {
	h := sha256.New()
	h.Write(c.FirstCallID())
	if len(c.Hops) > 0 {
		o := c.Origin(&c.Hops[0])
		h.Write(strconv.AppendInt([]byte{0}, o.Start, 10))
		h.Write(strconv.AppendInt([]byte{0}, int64(o.Source), 10))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
