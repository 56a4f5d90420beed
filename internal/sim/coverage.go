package sim

import (
	"fmt"
	"io"
	"sort"
	"sync"

	"sipscribe/internal/live/transaction"
	"sipscribe/internal/live/ua"
)

// Transitions counts the arrows of the machines that were gone along.
type Transitions map[transaction.Transition]int

func (t Transitions) take(x transaction.Transition) { t[x]++ }

// Coverage is what all schedules together have seen.
type Coverage struct {
	Schedules, Counted int // Counted had at least one call and one fault
	Calls, Messages    int
	Told               int // calls that the interpreter has told and that were compared
	Transitions        Transitions
	Matrix             Matrix
	// Faults counts the schedules in which each kind of fault happened, Events what telephones have told.
	Faults map[string]int
	Events map[string]int
	Failed []*Result

	mu sync.Mutex
}

// NewCoverage returns one that has seen nothing.
func NewCoverage() *Coverage {
	return &Coverage{Transitions: Transitions{}, Faults: map[string]int{}, Events: map[string]int{}}
}

// maxFailures bounds how many failing seeds are kept.
const maxFailures = 20

// Add adds what a schedule has seen.
func (c *Coverage) Add(r *Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Schedules++
	if r.Counts() {
		c.Counted++
	}
	c.Calls += r.Calls
	c.Messages += r.Messages
	c.Told += r.Told
	for t, n := range r.Transitions {
		c.Transitions[t] += n
	}
	for f := range r.Faults() {
		c.Faults[f]++
	}
	for k, n := range r.Events {
		if n > 0 {
			c.Events[ua.EventKind(k).String()] += n
		}
	}
	if l, p, ok := r.Schedule.column(); ok {
		for row, hit := range r.Rows {
			if hit {
				c.Matrix[row][l][p]++
			}
		}
	}
	if len(r.Failures) > 0 && len(c.Failed) < maxFailures {
		c.Failed = append(c.Failed, r)
	}
}

// Progress returns the numbers so far.
func (c *Coverage) Progress() (schedules, failed int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Schedules, len(c.Failed)
}

// Merge adds what others have seen.
func (c *Coverage) Merge(o *Coverage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Schedules += o.Schedules
	c.Counted += o.Counted
	c.Calls += o.Calls
	c.Messages += o.Messages
	c.Told += o.Told
	for t, n := range o.Transitions {
		c.Transitions[t] += n
	}
	for f, n := range o.Faults {
		c.Faults[f] += n
	}
	for k, n := range o.Events {
		c.Events[k] += n
	}
	c.Matrix.add(&o.Matrix)
	for _, r := range o.Failed {
		if len(c.Failed) < maxFailures {
			c.Failed = append(c.Failed, r)
		}
	}
}

// Missing returns the arrows that no schedule has gone along.
func (c *Coverage) Missing() []transaction.Transition {
	var list []transaction.Transition
	for _, t := range transaction.Transitions() {
		if c.Transitions[t] == 0 {
			list = append(list, t)
		}
	}
	return list
}

// WriteTo tells what was covered, for people.
func (c *Coverage) Write(w io.Writer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(w, "%d schedules, %d of them with a call and a fault; %d calls, %d messages, %d calls told by the interpreter\n", c.Schedules, c.Counted, c.Calls, c.Messages, c.Told)
	fmt.Fprintf(w, "faults, in schedules:%s\n", counted(c.Faults))
	fmt.Fprintf(w, "told by telephones:%s\n", counted(c.Events))
	missing := c.Missing()
	fmt.Fprintf(w, "%d of %d transitions of the machines were taken\n", len(transaction.Transitions())-len(missing), len(transaction.Transitions()))
	for _, t := range missing {
		fmt.Fprintf(w, "  never: %s, %s: %s ▶ %s\n", t.Machine, t.Event, t.From, t.To)
	}
	fmt.Fprintf(w, "the CANCEL matrix, in schedules:\n%24s", "")
	for _, p := range heads {
		fmt.Fprintf(w, " │ %-39s", hops(p))
	}
	fmt.Fprintf(w, "\n%24s", "")
	for range heads {
		fmt.Fprintf(w, " │ %7s %7s %7s %7s %7s", "UDP 0", "5 %", "30 %", "TCP", "TLS")
	}
	fmt.Fprintln(w)
	for r := RowNone + 1; r < rows; r++ {
		fmt.Fprintf(w, "%24s", r)
		for _, p := range heads {
			fmt.Fprint(w, " │")
			for l := range links {
				fmt.Fprintf(w, " %7d", c.Matrix[r][l][p])
			}
		}
		fmt.Fprintln(w)
	}
	empty, all := c.Matrix.Empty()
	fmt.Fprintf(w, "%d of its %d cells were seen\n", all-len(empty), all)
	for _, e := range empty {
		fmt.Fprintf(w, "  never: %s\n", e)
	}
}

// counted writes numbers of things, the most frequent first.
func counted(m map[string]int) string {
	var names []string
	for k := range m {
		names = append(names, k)
	}
	sort.Slice(names, func(i, j int) bool {
		if m[names[i]] != m[names[j]] {
			return m[names[i]] > m[names[j]]
		}
		return names[i] < names[j]
	})
	s := ""
	for i, k := range names {
		if i > 0 {
			s += ","
		}
		s += fmt.Sprintf(" %s %d", k, m[k])
	}
	return s
}
