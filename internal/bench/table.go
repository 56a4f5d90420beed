package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"sipscribe/internal/figures"
)

// table is all that was measured.
type table struct {
	bench   *bench
	works   []*work
	live    []live
	parse   parsing
	machine string
}

// Goals that are not ratios (docs/measurements.md).
const (
	goalLive  = 2048 // bytes a live call beyond its messages
	goalParse = 1000 // MB/s
)

// write writes the table as Markdown, as it stands in docs/measurements.md.
func (t *table) write(w io.Writer) error {
	b := t.bench
	out := &strings.Builder{}
	out.WriteString(t.machine)
	for _, p := range b.peers {
		fmt.Fprintf(out, ", %s", p.version)
	}
	fmt.Fprintf(out, "\n%d calls, %d messages, %.1f %% of them again; all rows equal the truth, and list and explain agree\n",
		b.sum.Calls, b.sum.Messages, 100*float64(b.sum.Repeats)/float64(b.sum.Messages))
	turns := "turns"
	if b.runs == 1 {
		turns = "turn"
	}
	fmt.Fprintf(out, "CPU seconds, user and system; median of %d %s\n\n", b.runs, turns)
	sngrep, tshark, scan := t.median(sngrepWork), t.median(tsharkWork), t.median(scanWork)
	rows := [][]string{{"work", "CPU s", "least to most", "fewer than sngrep", "goal", "fewer than tshark", "of a bare scan", "memory MB"}}
	for _, x := range t.works {
		median, least, most := x.cpu()
		ours := x.goal > 0
		row := []string{x.name, secs(median), secs(least) + " to " + secs(most), "", "", "", "", megabytes(x.memory())}
		if ours {
			row[3], row[4], row[5] = times(sngrep, median), fmt.Sprintf("%g x", x.goal), times(tshark, median)
			row[6] = times(median, scan)
		}
		rows = append(rows, row)
	}
	out.WriteString(figures.Table(rows))
	out.WriteByte('\n')
	rows = [][]string{{"work", "measured", "goal"}}
	for _, l := range t.live {
		rows = append(rows, []string{fmt.Sprintf("memory a live call, %s, beyond its %.0f bytes", l.format, l.bytes), fmt.Sprintf("%.0f bytes", l.beyond),
			fmt.Sprintf("at most %d", goalLive)})
	}
	rows = append(rows, []string{"parse one INVITE with SDP (985 bytes)", fmt.Sprintf("%.0f MB/s, %g allocations", t.parse.mbPerSecond, t.parse.allocs),
		fmt.Sprintf("at least %d MB/s, none", goalParse)})
	out.WriteString(figures.Table(rows))
	if b.settings.calls < 5000 {
		out.WriteString("\nSo small a workload shows that everything runs and is right; the figures are mostly those of starting a program.\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// median returns the median of a work, 0 if it was not measured.
func (t *table) median(name string) time.Duration {
	for _, x := range t.works {
		if x.name == name {
			m, _, _ := x.cpu()
			return m
		}
	}
	return 0
}

func secs(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

// times writes how many times a is b; "-" if one of them was not measured.
func times(a, b time.Duration) string {
	if a <= 0 || b <= 0 {
		return "-"
	}
	return strconv.FormatFloat(float64(a)/float64(b), 'f', 1, 64) + " x"
}

func megabytes(n int64) string {
	if n <= 0 {
		return "-"
	}
	return strconv.FormatFloat(float64(n)/1e6, 'f', 0, 64)
}
