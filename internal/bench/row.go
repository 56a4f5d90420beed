package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"sipscribe/internal/workload"
)

// row is a row of `sipscribe list --csv`, each column as it is written: "24.145" and "24.1450" are different.
type row struct {
	time, utc      string
	from, to       string
	kind, method   string
	outcome        string
	status         string
	ring, talk     string // seconds
	messages       string
	complete       string
	source, callID string
}

// rowColumns is the head of the list.
var rowColumns = []string{"time", "utc", "from", "to", "kind", "method", "outcome", "status", "ring_s", "talk_s", "messages", "complete", "source", "call_id", "redirected_to"}

// readRows reads a list. The error says which line is not as it should be.
func readRows(r io.Reader) ([]row, error) {
	in := csv.NewReader(r)
	in.FieldsPerRecord = len(rowColumns)
	var rows []row
	for first := true; ; first = false {
		f, err := in.Read()
		switch {
		case errors.Is(err, io.EOF) && !first:
			return rows, nil
		case err != nil:
			return nil, fmt.Errorf("list: %w", err)
		case first && !slices.Equal(f, rowColumns):
			return nil, fmt.Errorf("list: the columns are %q, want %q", f, rowColumns)
		case !first:
			rows = append(rows, row{f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8], f[9], f[10], f[11], f[12], f[13]})
		}
	}
}

// methodOf is the method of the request with which a call of the truth begins.
func methodOf(c *workload.Call) string {
	if c.Kind == workload.KindRegistration {
		return "REGISTER"
	}
	return "INVITE"
}

// inSeconds writes milliseconds as seconds without going through a float and without zeros at the end: 24145 as "24.145", 24000 as "24";
// workload.Unknown as "".
func inSeconds(ms int64) string {
	if ms == workload.Unknown {
		return ""
	}
	s := strconv.FormatInt(ms/1000, 10)
	if frac := ms % 1000; frac != 0 {
		s += strings.TrimRight(fmt.Sprintf(".%03d", frac), "0")
	}
	return s
}

// clock is how a file writes times.
type clock uint8

const (
	exact   clock = iota // to the microsecond, with date and zone: a capture
	seconds              // cut to the second, without year and zone: the syslog of RFC 3164
)

// start returns the beginning of a call as the list of such a file has it, and its UTC, "" where the file does not tell.
func (k clock) start(c *workload.Call) (text, utc string) {
	if k == seconds {
		return c.Time.Format(time.Stamp), ""
	}
	// Without trailing zeros, as RFC3339Nano has it; the text is that of the capture's clock, all six digits.
	return c.Time.Format("2006-01-02T15:04:05.000000Z07:00"), c.Time.Format(time.RFC3339Nano)
}

// lengths returns ring and talk as stamps of this clock give them.
func (k clock) lengths(c *workload.Call) (ring, talk int64) {
	if k == seconds {
		return c.RingMSSeconds, c.TalkMSSeconds
	}
	return c.RingMS, c.TalkMS
}

// ended reports whether the log sees the end of a call.
func ended(c *workload.Call) bool {
	switch c.Scenario {
	case workload.InProgressTrying, workload.InProgressRinging, workload.InProgressTalking:
		return false
	}
	return true
}

// compareRows compares a list with the truth: the same calls, each once, in the order in which they began, and every column that the
// truth has.
func compareRows(d *differences, rows []row, calls []workload.Call, k clock) {
	index := make(map[string]int, len(calls))
	for i := range calls {
		index[calls[i].CallID] = i
	}
	seen := make([]int, len(calls)) // how many rows a call has
	last := -1
	for i := range rows {
		r := &rows[i]
		n, ok := index[r.callID]
		if !ok {
			d.add(r.callID, "row", "there is one", "there is no such call")
			continue
		}
		c := &calls[n]
		if seen[n]++; seen[n] > 1 {
			d.add(r.callID, "rows", strconv.Itoa(seen[n])+" ("+r.outcome+", "+r.messages+" messages)", "1 ("+c.Scenario.String()+")")
			continue
		}
		if n < last {
			d.add(r.callID, "place", "after "+calls[last].CallID, "before it")
		}
		last = max(last, n)
		label := r.callID + " (" + c.Scenario.String() + ")"
		text, utc := k.start(c)
		ring, talk := k.lengths(c)
		for _, x := range [...]struct{ what, told, truth string }{
			{"time", r.time, text},
			{"utc", r.utc, utc},
			{"from", r.from, c.From},
			{"to", r.to, c.To},
			{"kind", r.kind, c.Kind.String()},
			{"method", r.method, methodOf(c)},
			{"outcome", r.outcome, c.Outcome},
			{"status", r.status, status(c.Status)},
			{"ring", r.ring, inSeconds(ring)},
			{"talk", r.talk, inSeconds(talk)},
			{"messages", r.messages, strconv.Itoa(c.Messages)},
			{"complete", r.complete, strconv.FormatBool(ended(c))},
		} {
			if x.told != x.truth {
				d.add(label, x.what, x.told, x.truth)
			}
		}
	}
	for i := range calls {
		if seen[i] == 0 {
			d.add(calls[i].CallID+" ("+calls[i].Scenario.String()+")", "row", "there is none", "there is one")
		}
	}
}

// status writes a status, "" for none.
func status(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
