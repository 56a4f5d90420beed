package app

import (
	"os"
	"path/filepath"
	"testing"

	"sipscribe/internal/callflow"
	"sipscribe/internal/decode"
	"sipscribe/internal/decode/all"
	"sipscribe/internal/diagnose/rules"
	"sipscribe/internal/proof/calls"
	"sipscribe/internal/report"
)

// told is what a source comes to: each call as JSON, and its row.
type told struct {
	calls []string
	rows  []report.Row
}

// tell reads a text. shown and rows choose the ways that a list and explain take, which must come to the same as the long ones.
func tell(t *testing.T, format *decode.Format, text []byte, shown, rows bool) told {
	t.Helper()
	var out told
	var rower report.Rower
	builder := report.NewBuilder(nil, rules.All)
	o := calls.Options{Format: format, Decode: decode.Options{Shown: shown}, Flow: callflow.Options{Rows: rows}}
	calls.Read(t, text, o, func(c *callflow.Call) {
		row := rower.Row(c)
		out.rows = append(out.rows, row)
		if rows {
			return
		}
		b, err := report.AppendJSON(nil, builder.Build(c).JSON())
		if err != nil {
			t.Fatal(err)
		}
		out.calls = append(out.calls, string(b))
	})
	return out
}

// sameWays holds the short ways to the long one: records as they are shown to records undone, and the rows of a list to those of calls analysed in full.
func sameWays(t *testing.T, format *decode.Format, text []byte) int {
	t.Helper()
	want := tell(t, format, text, false, false)
	for _, way := range []struct{ shown, rows bool }{{true, false}, {false, true}, {true, true}} {
		got := tell(t, format, text, way.shown, way.rows)
		if len(got.rows) != len(want.rows) {
			t.Fatalf("%+v: %d calls, want %d", way, len(got.rows), len(want.rows))
		}
		for i := range want.rows {
			if got.rows[i] != want.rows[i] {
				t.Fatalf("%+v: row %d\n%+v, want\n%+v", way, i, got.rows[i], want.rows[i])
			}
			if !way.rows && got.calls[i] != want.calls[i] {
				t.Fatalf("%+v: call %d\n%s, want\n%s", way, i, got.calls[i], want.calls[i])
			}
		}
	}
	return len(want.rows)
}

// TestWaysAgree reads every example, as what it is.
func TestWaysAgree(t *testing.T) {
	files, err := filepath.Glob("../../examples/*")
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // a folder
		}
		if format, _ := decode.Choose(all.Formats, text[:min(len(text), decode.SniffLen)]); format != nil {
			calls += sameWays(t, format, text)
		}
	}
	if calls < 10 {
		t.Fatalf("%d calls in the examples", calls)
	}
}

// FuzzWaysAgree reads any text as the log of an SPA.
func FuzzWaysAgree(f *testing.F) {
	const header = "Aug 20 16:40:00 192.0.2.10 "
	const via = "^M Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1^M From: <sip:a@example.com>;tag=1^M To: <sip:b@example.com>^M Call-ID: 1@x^M CSeq: 1 INVITE^M "
	f.Add([]byte(header + "INVITE sip:b@example.com SIP/2.0" + via + "Content-Length: 0^M ^M\n" + header + "SIP/2.0 200 OK" + via + "^M \n"))
	f.Add([]byte(header + "INVITE sip:b@example.com SIP/2.0" + via + "Content-Type: application/sdp^M ^M v=0^M o=- 1 1 IN IP4 192.0.2.10^I\\200^M c=M-^M \xc3\xa9\n"))
	f.Add([]byte(header + "INVITE sip:b@example.com SIP/2.0" + via + "Session-ID: 0123456789abcdef0123456789abcdef^M ^M\n" +
		header + "REFER sip:b@example.com SIP/2.0" + via + "Refer-To: <sip:c@example.com>^M ^M\n"))
	f.Add([]byte(header + "REGISTER sip:example.com SIP/2.0" + via + "Contact: <sip:a@192.0.2.10>;expires=60^M ^M\n" + header + "SIP/2.0 180 Ringing" + via + "^M \n" +
		header + "SIP/2.0 180 Ringing" + via + "^M\n"))
	// Bodies that are whole, cut out, shorter and longer than they say, and with an escape that is no line end: what is told of them has its places in the log.
	for _, body := range []string{"v=0^M s=-^M c=IN IP4 192.0.2.10^M m=audio 4000 RTP/AVP 0^M ", "", "^M", "v=0^M s=-^M ", "v=0^M s=-^M c=IN IP4 192.0.2.10^M m=audio 4000 RTP/AVP 0^M a=sendrecv^M ",
		"v=0^M s=^I^M c=IN IP4 192.0.2.10^M m=audio 4000 RTP/AVP 0^M"} {
		f.Add([]byte(header + "INVITE sip:b@example.com SIP/2.0" + via + "User-Agent: Linksys/SPA2102-5.2.10^M Content-Type: application/sdp^M Content-Length: 55^M ^M " + body + "\n"))
	}
	// Redirections: one that comes when another INVITE is on its way, which then is sent once more; and one of which CSeq was cut off.
	message := func(start, branch, cseq, tag, rest string) string {
		return header + start + "^M Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK" + branch + "^M From: <sip:a@example.com>;tag=1^M To: <sip:b@example.com>" + tag +
			"^M Call-ID: 1@x^M CSeq: " + cseq + rest
	}
	const end = " INVITE^M Content-Length: 0^M ^M\n"
	first := message("INVITE sip:b@192.0.2.7 SIP/2.0", "1", "1", "", end)
	f.Add([]byte(first + message("INVITE sip:c@192.0.2.8 SIP/2.0", "2", "2", "", end) + message("SIP/2.0 302 Moved", "1", "1", ";tag=2", end) +
		message("SIP/2.0 407 Who", "2", "2", ";tag=3", end) + message("INVITE sip:c@192.0.2.8 SIP/2.0", "3", "3", "", end) + message("SIP/2.0 486 Busy", "3", "3", ";tag=4", end)))
	f.Add([]byte(first + message("SIP/2.0 302 Moved", "1", "", ";tag=2", "\n") + message("INVITE sip:c@192.0.2.8 SIP/2.0", "3", "3", "", end) +
		message("SIP/2.0 486 Busy", "3", "3", ";tag=4", end)))
	for _, name := range []string{"../../examples/seed-call.log", "../../examples/day-at-home.log"} {
		if text, err := os.ReadFile(name); err == nil {
			f.Add(text[:min(len(text), 8<<10)])
		}
	}
	spa := all.Named("spa")
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 16<<10 {
			return
		}
		sameWays(t, spa, text)
	})
}
