package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// story is what is compared of a line of `sipscribe explain --format ndjson`: a call, or the summary that is the last line.
type story struct {
	CallIDs  []string `json:"call_ids"`
	Kind     string   `json:"kind"`
	Outcome  string   `json:"outcome"`
	Status   *int     `json:"status"`
	Complete bool     `json:"complete"`
	Start    struct {
		Text string `json:"text"`
	} `json:"start"`
	RingMS *float64 `json:"ring_ms"`
	TalkMS *float64 `json:"talk_ms"`
	Story  []struct {
		Kind string `json:"kind"`
	} `json:"story"`
	Summary json.RawMessage `json:"summary"` // of a call a sentence, of the last line an object
}

// storySummary is the object in the last line.
type storySummary struct {
	Calls        *int `json:"calls"`
	Unrecognised struct {
		Lines   int64 `json:"lines"`
		Records int64 `json:"records"`
	} `json:"unrecognised"`
}

// compareStories reads stories and compares each with its row of the list: `explain` and `list` must tell the same calls. What is called the truth
// here is the list, which compareRows holds to the real one. The order is not compared: explain holds back what belongs behind a call
// that goes on, but not without limit.
func compareStories(d *differences, r io.Reader, rows []row) error {
	index := make(map[string]int, len(rows))
	for i := range rows {
		index[rows[i].callID] = i
	}
	told := make([]bool, len(rows))
	in := json.NewDecoder(r)
	for n := 0; ; n++ {
		var s story
		err := in.Decode(&s)
		if errors.Is(err, io.EOF) {
			d.add("the end", "summary", "", "there is one")
			return nil
		}
		if err != nil {
			return fmt.Errorf("explain: call %d: %w", n+1, err)
		}
		if len(s.Summary) > 0 && s.Summary[0] == '{' {
			for i, ok := range told {
				if !ok {
					d.add(rows[i].callID, "call", "", "in the list")
				}
			}
			return compareSummary(d, in, &s, n)
		}
		i, ok := index[s.id()]
		if !ok || told[i] {
			d.add(s.id(), "call", "there is one", "not in the list, or told before")
			continue
		}
		told[i] = true
		w := &rows[i]
		messages := 0
		for _, step := range s.Story {
			if step.Kind == "message" {
				messages++
			}
		}
		final := 0
		if s.Status != nil {
			final = *s.Status
		}
		for _, x := range [...]struct{ what, told, truth string }{
			{"number of call-ids", strconv.Itoa(len(s.CallIDs)), "1"},
			{"kind", s.Kind, w.kind},
			{"outcome", s.Outcome, w.outcome},
			{"status", status(final), w.status},
			{"start", s.Start.Text, w.time},
			{"ring", length(s.RingMS), w.ring},
			{"talk", length(s.TalkMS), w.talk},
			{"messages", strconv.Itoa(messages), w.messages},
			{"complete", strconv.FormatBool(s.Complete), w.complete},
		} {
			if x.told != x.truth {
				d.add(w.callID, x.what, x.told, x.truth)
			}
		}
	}
}

// compareSummary judges the last line: it must be the last, count the calls, and know nothing unrecognised.
func compareSummary(d *differences, in *json.Decoder, s *story, told int) error {
	var sum storySummary
	if err := json.Unmarshal(s.Summary, &sum); err != nil {
		return fmt.Errorf("explain: summary: %w", err)
	}
	if sum.Calls == nil || *sum.Calls != told {
		counted := ""
		if sum.Calls != nil {
			counted = strconv.Itoa(*sum.Calls)
		}
		d.add("the summary", "calls", counted, strconv.Itoa(told))
	}
	if n := sum.Unrecognised.Lines + sum.Unrecognised.Records; n != 0 {
		d.add("the summary", "unrecognised", strconv.FormatInt(n, 10), "0: every line and frame is a message")
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		d.add("the summary", "place", "before something else", "the end")
	}
	return nil
}

// id returns the call's own Call-ID.
func (s *story) id() string {
	if len(s.CallIDs) == 0 {
		return ""
	}
	return s.CallIDs[0]
}

// length writes milliseconds as inSeconds does; a fraction of one is shown as it is, so that it differs.
func length(ms *float64) string {
	switch {
	case ms == nil:
		return ""
	case *ms == math.Trunc(*ms) && *ms >= 0:
		return inSeconds(int64(*ms))
	}
	return strconv.FormatFloat(*ms, 'f', -1, 64) + " ms"
}
