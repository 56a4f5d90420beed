package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// work is something that is measured, with the costs of all turns.
type work struct {
	name    string
	goal    float64 // times fewer CPU seconds than sngrep; 0: no goal
	program string
	args    []string
	costs   []cost
}

// Names of works that others are compared with.
const (
	sngrepWork = "sngrep, pcap"
	tsharkWork = "tshark, pcap"
	scanWork   = "bare scan, syslog"
)

// works lists what is measured, in the order of one turn.
func (b *bench) works() []*work {
	list := []*work{
		{name: "list, pcap", goal: 20, program: b.program, args: []string{"list", b.pcap}},
		{name: "list, syslog", goal: 30, program: b.program, args: []string{"list", b.log}},
		{name: "explain, syslog", goal: 15, program: b.program, args: []string{"explain", b.log}},
		{name: scanWork, program: b.scan, args: []string{"-scan", b.log}},
	}
	for _, p := range b.peers {
		list = append(list, &work{name: p.name + ", pcap", program: p.path, args: p.args})
	}
	return list
}

// measure runs every work in turns, so that what else the machine does falls on all of them.
func (b *bench) measure(ctx context.Context) ([]*work, error) {
	works := b.works()
	for i := range b.runs {
		b.say("measuring, turn %d of %d", i+1, b.runs)
		for _, w := range works {
			c, err := spend(ctx, w.program, w.args...)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", w.name, err)
			}
			w.costs = append(w.costs, c)
		}
	}
	return works, nil
}

// cpu returns the median of the CPU times, the least and the most.
func (w *work) cpu() (median, least, most time.Duration) {
	all := make([]time.Duration, len(w.costs))
	for i, c := range w.costs {
		all[i] = c.CPU
	}
	slices.Sort(all)
	return middle(all), all[0], all[len(all)-1]
}

// memory returns the median of the largest resident sets, in bytes.
func (w *work) memory() int64 {
	all := make([]int64, len(w.costs))
	for i, c := range w.costs {
		all[i] = c.MaxRSS
	}
	slices.Sort(all)
	return middle(all)
}

// middle returns the median of a sorted list that is not empty; of an even number the mean of the two in the middle.
func middle[T time.Duration | int64 | float64](sorted []T) T {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}
