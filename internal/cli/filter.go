package cli

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

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
  fields with text      outcome, kind, method, from, to, redirected-to, source, call-id, time, complete (true, false)
  fields with numbers   ring, talk (as 10s, 1m30s, or seconds), messages, status
  =  !=                 equal (text without regard to case), not equal, or not known; == is =
  ~  !~                 contains, does not contain; /…/ is a regular expression: from~/^spa[0-9]$/
  <  <=  >  >=          for numbers; a call where the number is not known never fits
A value with a comma stands in double quotes.`

var textFields = map[string]func(r *report.Row, sources []report.Source) string{
	"outcome":       func(r *report.Row, _ []report.Source) string { return r.Outcome.String() },
	"kind":          func(r *report.Row, _ []report.Source) string { return r.Kind.String() },
	"method":        func(r *report.Row, _ []report.Source) string { return r.Method },
	"from":          func(r *report.Row, _ []report.Source) string { return r.From },
	"to":            func(r *report.Row, _ []report.Source) string { return r.To },
	"redirected-to": func(r *report.Row, _ []report.Source) string { return r.RedirectedTo },
	"call-id":       func(r *report.Row, _ []report.Source) string { return r.CallID },
	"time":          func(r *report.Row, _ []report.Source) string { return r.Time.Text() },
	"complete":      func(r *report.Row, _ []report.Source) string { return strconv.FormatBool(r.Complete) },
	"source":        func(r *report.Row, sources []report.Source) string { return sourceName(sources, r.Source) },
}

// fieldWords are the words of the fields that have no others.
var fieldWords = map[string][]string{"outcome": outcomeWords, "kind": kindWords, "complete": {"true", "false"}}

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
		at := 0
		for _, part := range splitTerms(where) {
			t, err := parseTerm(part)
			if err != nil {
				// The place is told in characters, as a person counts.
				column := utf8.RuneCountInString(where[:at+err.at]) + 1
				return nil, withHint(fmt.Errorf("--where: %q, column %d: %w", where, column, err), `see "sipscribe list --help"`)
			}
			f.terms = append(f.terms, t)
			at += len(part) + 1
		}
	}
	return f, nil
}

// termError is a mistake in a term, at an offset in it.
type termError struct {
	at   int
	text string
}

func (e *termError) Error() string { return e.text }

func mistake(at int, format string, args ...any) *termError {
	return &termError{at, fmt.Sprintf(format, args...)}
}

// splitTerms splits at commas that are not inside quotes or a regular expression. Joined with commas the parts are s again.
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

func parseTerm(s string) (condition, *termError) {
	start := len(s) - len(strings.TrimLeft(s, " \t"))
	if start == len(s) {
		return condition{}, mistake(0, "an empty term")
	}
	i := strings.IndexAny(s, "=!~<>")
	if i < 0 {
		return condition{}, mistake(start, "%q has no comparison; there are =, !=, ~, !~, <, <=, >, >=", strings.TrimSpace(s))
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
		return t, mistake(i, "a lone \"!\"; there are != and !~")
	}
	value := i + len(t.op) // where the value begins, for mistakes in it
	if t.op == "=" && strings.HasPrefix(s[value:], "=") {
		value++ // == is =, as in most languages
	}
	t.value = strings.TrimSpace(s[value:])
	switch n := len(t.value); {
	case n >= 2 && t.value[0] == '"' && t.value[n-1] == '"':
		t.value = t.value[1 : n-1]
	case n > 0 && t.value[0] == '"':
		return t, mistake(value, "the quote is not closed")
	}
	if num, ok := numberFields[name]; ok {
		t.num = num
		if strings.Contains(t.op, "~") {
			return t, mistake(i, "%s is a number; %s is for text", name, t.op)
		}
		n, err := parseAmount(t.value)
		if err != nil {
			return t, mistake(value, "%s: %v", name, err)
		}
		t.n = n
		return t, nil
	}
	text, ok := textFields[name]
	if !ok {
		return t, mistake(start, "there is no field %q; there are %s", name, fieldNames())
	}
	t.text = text
	switch t.op {
	case "<", ">", "<=", ">=":
		return t, mistake(i, "%s is text; %s is for numbers", name, t.op)
	case "~", "!~":
		if n := len(t.value); n >= 2 && t.value[0] == '/' && t.value[n-1] == '/' {
			re, err := regexp.Compile(t.value[1 : n-1])
			if err != nil {
				return t, mistake(value, "%v", err)
			}
			t.re = re
		} else if n > 0 && t.value[0] == '/' {
			return t, mistake(value, "the regular expression is not closed with /")
		}
		t.value = strings.ToLower(t.value)
	case "=", "!=":
		if words, ok := fieldWords[name]; ok && !known(t.value, words) {
			return t, mistake(value, "%s: there is no %q; there are %s", name, t.value, strings.Join(words, ", "))
		}
	}
	return t, nil
}

// fieldNames lists the fields.
func fieldNames() string {
	var names []string
	for name := range textFields {
		names = append(names, name)
	}
	for name := range numberFields {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
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
	if n, err := strconv.ParseFloat(s, 64); err == nil && !math.IsNaN(n) && !math.IsInf(n, 0) {
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
