package main

import (
	"fmt"
	"io"
)

// differences collects where two accounts of the same calls are not the same.
type differences struct {
	where string // "list spa.log"
	count int
	first []string
}

// mostShown is how many differences are kept and printed.
const mostShown = 20

// add notes a difference: of which call, in what, what was told and what is true.
func (d *differences) add(call, what, told, truth string) {
	if d.count++; told == "" {
		told = "not there"
	}
	if truth == "" {
		truth = "that there is none"
	}
	if len(d.first) < mostShown {
		d.first = append(d.first, fmt.Sprintf("%s: %s: %s is %s, the truth is %s", d.where, call, what, told, truth))
	}
}

// print writes the first differences, a line each, and how many there are if there are more.
func (d *differences) print(w io.Writer) {
	for _, s := range d.first {
		fmt.Fprintln(w, s)
	}
	if n := d.count - len(d.first); n > 0 {
		fmt.Fprintf(w, "%s: %d more\n", d.where, n)
	}
}
