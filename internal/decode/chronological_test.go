package decode

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/syslog"
)

// list is a decoder of records made beforehand, which lend their text from one buffer as a decoder does.
type list struct {
	records []capture.Record
	buf     [32]byte
	end     error
}

func (l *list) Next(rec *capture.Record) error {
	if len(l.records) == 0 {
		return l.end
	}
	*rec = l.records[0]
	rec.Data = l.buf[:copy(l.buf[:], rec.Data)]
	rec.Origin.Lines = rec.Data
	l.records = l.records[1:]
	return nil
}

// at makes a message of a second; a negative one is without a time.
func at(second int, text string) capture.Record {
	r := capture.Record{Kind: capture.KindMessage, Data: []byte(text)}
	if second >= 0 {
		r.Time = capture.Time{Clock: int64(second) * 1e9, Stamp: syslog.Timestamp{Style: syslog.StyleISOSpace, Year: 2026, Month: 1, Day: 1, Minute: uint8(second / 60), Second: uint8(second % 60)}}
	}
	return r
}

func TestChronological(t *testing.T) {
	broken := errors.New("the source broke off")
	loss := capture.Record{Kind: capture.KindLoss, Data: []byte("loss")}
	for _, x := range []struct {
		name    string
		records []capture.Record
		end     error
		want    string
		turned  bool
	}{
		{"empty", nil, io.EOF, "", false},
		{"usual", []capture.Record{at(1, "INVITE a"), at(2, "ACK b"), at(1, "BYE c")}, io.EOF, "INVITE a, ACK b, BYE c", false},
		{"newest first", []capture.Record{at(9, "ACK a"), at(5, "BYE b"), at(5, "SIP/2.0 c"), at(3, "INVITE d")}, io.EOF, "INVITE d, SIP/2.0 c, BYE b, ACK a", true},
		{"one fall, backwards", []capture.Record{at(9, "ACK a"), at(3, "INVITE d")}, io.EOF, "INVITE d, ACK a", true},
		{"one fall, the clock was put back", []capture.Record{at(9, "INVITE a"), at(3, "ACK d")}, io.EOF, "INVITE a, ACK d", false},
		{"up and down", []capture.Record{at(9, "ACK a"), at(5, "BYE b"), at(3, "SIP/2.0 c"), at(4, "INVITE d")}, io.EOF, "ACK a, BYE b, SIP/2.0 c, INVITE d", false},
		{"one second", []capture.Record{at(9, "ACK a"), at(9, "INVITE b")}, io.EOF, "ACK a, INVITE b", false},
		{"without times", []capture.Record{at(-1, "ACK a"), at(9, "BYE b"), at(5, "ACK c"), at(3, "INVITE d")}, io.EOF, "ACK a, BYE b, ACK c, INVITE d", false},
		{"a loss stays at the end", []capture.Record{at(9, "ACK a"), at(5, "BYE b"), at(3, "INVITE d"), loss}, io.EOF, "INVITE d, BYE b, ACK a, loss", true},
		{"broken off", []capture.Record{at(9, "ACK a"), at(5, "BYE b"), at(3, "INVITE d")}, broken, "INVITE d, BYE b, ACK a", true},
	} {
		told := 0
		c := NewChronological(&list{records: x.records, end: x.end}, nil, NewTurnRoom())
		c.Turned = func(whole bool) {
			told++
			if !whole {
				t.Errorf("%s: too long", x.name)
			}
		}
		var got []string
		var rec capture.Record
		var err error
		for err = c.Next(&rec); err == nil; err = c.Next(&rec) {
			if string(rec.Origin.Lines) != string(rec.Data) {
				t.Errorf("%s: the lines of %q are %q", x.name, rec.Data, rec.Origin.Lines)
			}
			got = append(got, string(rec.Data))
		}
		if strings.Join(got, ", ") != x.want || (told == 1) != x.turned || err != x.end || c.Next(&rec) != x.end {
			t.Errorf("%s: %q, turned %d times, %v", x.name, got, told, err)
		}
	}
}

// TestTooLongToTurn: a source that is too long for its end to be waited for comes as it is, whole.
func TestTooLongToTurn(t *testing.T) {
	const n = 1000
	left := n
	whole := true
	c := NewChronological(decoderFunc(func(rec *capture.Record) error {
		if left == 0 {
			return io.EOF
		}
		*rec = at(left, "ACK x")
		left--
		return nil
	}), nil, &TurnRoom{n / 2 * recordBytes})
	c.Turned = func(w bool) { whole = w }
	var rec capture.Record
	for i := n; i > 0; i-- {
		if err := c.Next(&rec); err != nil || rec.Time.Clock != int64(i)*1e9 {
			t.Fatal(fmt.Errorf("record %d: %v, %w", i, rec.Time.Clock, err))
		}
	}
	if err := c.Next(&rec); err != io.EOF || whole {
		t.Errorf("%v, whole %v", err, whole)
	}
}

// Sources that are read together share the room, and give it back when they are through.
func TestTurnRoom(t *testing.T) {
	const n, all = judgeRecords + 100, (judgeRecords + 200) * recordBytes
	room := &TurnRoom{all}
	source := func() (*Chronological, *string) {
		told := new(string)
		l := &list{end: io.EOF}
		for i := range n {
			l.records = append(l.records, at(n-i, fmt.Sprint(n-i)))
		}
		c := NewChronological(l, nil, room)
		c.Turned = func(whole bool) { *told = fmt.Sprint(whole) }
		return c, told
	}
	var rec capture.Record
	a, whole := source()
	b, wholeB := source()
	if a.Next(&rec) != nil || string(rec.Data) != "1" || *whole != "true" {
		t.Errorf("the first begins with %q, whole %s", rec.Data, *whole)
	}
	if b.Next(&rec) != nil || string(rec.Data) != fmt.Sprint(n) || *wholeB != "false" {
		t.Errorf("the one beside it with %q, whole %s", rec.Data, *wholeB)
	}
	for _, c := range [...]*Chronological{a, b} {
		for c.Next(&rec) == nil {
		}
	}
	if room.left != all {
		t.Errorf("%d bytes of %d are left when all is through", room.left, all)
	}
	if c, whole := source(); c.Next(&rec) != nil || string(rec.Data) != "1" || *whole != "true" {
		t.Errorf("one behind them begins with %q, whole %s", rec.Data, *whole)
	}
}

// The times of a source that is turned round are those that it would have in the right order: over the turn of the year, and in an hour that the zone has twice.
func TestTurnedTimes(t *testing.T) {
	york, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Skip("no zone information: ", err)
	}
	for name, lines := range map[string][]string{
		"the turn of the year": {"Dec 12 10:00:00", "Dec 23 10:00:00", "Dec 24 10:00:00", "Dec 31 23:59:50", "Jan  1 00:00:10", "Jan  2 10:00:00"},
		"an hour twice":        {"Nov  1 00:59:00", "Nov  1 01:10:00", "Nov  1 01:50:00", "Nov  1 01:10:00", "Nov  1 01:40:00", "Nov  1 02:00:00"},
	} {
		if name == "an hour twice" {
			for i := range 2 * fallsPerRise {
				lines = append(lines, fmt.Sprintf("Nov  1 02:10:%02d", i)) // before a clock that is put back counts for nothing, many steps must be seen
			}
		}
		rules := &ClockRules{2009, york}
		message := func(stamp string) string { return stamp + " 192.0.2.5 " + strings.ReplaceAll(bye, "\n", "^M ") + "\n" }
		read := func(lines []string) (times []capture.Time, turned bool) {
			var log strings.Builder
			for _, l := range lines {
				log.WriteString(message(l))
			}
			c := NewChronological(NewText(&Input{R: NewReader(strings.NewReader(log.String())), Options: Options{Clock: rules}}), rules, NewTurnRoom())
			c.Turned = func(whole bool) { turned = whole }
			var rec capture.Record
			for c.Next(&rec) == nil {
				times = append(times, rec.Time)
			}
			return times, turned
		}
		want, _ := read(lines)
		slices.Reverse(lines)
		got, turned := read(lines)
		if !turned || len(want) != len(lines) || !slices.Equal(got, want) {
			t.Errorf("%s: turned %v\n got %v\nwant %v", name, turned, got, want)
		}
	}
}

type decoderFunc func(*capture.Record) error

func (f decoderFunc) Next(rec *capture.Record) error { return f(rec) }
