package emit

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/internal/decode/all"
	"sipscribe/internal/decode/pcap"
	"sipscribe/internal/decode/spa"
	"sipscribe/internal/diagnose/rules"
	"sipscribe/internal/report"
)

// device is the SPA of the examples, and newYork the zone in which their logs were written.
var (
	device  = netip.MustParseAddr("192.168.0.2")
	newYork = time.FixedZone("EDT", -4*3600)
)

func example(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// decodeAll reads all records of a source; they borrow nothing.
func decodeAll(t testing.TB, f *decode.Format, b []byte, clock *decode.ClockRules) []capture.Record {
	t.Helper()
	dec := f.New(&decode.Input{R: decode.NewReader(bytes.NewReader(b)), Options: decode.Options{Clock: clock, KeepUnrecognised: true}})
	var all []capture.Record
	for {
		var rec capture.Record
		err := dec.Next(&rec)
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		rec.Data, rec.Observer, rec.Event.Subject = bytes.Clone(rec.Data), bytes.Clone(rec.Observer), bytes.Clone(rec.Event.Subject)
		rec.Origin.Map, rec.Origin.Lines = slices.Clone(rec.Origin.Map), nil
		all = append(all, rec)
	}
}

// call returns the tap of the call of the seed page, as the SPA sees it.
func call(t testing.TB) []capture.Record {
	t.Helper()
	all := decodeAll(t, pcap.Format, example(t, "seed-call.pcap"), nil)
	for i := range all {
		all[i].Observer = []byte(device.String())
		all[i].Direction = capture.Received
		if all[i].Src.Addr == device {
			all[i].Direction = capture.Sent
		}
	}
	return all
}

// event returns a record of what the device says.
func event(at time.Time, e capture.Event, line string) capture.Record {
	return capture.Record{Kind: capture.KindEvent, Time: Time(at), Observer: []byte(device.String()), Event: e, Data: []byte(line)}
}

// deviceSays are events as spalog reads them, one of each kind.
func deviceSays(t testing.TB, at time.Time) []capture.Record {
	t.Helper()
	var all []capture.Record
	for _, line := range []string{"[0]Off Hook", "Calling:18005551212@sip.voip-info.org:5060", "CC:CallProgress", "CC:Ringback", "CC:Remote Resume",
		"CC:Failed w/ Calling 18005551212", "[1]AUD ALLOC CALL (port=16384)", "[1]RTP Rx Up", "[1]AUD Rel Call", "[0]Hook Flash", "[0]On Hook",
		"RSE_DEBUG reference", "[0] lcfg->ucAdpDebugOpt1:4", "SYSCFG:WARMBOOT 24 83", "system request reboot", "fu:1:36e4, 0083 0001", "[3]Reg Addr Change"} {
		read := decodeAll(t, spa.Format, []byte("Aug 20 16:40:00 192.168.0.2 "+line+"\n"), nil)
		if len(read) != 1 || read[0].Kind != capture.KindEvent {
			t.Fatalf("%q is %+v", line, read)
		}
		all = append(all, event(at, read[0].Event, line))
		at = at.Add(time.Second)
	}
	return all
}

// sameRecords holds what was read back to what was emitted: kind, content, and the time to the precision with which it was written.
func sameRecords(t *testing.T, got, want []capture.Record, precision time.Duration) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(want):
			t.Fatalf("a record too many: %v %q", got[i].Kind, got[i].Data)
		case i >= len(got):
			t.Fatalf("lost: %q", want[i].Data)
		}
		g, w := &got[i], &want[i]
		if g.Kind != w.Kind || !bytes.Equal(g.Data, w.Data) {
			t.Fatalf("record %d is\n%d %q, want\n%d %q", i, g.Kind, g.Data, w.Kind, w.Data)
		}
		if w.Kind == capture.KindEvent && (g.Event.Name != w.Event.Name || g.Event.Line != w.Event.Line || !bytes.Equal(g.Event.Subject, w.Event.Subject)) {
			t.Fatalf("event %d is %+v, want %+v", i, g.Event, w.Event)
		}
		at, ok := g.Time.UTC()
		if !ok || !at.Equal(time.Unix(0, w.Time.Clock).Truncate(precision)) {
			t.Fatalf("record %d is of %v, want %v", i, at, time.Unix(0, w.Time.Clock).UTC())
		}
	}
}

// story tells the calls in a source: outcome, ending, the words of each step, and what was found. Of a device's log also the headline and
// directions, which a capture sees from nowhere.
func story(t *testing.T, format *decode.Format, file []byte, clock *decode.ClockRules, ofDevice bool) []string {
	t.Helper()
	var told []string
	b := report.NewBuilder(nil, rules.All)
	asm := callflow.NewAssembler(callflow.Options{Emit: func(c *callflow.Call) error {
		j := b.Build(c).JSON()
		told = append(told, j.Outcome, strings.Clone(j.Ending.Text))
		if ofDevice {
			told = append(told, strings.Clone(j.Headline))
		}
		for _, s := range j.Story {
			told = append(told, strings.Clone(s.Text))
			if ofDevice {
				told = append(told, fmt.Sprint(s.Kind, " ", s.Direction))
			}
		}
		for _, f := range j.Findings {
			told = append(told, f.Code)
		}
		return nil
	}})
	for _, rec := range decodeAll(t, format, file, clock) {
		if err := asm.Add(&rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := asm.Close(); err != nil {
		t.Fatal(err)
	}
	return told
}

// sniffed returns the format that a source is taken for.
func sniffed(t *testing.T, file []byte) *decode.Format {
	t.Helper()
	f, _ := decode.Choose(all.Formats, file)
	if f == nil {
		t.Fatalf("no format recognises %.80q", file)
	}
	return f
}
