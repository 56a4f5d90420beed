// Package figures is what the programs that measure sipscribe (internal/bench, internal/interop) print alike: where the figures are from, and a table of them, as both stand
// in docs/measurements.md.
//
//	AMD EPYC 7B13, 2 cores, linux/amd64, go1.26.0
//
//	| work           | CPU s |
//	|----------------|-------|
//	| list --csv     | 0.170 |
package figures

import (
	"fmt"
	"runtime"
	"strings"
	"unicode/utf8"
)

// Machine returns where figures are from: processor, cores, system, version of Go.
func Machine() string {
	cpu := processor()
	if cpu == "" {
		cpu = "unknown processor"
	}
	return fmt.Sprintf("%s, %d cores, %s/%s, %s", cpu, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// Table returns rows as a table of Markdown, its columns padded so that it can be read as it is too. The first row is the head.
func Table(rows [][]string) string {
	width := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, cell := range r {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var w strings.Builder
	for n, r := range rows {
		for i, cell := range r {
			fmt.Fprintf(&w, "| %-*s ", width[i], cell)
		}
		w.WriteString("|\n")
		if n == 0 {
			for _, k := range width {
				w.WriteString("|" + strings.Repeat("-", k+2))
			}
			w.WriteString("|\n")
		}
	}
	return w.String()
}
