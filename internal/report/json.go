package report

import (
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/diagnose"
	"sipscribe/internal/explain"
)

// Schema is the version of the JSON.
const Schema = 1

// JSON is a call in the shape of the contract. Field order is the order of the contract.
type JSON struct {
	ID                string            `json:"id"`
	CallIDs           []string          `json:"call_ids"`
	Kind              string            `json:"kind"`
	Outcome           string            `json:"outcome"`
	Status            *int              `json:"status"`
	Complete          bool              `json:"complete"`
	IncompleteBecause []string          `json:"incomplete_because"`
	Start             jsonTime          `json:"start"`
	PrecisionMS       float64           `json:"precision_ms"`
	RingMS            *float64          `json:"ring_ms"`
	TalkMS            *float64          `json:"talk_ms"`
	Headline          string            `json:"headline"`
	Summary           string            `json:"summary"`
	Participants      []jsonParticipant `json:"participants"`
	Facts             []jsonFact        `json:"facts"`
	Story             []jsonStep        `json:"story"`
	Ending            jsonEnding        `json:"ending"`
	Notes             []jsonFinding     `json:"notes"`
	Findings          []jsonFinding     `json:"findings"`
}

type jsonTime struct {
	Text  string  `json:"text"`
	UTC   *string `json:"utc"`
	Basis string  `json:"basis"`
}

type jsonParticipant struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Role      string   `json:"role"`
	Endpoints []string `json:"endpoints"`
}

type jsonFact struct {
	Name     string         `json:"name"`
	Label    string         `json:"label"`
	Value    string         `json:"value"`
	Where    string         `json:"where"`
	Hidden   bool           `json:"hidden"`
	Assumed  bool           `json:"assumed"`
	Evidence []jsonEvidence `json:"evidence"`
}

type jsonStep struct {
	Label     string         `json:"label"`
	Kind      string         `json:"kind"`
	Time      jsonTime       `json:"time"`
	Direction string         `json:"direction"`
	From      *string        `json:"from"`
	To        *string        `json:"to"`
	Method    string         `json:"method,omitempty"`
	Status    *int           `json:"status"`
	CSeq      *jsonCSeq      `json:"cseq"`
	RepeatOf  *string        `json:"repeat_of"`
	Text      string         `json:"text"`
	Evidence  []jsonEvidence `json:"evidence"`
}

type jsonCSeq struct {
	Number uint32 `json:"number"`
	Method string `json:"method"`
}

type jsonEnding struct {
	Text     string         `json:"text"`
	Evidence []jsonEvidence `json:"evidence"`
}

type jsonFinding struct {
	Code     string         `json:"code"`
	Severity string         `json:"severity"`
	Title    string         `json:"title"`
	Text     string         `json:"text"`
	Why      string         `json:"why"`
	Mend     string         `json:"mend"`
	Refs     []jsonRef      `json:"refs"`
	Evidence []jsonEvidence `json:"evidence"`
}

type jsonRef struct {
	RFC     int    `json:"rfc"`
	Section string `json:"section"`
}

// jsonEvidence has either a line or a frame.
type jsonEvidence struct {
	Source int32  `json:"source"`
	Line   *int64 `json:"line,omitempty"`
	Frame  *int64 `json:"frame,omitempty"`
	Start  int64  `json:"start"`
	End    int64  `json:"end"`
}

// JSON returns the call in the shape of the contract. It holds as the call does.
func (r *Call) JSON() *JSON {
	c := r.Flow
	j := &JSON{ID: ID(c), CallIDs: c.CallIDs(), Kind: c.Kind.String(), Outcome: c.Outcome.String(), Complete: len(c.Missing) == 0,
		IncompleteBecause: append([]string{}, r.IncompleteBecause...), Start: timeOf(c.Start()), RingMS: millis(c.Ring), TalkMS: millis(c.Talk),
		Headline: r.Story.Headline, Summary: r.Story.Summary, Participants: []jsonParticipant{}, Facts: []jsonFact{}, Story: []jsonStep{},
		Ending: jsonEnding{r.Story.Ending.Text, evidenceOf(r.Story.Ending.Evidence)}, Notes: findingsOf(r.Notes),
		Findings: findingsOf(r.Findings)}
	if c.Status != 0 {
		j.Status = &c.Status
	}
	if !c.Start().IsZero() {
		j.PrecisionMS = float64(c.Precision()) / float64(time.Millisecond)
	}
	for _, p := range r.Story.Parties {
		j.Participants = append(j.Participants, jsonParticipant{p.ID, p.Name, p.Role.String(), append([]string{}, p.Endpoints...)})
	}
	for _, f := range r.Story.Facts {
		j.Facts = append(j.Facts, jsonFact{f.Name, f.Label, f.Value, f.Where, f.Hidden, f.Assumed, evidenceOf(f.Evidence)})
	}
	for i := range r.Story.Steps {
		j.Story = append(j.Story, r.step(&r.Story.Steps[i]))
	}
	return j
}

func (r *Call) step(s *explain.Step) jsonStep {
	j := jsonStep{Label: s.Label, Kind: "message", Time: timeOf(s.Time), Direction: s.Direction.String(), Method: s.Method, Text: s.Text,
		Evidence: evidenceOf(s.Evidence)}
	switch s.Kind {
	case capture.KindEvent:
		j.Kind = "event"
	case capture.KindLoss:
		j.Kind = "loss"
	}
	party := func(i int) *string {
		if i < 0 || i >= len(r.Story.Parties) {
			return nil
		}
		return &r.Story.Parties[i].ID
	}
	j.From, j.To = party(s.From), party(s.To)
	if s.Status >= 100 {
		status := s.Status
		j.Status = &status
	}
	if s.Kind == capture.KindMessage {
		j.CSeq = &jsonCSeq{s.CSeq, s.CSeqName}
	}
	if s.RepeatOf != "" {
		label := s.RepeatOf
		j.RepeatOf = &label
	}
	return j
}

func timeOf(t capture.Time) jsonTime {
	j := jsonTime{Text: t.Text(), Basis: t.Basis.String()}
	if utc, ok := t.UTC(); ok {
		s := utc.Format(time.RFC3339Nano)
		j.UTC = &s
	}
	return j
}

func millis(d time.Duration) *float64 {
	if d < 0 {
		return nil
	}
	ms := float64(d) / float64(time.Millisecond)
	return &ms
}

func evidenceOf(list []capture.Evidence) []jsonEvidence {
	out := make([]jsonEvidence, 0, len(list))
	for _, e := range list {
		j := jsonEvidence{Source: e.Source, Start: e.Start, End: e.End}
		n := e.Number
		if e.Unit == capture.Frame {
			j.Frame = &n
		} else {
			j.Line = &n
		}
		out = append(out, j)
	}
	return out
}

func findingsOf(list []diagnose.Finding) []jsonFinding {
	out := make([]jsonFinding, 0, len(list))
	for _, f := range list {
		j := jsonFinding{Code: f.Rule.Code, Severity: f.Rule.Severity.String(), Title: f.Rule.Title, Text: f.Text, Why: f.Why, Mend: f.Mend,
			Refs: []jsonRef{}, Evidence: evidenceOf(f.Evidence)}
		if j.Mend == "" {
			j.Mend = f.Rule.Mend
		}
		for _, ref := range f.Rule.Refs {
			j.Refs = append(j.Refs, jsonRef{ref.RFC, ref.Section})
		}
		out = append(out, j)
	}
	return out
}
