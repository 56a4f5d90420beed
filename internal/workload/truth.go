package workload

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"time"
)

// Kind says whether a row of the truth is a call or a registration, in the words of the data contract.
type Kind uint8

const (
	KindUnknown Kind = iota
	KindCall
	KindRegistration
)

var kindNames = [...]string{"unknown", "call", "registration"}

// String returns "call" or "registration".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[0]
}

// Unknown stands for a length of time that there is none of, such as the talk of a call that was not answered.
const Unknown = -1

// Call is the truth of one call or registration.
type Call struct {
	CallID   string
	Kind     Kind
	Time     time.Time // of its first message, to the microsecond, UTC
	From, To string    // user parts: "spa1", "18005551212"; of a registration both the user
	Outcome  string    // in the words of the data contract: "answered"
	Status   int       // of the last final response to the first INVITE transaction with credentials, or REGISTER; 0: none
	// RingMS is the time from the first 180 or 183 to the final response or the CANCEL, TalkMS that from the 2xx to the BYE,
	// each from the first time that the message went over the wire. Exact, in milliseconds, or Unknown.
	RingMS, TalkMS int64
	// Messages counts transmissions, Distinct those without retransmissions.
	Messages, Distinct int
	// RingMSSeconds and TalkMSSeconds are RingMS and TalkMS as stamps cut to the second give them.
	RingMSSeconds, TalkMSSeconds int64
	Host                         netip.Addr // the adapter
	Scenario                     Scenario
}

// truthColumns is the first row of the file.
var truthColumns = []string{"call_id", "kind", "time", "from", "to", "outcome", "status", "ring_ms", "talk_ms", "messages", "distinct",
	"ring_ms_s", "talk_ms_s", "host", "scenario"}

// truthTime is RFC 3339 with all six digits, so that the column sorts.
const truthTime = "2006-01-02T15:04:05.000000Z07:00"

// TruthWriter writes truth as CSV, a row a call. What there is not (a status, a ring) is an empty field.
type TruthWriter struct {
	w   *csv.Writer
	row []string
}

// NewTruthWriter writes the row of column names and returns a writer of the rest. The caller flushes.
func NewTruthWriter(w io.Writer) *TruthWriter {
	t := &TruthWriter{w: csv.NewWriter(w), row: make([]string, len(truthColumns))}
	t.w.Write(truthColumns) // an error stays with the csv.Writer and comes out of Flush
	return t
}

// Write writes a row.
func (t *TruthWriter) Write(c *Call) error {
	length := func(ms int64) string {
		if ms == Unknown {
			return ""
		}
		return strconv.FormatInt(ms, 10)
	}
	status := ""
	if c.Status != 0 {
		status = strconv.Itoa(c.Status)
	}
	t.row = append(t.row[:0], c.CallID, c.Kind.String(), c.Time.UTC().Format(truthTime), c.From, c.To, c.Outcome, status, length(c.RingMS), length(c.TalkMS),
		strconv.Itoa(c.Messages), strconv.Itoa(c.Distinct), length(c.RingMSSeconds), length(c.TalkMSSeconds), c.Host.String(), c.Scenario.String())
	return t.w.Write(t.row)
}

// Flush writes what is still in memory and returns the first error of all.
func (t *TruthWriter) Flush() error {
	t.w.Flush()
	return t.w.Error()
}

// ReadTruth reads what a TruthWriter wrote. The error says which line it cannot read.
func ReadTruth(r io.Reader) ([]Call, error) {
	in := csv.NewReader(r)
	in.FieldsPerRecord = len(truthColumns)
	in.ReuseRecord = true
	var calls []Call
	for first := true; ; first = false {
		row, err := in.Read()
		if errors.Is(err, io.EOF) && !first {
			return calls, nil
		}
		if err != nil {
			return nil, fmt.Errorf("workload: truth: %w", err)
		}
		line, _ := in.FieldPos(0)
		if first {
			for i, name := range truthColumns {
				if row[i] != name {
					return nil, fmt.Errorf("workload: truth: line %d: column %d is %q, want %q", line, i+1, row[i], name)
				}
			}
			continue
		}
		c, err := parseCall(row)
		if err != nil {
			return nil, fmt.Errorf("workload: truth: line %d: %w", line, err)
		}
		calls = append(calls, c)
	}
}

func parseCall(row []string) (Call, error) {
	var first error
	number := func(i int, none int64) int64 {
		if row[i] == "" {
			return none
		}
		n, err := strconv.ParseInt(row[i], 10, 64)
		if err == nil && n < 0 {
			err = fmt.Errorf("negative: %d", n)
		}
		if err != nil && first == nil {
			first = fmt.Errorf("%s: %w", truthColumns[i], err)
		}
		return n
	}
	c := Call{CallID: row[0], From: row[3], To: row[4], Outcome: row[5],
		Status: int(number(6, 0)), RingMS: number(7, Unknown), TalkMS: number(8, Unknown),
		Messages: int(number(9, 0)), Distinct: int(number(10, 0)), RingMSSeconds: number(11, Unknown), TalkMSSeconds: number(12, Unknown)}
	if first != nil {
		return c, first
	}
	for k, name := range kindNames {
		if row[1] == name {
			c.Kind = Kind(k)
		}
	}
	if c.Kind == KindUnknown {
		return c, fmt.Errorf("kind: %q is neither call nor registration", row[1])
	}
	t, err := time.Parse(truthTime, row[2])
	if err != nil {
		return c, fmt.Errorf("time: %w", err)
	}
	c.Time = t.UTC()
	if c.Host, err = netip.ParseAddr(row[13]); err != nil {
		return c, fmt.Errorf("host: %w", err)
	}
	var ok bool
	if c.Scenario, ok = scenarioNamed(row[14]); !ok {
		return c, fmt.Errorf("scenario: no scenario %q", row[14])
	}
	return c, nil
}
