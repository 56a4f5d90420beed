package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"sipscribe/internal/render/text"
)

// tableOf lays out rows, the cells of which have a bar between them.
func tableOf(t *testing.T, width, sources int, rows ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	tab := table{out: w, width: width, sources: sources}
	for _, r := range rows {
		if err := tab.add([]byte(strings.ReplaceAll(r, "|", string(cellEnd)) + "\n")); err != nil {
			t.Fatal(err)
		}
	}
	if err := tab.close(true); err != nil {
		t.Fatal(err)
	}
	w.Flush()
	return out.String()
}

func TestTable(t *testing.T) {
	one := []string{"Aug 20 16:40:00|spa1|sip.example.net|NOTIFY 489|-|-|2|a.log", "Aug 20 16:41:00|15035550123|15035550147|answered|8 s|1:35|10|a.log"}
	mixed := []string{"16:40:00|1|2|busy 486|-|-|3|logs/a.log", "2026-11-22T17:09:34.542621951Z|spa1|日本語の名前が長い|answered|0.8 s|1.5 s|10|logs/very/long/b.pcap"}
	for _, c := range []struct {
		name           string
		width, sources int
		rows           []string
		want           string
	}{
		{"no limit", 0, 1, one, `
TIME             FROM              TO                OUTCOME                RING     TALK  MESSAGES  SOURCE
Aug 20 16:40:00  spa1              sip.example.net   NOTIFY 489                -        -         2  a.log
Aug 20 16:41:00  15035550123       15035550147       answered                8 s     1:35        10  a.log
`},
		{"what no cell takes goes", 91, 1, one, `
TIME             FROM         TO               OUTCOME     RING  TALK  MESSAGES  SOURCE
Aug 20 16:40:00  spa1         sip.example.net  NOTIFY 489     -     -         2  a.log
Aug 20 16:41:00  15035550123  15035550147      answered     8 s  1:35        10  a.log
`},
		{"then the source that all have, and the ends of names", 74, 1, one, `
TIME             FROM         TO              OUTCOME     RING  TALK  MSGS
Aug 20 16:40:00  spa1         sip.example.n…  NOTIFY 489     -     -     2
Aug 20 16:41:00  15035550123  15035550147     answered     8 s  1:35    10
`},
		{"then lines of their own", 44, 1, one, `
Aug 20 16:40:00  NOTIFY 489
  from spa1 to sip.example.net, 2 messages
Aug 20 16:41:00  answered
  from 15035550123 to 15035550147, rang 8 s,
  talked 1:35, 10 messages
`},
		{"several forms of time never touch the next column", 0, 2, mixed, `
TIME                            FROM              TO                  OUTCOME                RING     TALK  MESSAGES  SOURCE
16:40:00                        1                 2                   busy 486                  -        -         3  logs/a.log
2026-11-22T17:09:34.542621951Z  spa1              日本語の名前が長い  answered              0.8 s    1.5 s        10  logs/very/long/b.pcap
`},
		{"of several sources the end stays, of a time the second", 92, 2, mixed, `
TIME                  FROM  TO                  OUTCOME    RING   TALK  MSGS  SOURCE
16:40:00              1     2                   busy 486      -      -     3  logs/a.log
2026-11-22T17:09:34Z  spa1  日本語の名前が長い  answered  0.8 s  1.5 s    10  …y/long/b.pcap
`},
		{"a wide character that does not fit leaves no hole", 83, 2, mixed, `
TIME                  FROM  TO            OUTCOME    RING   TALK  MSGS  SOURCE
16:40:00              1     2             busy 486      -      -     3  logs/a.log
2026-11-22T17:09:34Z  spa1  日本語の名…   answered  0.8 s  1.5 s    10  …ong/b.pcap
`},
		{"several sources are named on lines of their own", 50, 2, mixed[:1], `
16:40:00  busy 486
  from 1 to 2, 3 messages, logs/a.log
`},
		{"no rows", 0, 1, nil, `
TIME  FROM              TO                OUTCOME                RING     TALK  MESSAGES  SOURCE
`},
	} {
		if got := tableOf(t, c.width, c.sources, c.rows...); "\n"+got != c.want {
			t.Errorf("%s:\n%s\nwant%s", c.name, got, c.want)
		}
	}
}

// TestTableLater: rows after those that the widths are of are shortened where there is a limit, and else push what comes after; no two cells touch.
func TestTableLater(t *testing.T) {
	var rows []string
	for i := range laidBy {
		rows = append(rows, fmt.Sprintf("16:40:00|%d|2|busy 486|-|-|3|a.log", i))
	}
	rows = append(rows, "2026-11-22T17:09:34.542621951Z|"+strings.Repeat("x", 40)+"|"+strings.Repeat("y", 40)+"|SUBSCRIBE in-progress|1:00:00:00|-|1234567890|a.log")
	got := tableOf(t, 0, 1, rows...)
	if want := "2026-11-22T17:09:34.542621951Z  " + strings.Repeat("x", 40) + "  " + strings.Repeat("y", 40) + "  SUBSCRIBE in-progress  1:00:00:00        -  1234567890  a.log\n"; !strings.HasSuffix(got, "\n"+want) {
		t.Errorf("%s", got[len(got)-200:])
	}
	got = tableOf(t, 80, 1, rows...)
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if n := text.Width(lines[len(lines)-2]); n > 80 {
		t.Errorf("%d columns", n)
	}
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "2026-11-22T17:09:34.542621951Z  xxx") || !strings.Contains(last, "x…  y") {
		t.Errorf("%s", last)
	}
}

func TestWithoutFraction(t *testing.T) {
	for s, want := range map[string]string{"": "", "12:00:01.5": "12:00:01", "12:00:01,542 +0100": "12:00:01 +0100", "20.08.2009 16:40:00": "20.08.2009 16:40:00", "20.08.2009": "20.08.2009",
		"2026-11-22T17:09:34.542621951Z": "2026-11-22T17:09:34Z", "2026-11-22T17:09:34+01:00": "2026-11-22T17:09:34+01:00", "17:09:34.5+01:00": "17:09:34+01:00"} {
		if got := string(withoutFraction([]byte(s))); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

// TestTableFits: whatever the cells and the width, nothing is wider than the terminal but a time or a word that is so by itself, and every call is there.
func TestTableFits(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	word := func(most int) string {
		return strings.Repeat([]string{"a", "7", "語", "é"}[chance.IntN(4)], 1+chance.IntN(most))
	}
	for range 2000 {
		width, sources := 30+chance.IntN(120), 1+chance.IntN(2)
		var rows []string
		longest := 0
		for range 1 + chance.IntN(5) {
			cells := []string{[]string{"", "16:40:00", "Aug 20 16:40:00", "2026-11-22T17:09:34.542621951Z"}[chance.IntN(4)], word(40), word(40), "SUBSCRIBE in-progress"[:1+chance.IntN(20)],
				"1:00:00", "-", "10", word(60)}
			for _, c := range cells {
				longest = max(longest, text.Width(c))
			}
			rows = append(rows, strings.Join(cells, "|"))
		}
		got := tableOf(t, width, sources, rows...)
		stacked := !strings.HasPrefix(got, "TIME")
		for line := range strings.SplitSeq(strings.TrimSuffix(got, "\n"), "\n") {
			if n := text.Width(line); n > width && !(stacked && n <= longest+len("  ")+len(",")) {
				t.Fatalf("%d columns, %d sources, %d: %q\n%s", width, sources, n, line, strings.Join(rows, "\n"))
			}
			if strings.HasSuffix(line, " ") {
				t.Fatalf("blanks at the end of %q", line)
			}
		}
		if n := strings.Count(got, "\n"); n < len(rows) || !stacked && n != len(rows)+1 {
			t.Fatalf("%d lines of %d rows", n, len(rows))
		}
	}
}
