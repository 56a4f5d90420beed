package cli

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/callflow"
	"sipscribe/internal/report"
)

var (
	busyRow = report.Row{Kind: callflow.KindCall, Outcome: callflow.OutcomeBusy, Status: 486, From: "spa1", To: "1800, Sales", Ring: 16 * time.Second,
		Talk: -1, Messages: 7, Complete: true, CallID: "a@192.0.2.1"}
	openRow  = report.Row{Kind: callflow.KindRegistration, Outcome: callflow.OutcomeInProgress, From: "SPA2", Ring: -1, Talk: 90 * time.Second, Messages: 1, Source: 1}
	twoNames = []report.Source{{Name: "a.log"}, {Name: "b.log"}}
)

func TestFilter(t *testing.T) {
	for _, c := range []struct {
		where      string
		busy, open bool
	}{
		{`outcome=busy`, true, false},
		{`outcome=BUSY`, true, false},
		{`outcome==busy`, true, false},
		{`ring == 16s`, true, false},
		{`from=="="`, false, false},
		{`outcome!=busy`, false, true},
		{`Outcome = busy`, true, false},
		{`kind=registration`, false, true},
		{`from=spa2`, false, true},
		{`from~spa`, true, true},
		{`from!~1`, false, true},
		{`from~/^spa[0-9]$/`, true, false},
		{`from!~/^spa[0-9]$/`, false, true},
		{`from~/(?i)^spa\d{1,2}$/`, true, true},
		{`to="1800, sales"`, true, false},
		{`to~", "`, true, false},
		{`to=`, false, true},
		{`ring>10s`, true, false},
		{`ring>=16`, true, false},
		{`ring<16`, false, false},
		{`ring<=16s`, true, false},
		{`ring=16s`, true, false},
		{`ring!=16s`, false, true},
		{`talk>1m`, false, true},
		{`talk=1m30s`, false, true},
		{`status=486`, true, false},
		{`status>400`, true, false},
		{`messages<2`, false, true},
		{`complete=true`, true, false},
		{`complete=false`, false, true},
		{`source=b.log`, false, true},
		{`source~.log,messages>5`, true, false},
		{`call-id~@192`, true, false},
		{`time~Aug`, false, false},
	} {
		f, err := parseFilter([]string{c.where})
		if err != nil {
			t.Errorf("%s: %v", c.where, err)
			continue
		}
		if busy, open := f.match(&busyRow, twoNames), f.match(&openRow, twoNames); busy != c.busy || open != c.open {
			t.Errorf("%s: %t %t, want %t %t", c.where, busy, open, c.busy, c.open)
		}
	}
	f, err := parseFilter(nil)
	if err != nil || !f.all() || !f.match(&busyRow, nil) {
		t.Errorf("no filter: %v", err)
	}
	if f, _ = parseFilter([]string{"from~spa", "status=486"}); f.all() || !f.match(&busyRow, nil) || f.match(&openRow, nil) {
		t.Error("two filters must both fit")
	}
}

func TestFilterMistakes(t *testing.T) {
	for where, want := range map[string]string{
		``:                     `column 1: an empty term`,
		`outcome=busy,`:        `column 14: an empty term`,
		`outcome`:              `column 1: "outcome" has no comparison`,
		`from~ä,colour=red`:    `column 8: there is no field "colour"`,
		`from!spa`:             `column 5: a lone "!"`,
		`ring~10`:              `column 5: ring is a number; ~ is for text`,
		`ring>soon`:            `column 6: ring: "soon" is neither a number nor a time`,
		`ring>NaN`:             `column 6: ring: "NaN" is neither`,
		`from>3`:               `column 5: from is text; > is for numbers`,
		`outcome=happy`:        `column 9: outcome: there is no "happy"; there are unknown, answered,`,
		`kind=thing`:           `column 6: kind: there is no "thing"`,
		`from~/(/`:             `column 6: error parsing regexp`,
		`from~/abc`:            `column 6: the regular expression is not closed`,
		`to="abc`:              `column 4: the quote is not closed`,
		`complete=maybe`:       `column 10: complete: there is no "maybe"; there are true, false`,
		`from=a,to=b,=3`:       `column 13: there is no field ""`,
		`messages>1,talk<=1x`:  `column 18: talk: "1x"`,
		`from~/[,]/, size=1`:   `column 13: there is no field "size"`,
		`from~/a\/,b/, size=1`: `column 15: there is no field "size"`,
	} {
		_, err := parseFilter([]string{where})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", where, err, want)
		}
	}
}

// FuzzFilter: a filter is taken or refused with a column that is in it, and what is taken decides about any row.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{`outcome=busy`, `from~/a,b/,to="x, y"`, `ring>=1m30s`, `=`, `"`, `from~/\`, `ä~`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, where string) {
		if joined := strings.Join(splitTerms(where), ","); joined != where {
			t.Fatalf("%q comes apart as %q", where, joined)
		}
		filter, err := parseFilter([]string{where})
		if err != nil {
			if !strings.Contains(err.Error(), "column ") {
				t.Fatalf("%q: no place: %v", where, err)
			}
			return
		}
		if filter.match(&busyRow, twoNames) != filter.match(&busyRow, twoNames) {
			t.Fatalf("%q decides one way and the other", where)
		}
	})
}

// TestSorterSpills sorts more rows than fit in memory, by every key and both ways, and holds the order against that of a sorter with
// room for all.
func TestSorterSpills(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var rows []report.Row
	for i := range 500 {
		rows = append(rows, report.Row{Seq: int64(i), From: string(rune('a' + rnd.IntN(5))), To: string(rune('a' + rnd.IntN(5))),
			Outcome: callflow.Outcome(rnd.IntN(5)), Ring: time.Duration(rnd.IntN(9)-1) * time.Second, Talk: time.Duration(rnd.IntN(9)-1) * time.Second,
			Messages: rnd.IntN(6), CallID: "x"})
	}
	rnd.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir)
	for key := range orders {
		for _, name := range []string{key, "-" + key} {
			o, err := parseOrder(name)
			if err != nil {
				t.Fatal(err)
			}
			sorted := func(limit int) []report.Row {
				s := newRowSorter(o, limit)
				defer s.close()
				for i := range rows {
					if err := s.add(&rows[i]); err != nil {
						t.Fatal(err)
					}
				}
				if limit < len(rows) && len(s.runs) == 0 {
					t.Fatal("nothing was spilled")
				}
				var out []report.Row
				if err := s.each(func(r *report.Row) error { out = append(out, *r); return nil }); err != nil {
					t.Fatal(err)
				}
				return out
			}
			all, spilled := sorted(1000), sorted(37)
			if len(all) != len(rows) || len(spilled) != len(rows) {
				t.Fatalf("%s: %d and %d of %d rows", name, len(all), len(spilled), len(rows))
			}
			for i := range all {
				if all[i] != spilled[i] {
					t.Fatalf("%s: row %d is %+v in memory and %+v from files", name, i, all[i], spilled[i])
				}
				if i > 0 && o.rank(&all[i], &all[i-1]) < 0 {
					t.Fatalf("%s: row %d comes before row %d", name, i, i-1)
				}
			}
		}
	}
}

func TestParseSize(t *testing.T) {
	for in, want := range map[string]int64{"1M": 1 << 20, "512m": 512 << 20, "2G": 2 << 30, "1048576": 1 << 20, "2048KiB": 2 << 20,
		"": -1, "M": -1, "12": -1, "1T": -1, "-1M": -1, "99999999G": -1, "1.5G": -1} {
		n, err := parseSize(in)
		if want < 0 && err == nil || want >= 0 && (err != nil || n != want) {
			t.Errorf("%q: %d, %v", in, n, err)
		}
	}
}

func TestCSVValue(t *testing.T) {
	for in, want := range map[string]string{"": "", "spa1": "spa1", "+18005551212": "+18005551212", "+1+cmd|x": "'+1+cmd|x", "+": "+", "-": "-", "+1 (800) 555-12.12": "+1 (800) 555-12.12", "-2-3": "-2-3", "+1-cmd": "'+1-cmd", "-x": "'-x", "+1,2": "\"'+1,2\"",
		"=1+1": "'=1+1", "-2": "-2", "@x": "'@x", "＝1": "'＝1", `a,"b"`: `"a,""b"""`, `=a,b`: `"'=a,b"`, "a;b": "a;b"} {
		if got := string(appendCSV(nil, in)); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func TestCounted(t *testing.T) {
	for want, n := range map[string]int64{"1 line": 1, "0 lines": 0, "2 lines": 2} {
		if got := counted(n, "line"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := counted(3, "event of a device outside any call"); got != "3 events of a device outside any call" {
		t.Error(got)
	}
}
