package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"sipscribe/internal/report"
)

// filter is the small language of --where: terms that must all be true, separated by commas.
//
//	outcome=busy          from~spa1          ring>10s          complete=false          to!=18005551212
type filter struct{ terms []condition }

type condition struct {
	text  func(r *report.Row, sources []report.Source) string
	num   func(r *report.Row) (float64, bool)
	op    string
	value string
	n     float64
	re    *regexp.Regexp
}

// filterHelp is the description of the language for the help.
const filterHelp = `--where takes terms that must all be true, separated by commas; it may be given several times.
  fields with text      outcome, kind, from, to, source, call-id, time, complete (true, false)
  fields with numbers   ring, talk (as 10s, 1m30s, or seconds), messages, status
  =  !=                 equal (text without regard to case), not equal
  ~  !~                 contains, does not contain; /…/ is a regular expression: from~/^spa[0-9]$/
  <  <=  >  >=          for numbers; a call where the number is not known never fits
A value with a comma stands in double quotes.`

var textFields = map[string]func(r *report.Row, sources []report.Source) string{
	"outcome":  func(r *report.Row, _ []report.Source) string { return r.Outcome.String() },
	"kind":     func(r *report.Row, _ []report.Source) string { return r.Kind.String() },
	"from":     func(r *report.Row, _ []report.Source) string { return r.From },
	"to":       func(r *report.Row, _ []report.Source) string { return r.To },
	"call-id":  func(r *report.Row, _ []report.Source) string { return r.CallID },
	"time":     func(r *report.Row, _ []report.Source) string { return r.Time.Text() },
	"complete": func(r *report.Row, _ []report.Source) string { return strconv.FormatBool(r.Complete) },
	"source":   func(r *report.Row, sources []report.Source) string { return sourceName(sources, r.Source) },
}

var numberFields = map[string]func(r *report.Row) (float64, bool){
	"ring":     func(r *report.Row) (float64, bool) { return r.Ring.Seconds(), r.Ring >= 0 },
	"talk":     func(r *report.Row) (float64, bool) { return r.Talk.Seconds(), r.Talk >= 0 },
	"messages": func(r *report.Row) (float64, bool) { return float64(r.Messages), true },
	"status":   func(r *report.Row) (float64, bool) { return float64(r.Status), r.Status != 0 },
}

func sourceName(sources []report.Source, i int32) string {
	if int(i) < len(sources) {
		return sources[i].Name
	}
	return ""
}

// parseFilter reads the terms of all --where flags.
func parseFilter(list []string) (*filter, error) {
	f := &filter{}
	for _, where := range list {
		for _, part := range splitTerms(where) {
			t, err := parseTerm(part)
			if err != nil {
				return nil, withHint(fmt.Errorf("--where: %w", err), `see "sipscribe list --help"`)
			}
			f.terms = append(f.terms, t)
		}
	}
	return f, nil
}

// splitTerms splits at commas that are not inside quotes or a regular expression.
func splitTerms(s string) []string {
	var out []string
	start, quoted, regex := 0, false, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && regex:
			i++
		case c == '"' && !regex:
			quoted = !quoted
		case c == '/' && !quoted && (regex || i > 0 && s[i-1] == '~'):
			regex = !regex
		case c == ',' && !quoted && !regex:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

func parseTerm(s string) (condition, error) {
	i := strings.IndexAny(s, "=!~<>")
	if i < 0 {
		return condition{}, fmt.Errorf("%q has no comparison (=, !=, ~, !~, <, <=, >, >=)", s)
	}
	name := strings.ToLower(strings.TrimSpace(s[:i]))
	t := condition{}
	for _, op := range [...]string{"!=", "!~", "<=", ">=", "=", "~", "<", ">"} {
		if strings.HasPrefix(s[i:], op) {
			t.op = op
			break
		}
	}
	if t.op == "" {
		return t, fmt.Errorf("%q has no comparison that there is", s)
	}
	t.value = strings.TrimSpace(s[i+len(t.op):])
	if n := len(t.value); n >= 2 && t.value[0] == '"' && t.value[n-1] == '"' {
		t.value = t.value[1 : n-1]
	}
	if num, ok := numberFields[name]; ok {
		t.num = num
		if strings.Contains(t.op, "~") {
			return t, fmt.Errorf("%s is a number; ~ is for text", name)
		}
		n, err := parseAmount(t.value)
		if err != nil {
			return t, fmt.Errorf("%s: %w", name, err)
		}
		t.n = n
		return t, nil
	}
	text, ok := textFields[name]
	if !ok {
		return t, fmt.Errorf("there is no field %q", name)
	}
	t.text = text
	switch t.op {
	case "<", ">", "<=", ">=":
		return t, fmt.Errorf("%s is text; %s is for numbers", name, t.op)
	case "~", "!~":
		if n := len(t.value); n >= 2 && t.value[0] == '/' && t.value[n-1] == '/' {
			re, err := regexp.Compile(t.value[1 : n-1])
			if err != nil {
				return t, err
			}
			t.re = re
		}
		t.value = strings.ToLower(t.value)
	case "=", "!=":
		if name == "outcome" && !known(t.value, outcomeWords) || name == "kind" && !known(t.value, kindWords) {
			words := outcomeWords
			if name == "kind" {
				words = kindWords
			}
			return t, fmt.Errorf("%s: there is no %q; there are %s", name, t.value, strings.Join(words, ", "))
		}
	}
	return t, nil
}

func known(value string, words []string) bool {
	for _, w := range words {
		if strings.EqualFold(w, value) {
			return true
		}
	}
	return false
}

// parseAmount reads a number, or a time as "10s" or "1m30s", in seconds.
func parseAmount(s string) (float64, error) {
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return n, nil
	}
	d, err := time.ParseDuration(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		return 0, errors.New(strconv.Quote(s) + " is neither a number nor a time such as 10s")
	}
	return d.Seconds(), nil
}

// all reports whether every call fits.
func (f *filter) all() bool { return len(f.terms) == 0 }

// match reports whether a row fits.
func (f *filter) match(r *report.Row, sources []report.Source) bool {
	for i := range f.terms {
		if !f.terms[i].match(r, sources) {
			return false
		}
	}
	return true
}

func (t *condition) match(r *report.Row, sources []report.Source) bool {
	if t.num != nil {
		n, ok := t.num(r)
		if !ok {
			return t.op == "!="
		}
		switch t.op {
		case "=":
			return n == t.n
		case "!=":
			return n != t.n
		case "<":
			return n < t.n
		case "<=":
			return n <= t.n
		case ">":
			return n > t.n
		}
		return n >= t.n
	}
	s := t.text(r, sources)
	switch t.op {
	case "=":
		return strings.EqualFold(s, t.value)
	case "!=":
		return !strings.EqualFold(s, t.value)
	}
	has := false
	if t.re != nil {
		has = t.re.MatchString(s)
	} else {
		has = strings.Contains(strings.ToLower(s), t.value)
	}
	return has == (t.op == "~")
}
