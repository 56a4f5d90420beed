package diagnose

import (
	"testing"

	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/sip"
)

const message = "OPTIONS sip:b@example.net SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@example.org>;tag=1\r\n" +
	"To: <sip:b@example.net>\r\nCall-ID: 1@192.0.2.1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"

// run gives a call of two messages to a runner, twice, and returns the codes that it found the second time.
func run(t *testing.T, rules []*Rule) []string {
	t.Helper()
	r := NewRunner(rules, nil)
	var codes []string
	for range 2 {
		codes = nil
		asm := callflow.NewAssembler(callflow.Options{Emit: func(c *callflow.Call) error {
			for _, f := range r.Run(c) {
				codes = append(codes, f.Rule.Code)
			}
			return nil
		}})
		for i, cseq := range []string{message, message[:len(message)-2] + "X: y\r\n\r\n"} {
			rec := capture.Record{Kind: capture.KindMessage, Data: []byte(cseq), Origin: capture.Origin{Number: int64(i + 1), Start: 100, End: 100 + int64(len(cseq))}}
			if err := asm.Add(&rec); err != nil {
				t.Fatal(err)
			}
		}
		if err := asm.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return codes
}

func rule(code string, look func(*Pass), causes ...*Rule) *Rule {
	return &Rule{Code: code, Severity: SeverityWarning, DependsOn: causes, Run: look}
}

func report(p *Pass) { p.Report(Finding{Text: "x"}) }

// TestCauseSilencesSymptom: a rule whose cause was found stays silent, and speaks where it was not.
func TestCauseSilencesSymptom(t *testing.T) {
	cause := rule("cause", report)
	absent := rule("absent", func(*Pass) {})
	got := run(t, []*Rule{cause, absent, rule("symptom", report, cause), rule("other", report, absent)})
	if len(got) != 2 || got[0] != "cause" || got[1] != "other" {
		t.Errorf("%q", got)
	}
}

// TestDamaged: what an artefact rule marks is known to the rules behind it, and forgotten with the call.
func TestDamaged(t *testing.T) {
	before := rule("before", func(p *Pass) {
		if p.Damaged(0) || p.Damaged(1) {
			p.Report(Finding{})
		}
	})
	marks := rule("marks", func(p *Pass) { p.MarkDamaged(1) })
	after := rule("after", func(p *Pass) {
		if p.Damaged(1) && !p.Damaged(0) {
			p.Report(Finding{})
		}
	})
	if got := run(t, []*Rule{before, marks, after}); len(got) != 1 || got[0] != "after" {
		t.Errorf("%q", got)
	}
}

func TestPassReads(t *testing.T) {
	looked := false
	run(t, []*Rule{rule("reads", func(p *Pass) {
		looked = true
		if m := p.Message(1); !m.Has(sip.FieldCallID) || p.Message(0) == nil {
			t.Error("no message")
		}
		m := p.Message(0)
		e := p.Evidence(0, m.URISpan)
		if len(e) != 1 || e[0].Start != 100+int64(m.URISpan.Start) || e[0].End != 100+int64(m.URISpan.End) || e[0].Number != 1 {
			t.Errorf("evidence of the URI: %+v", e)
		}
		if e := p.Evidence(0, sip.Span{}); e[0].Start != 100 || e[0].End != 100+int64(len(message)) {
			t.Errorf("evidence of all: %+v", e)
		}
	})})
	if !looked {
		t.Error("the rule did not run")
	}
}

func TestWords(t *testing.T) {
	for s, want := range map[Severity]string{SeverityUnknown: "unknown", SeverityNote: "note", SeverityInfo: "info", SeverityWarning: "warning", SeverityError: "error", 99: "error"} {
		if s.String() != want {
			t.Errorf("%d: %s", s, s)
		}
	}
	if got := RFC(3261, "18.3").String(); got != "RFC 3261 §18.3" {
		t.Error(got)
	}
	if got := RFC(3665, "").String(); got != "RFC 3665" {
		t.Error(got)
	}
}
