package ua

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/live"
)

func TestDialPlan(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name, plan, digits string
		want               Dialled
	}{
		{"whole, and nothing longer begins so: now", "(911|1xx)", "911", Dialled{Number: "911"}},
		{"the beginning of one", "(911|1xx)", "9", Dialled{Wait: 10 * s}},
		{"nothing yet", "(911|1xx)", "", Dialled{Wait: 10 * s}},
		{"no sequence begins so", "(911|1xx)", "92", Dialled{Refused: true}},
		{"whole, and a longer one may follow: the short timer", "(0|00)", "0", Dialled{Number: "0", Wait: 3 * s}},
		{"S0 waits for no other", "(0S0|00)", "0", Dialled{Number: "0"}},
		{"S sets the short timer", "(0S7|00)", "0", Dialled{Number: "0", Wait: 7 * s}},
		{"L sets the long timer", "(L4 911)", "9", Dialled{Wait: 4 * s}},
		{"any number of digits", "(xx.)", "123456", Dialled{Number: "123456", Wait: 3 * s}},
		{"a dot is also none", "(9x.)", "9", Dialled{Number: "9", Wait: 3 * s}},
		{"a set", "([2-4*6]1)", "*1", Dialled{Number: "*1"}},
		{"not in the set", "([2-4*6]1)", "5", Dialled{Refused: true}},
		{"a replacement", "(<9:1>xxx)", "9555", Dialled{Number: "1555"}},
		{"a replacement of several keys", "(<9x:+1>55)", "9355", Dialled{Number: "+155"}},
		{"something put before", "(<:1408>[2-9]xxxxxx)", "5551212", Dialled{Number: "14085551212"}},
		{"refused", "(900x.!|xx.)", "9005", Dialled{Wait: 10 * s}},
		{"a hot line", "(P0<:1000>)", "", Dialled{Number: "1000"}},
		{"a warm line", "(P5<:1000>|xxx)", "", Dialled{Number: "1000", Wait: 5 * s}},
		{"the seed's number with the usual plan", DefaultDialPlan, "18005551212", Dialled{Number: "18005551212"}},
		{"commas and hyphens are not dialled", "(9,1-xx)", "9155", Dialled{Number: "9155"}},
		{"the first that fits counts", "(<1:2>1|11)", "11", Dialled{Number: "21"}},
	} {
		p, err := ParseDialPlan(c.plan)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := p.Match(c.digits); got != c.want {
			t.Errorf("%s: %s with %q: got %+v, want %+v", c.name, c.plan, c.digits, got, c.want)
		}
	}
}

func TestDialPlanErrors(t *testing.T) {
	for plan, want := range map[string]string{
		"":                         "parentheses",
		"911":                      "parentheses",
		"(91q)":                    `column 4: 'q' is no key`,
		"(911|[2-)":                `column 6: '[' without ']'`,
		"(911|<9:1)":               `column 6: '<' without '>'`,
		"(<9>)":                    `column 2: "<9>" needs a colon`,
		"(<9:a>)":                  `column 5: 'a' cannot be dialled`,
		"(.x)":                     `column 2: nothing that '.' could repeat`,
		"(9!1)":                    `column 3: '!' must stand at the end`,
		"(91S)":                    `column 4: 'S' needs a number of seconds`,
		"([])":                     `column 2: an empty set`,
		strings.Repeat("(1)", 999): "at most 2047",
	} {
		if _, err := ParseDialPlan(plan); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20s: %v, want %s", plan, err, want)
		}
	}
}

// A plan with many repetitions must not take time that grows with the power of what is dialled.
func TestDialPlanIsBounded(t *testing.T) {
	p, err := ParseDialPlan("(" + strings.Repeat("x.", 600) + "#)")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Match(strings.Repeat("1", MaxDigits)); got.Number != "" || got.Refused {
		t.Errorf("got %+v", got)
	}
}

func FuzzDialPlan(f *testing.F) {
	f.Add(DefaultDialPlan, "18005551212")
	f.Add("(<9:1>xxx.|[2-4]xx!S0)", "9555")
	f.Fuzz(func(t *testing.T, plan, digits string) {
		p, err := ParseDialPlan(plan)
		if err != nil {
			return
		}
		d := p.Match(digits)
		if d.Refused && (d.Number != "" || d.Wait != 0) {
			t.Errorf("%q with %q: refused, and yet %+v", plan, digits, d)
		}
		if strings.Trim(d.Number, "0123456789*#+") != "" {
			t.Errorf("%q with %q makes %q", plan, digits, d.Number)
		}
	})
}

// A number that the plan has no use for is not called, and that is told when nobody presses another key any more.
func TestKeysThatMakeNoNumber(t *testing.T) {
	tb := newTable(t, nil)
	tb.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { return p.OffHook(now, 1, out) })
	for _, key := range []byte("202") {
		tb.do(0, func(p *Phone, now time.Time, out *live.Outbox) error { return p.Digit(now, 1, key, out) })
	}
	tb.net.Run(9 * time.Second)
	tb.want("before the long timer", tb.events)
	tb.net.Run(2 * time.Second)
	tb.want("after it", tb.events, "a undialled by local 202")
	tb.net.Run(time.Minute)
	tb.want("once", tb.events, "a undialled by local 202")
}

// What the manuals say of the dial plan of an office is so: with theirs an extension is called at once and 0 leads out, with the default it is not.
func TestDialPlanOfTheManuals(t *testing.T) {
	var office, standard []byte
	for _, c := range []struct {
		file, before string
		into         *[]byte
	}{{"proxy.md", `\*\*Dial Plan\*\* `, &office}, {"phone.md", `The default plan,\s+`, &standard}} {
		text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", c.file))
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(c.before + "`([^`]+)`").FindSubmatch(text)
		if m == nil {
			t.Fatalf("%s has no dial plan", c.file)
		}
		*c.into = m[1]
	}
	if string(standard) != DefaultDialPlan {
		t.Errorf("%s is not the default plan", standard)
	}
	for _, c := range []struct {
		plan, digits string
		want         Dialled
	}{
		{string(office), "102", Dialled{Number: "102"}},
		{string(office), "001234", Dialled{Number: "001234", Wait: interdigitShort}},
		{string(office), "5", Dialled{Refused: true}},
		{DefaultDialPlan, "102", Dialled{Wait: interdigitLong}},
	} {
		p, err := ParseDialPlan(c.plan)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Match(c.digits); got != c.want {
			t.Errorf("%s after %s: %+v, want %+v", c.plan, c.digits, got, c.want)
		}
	}
}
