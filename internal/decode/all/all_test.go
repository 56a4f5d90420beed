package all

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/internal/decode/siptext"
	"sipscribe/internal/proof"
)

// shared reads a file of the shared material, and skips the test where that is absent.
func shared(t *testing.T, name ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(proof.Material(t, name...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// records decodes a text and returns copies of the messages.
func messages(t *testing.T, f *decode.Format, text []byte) ([]capture.Record, *decode.Input) {
	t.Helper()
	in := &decode.Input{R: decode.NewReader(bytes.NewReader(text))}
	dec := f.New(in)
	var all []capture.Record
	for {
		var rec capture.Record
		err := dec.Next(&rec)
		if err == io.EOF {
			return all, in
		}
		if err != nil {
			t.Fatal(err)
		}
		if rec.Kind == capture.KindMessage {
			rec.Data, rec.Label = bytes.Clone(rec.Data), bytes.Clone(rec.Label)
			rec.SrcName, rec.DstName = bytes.Clone(rec.SrcName), bytes.Clone(rec.DstName)
			all = append(all, rec)
		}
	}
}

// The page that the project starts from: prose, seven messages, a footer.
func TestSeedPage(t *testing.T) {
	page := shared(t, "seed", "outgoing-invite-cancel.txt")
	f, v := decode.Choose(Formats, page)
	if f != siptext.Format || v.Reason != "SIP messages stand in its text: 7 in the first 24 lines" {
		t.Errorf("%v: %s", f, v.Reason)
	}
	recs, in := messages(t, siptext.Format, page)
	want := []string{"INVITE ", "SIP/2.0 407 ", "ACK ", "INVITE ", "SIP/2.0 100 ", "SIP/2.0 180 ", "CANCEL "}
	if len(recs) != len(want) || in.Stats.UnrecognisedLines != 16+1 {
		t.Fatalf("%d messages, %d lines not recognised", len(recs), in.Stats.UnrecognisedLines)
	}
	for i, w := range want {
		if !strings.HasPrefix(string(recs[i].Data), w) || recs[i].Origin.Number != int64(17+i) {
			t.Errorf("line %d: %.30q, want %s", recs[i].Origin.Number, recs[i].Data, w)
		}
	}
}

// What a text is taken for, and why.
func TestChoose(t *testing.T) {
	const spaLine = "Aug 20 16:40:00 192.0.2.5 SIP/2.0 100 Trying^M Via: SIP/2.0/UDP 192.0.2.5^M Server: Linksys/PAP2-3.1.3(LS)^M Content-Length: 0^M ^M \n"
	const other = "Aug 20 16:40:00 192.0.2.5 SIP/2.0 100 Trying^M Via: SIP/2.0/UDP 192.0.2.5^M Server: Example^M Content-Length: 0^M ^M \n"
	const tag = "Aug 20 16:40:00 192.0.2.5 SIP/2.0 100 Trying^M Via: SIP/2.0/UDP 192.0.2.5^M From: <sip:a@example.com>;tag=6240770a208ec24o0^M Content-Length: 0^M ^M \n"
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"prose", "Nothing but words.\nAnd more of them.\n", ""},
		{"binary", "\x00\x01\x02\xff\xfe\n", ""},
		{"an SPA", spaLine + "Aug 20 16:40:00 192.0.2.5 [0]Off Hook\n", "spa: in its first 2 lines stand 1 SIP message and 1 event with the marks of a Sipura, Linksys or Cisco SPA"},
		{"its tag is enough", tag, "spa: in its first line stand 1 SIP message and 0 events with the marks of a Sipura, Linksys or Cisco SPA"},
		{"another device", other, "siptext: SIP messages stand in its text: 1 in the first line"},
		{"a page about an SPA", "See my log:\n" + spaLine + "Thanks.\n", "siptext: SIP messages stand in its text: 1 in the first 3 lines"},
		{"events alone", "Aug 20 16:40:00 192.0.2.5 [0]Off Hook\nAug 20 16:40:00 192.0.2.5 [0]On Hook\n", "spa: in its first 2 lines stand 0 SIP messages and 2 events with the marks of a Sipura, Linksys or Cisco SPA"},
		{"footnotes", "[1] see below\n[2] and there\n", ""},
		{"a capture", "\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x01\x00\x00\x00", "pcap: it begins with the magic number of a pcap capture (microseconds, little endian)"},
	} {
		f, v := decode.Choose(Formats, []byte(c.text))
		got := ""
		if f != nil {
			got = f.Name + ": " + v.Reason
		}
		if got != c.want {
			t.Errorf("%s is %q, want %q", c.name, got, c.want)
		}
	}
}

func TestNamed(t *testing.T) {
	for _, f := range Formats {
		if Named(f.Name) != f || f.Title == "" {
			t.Errorf("%q is not found by its name, or has no title", f.Name)
		}
	}
	if Named("no such format") != nil {
		t.Error("a format of no name")
	}
}

// The flows of RFC 3665 and 5359, from their text: each message to the byte, with its label and the names of its ends.
func TestFlows(t *testing.T) {
	names, _ := filepath.Glob(filepath.Join(proof.Material(t, "corpus", "flows"), "*.json"))
	if len(names) == 0 {
		t.Skip("the shared corpus is not here")
	}
	for _, name := range names {
		var flow struct {
			Messages []struct{ ID, Label, From, To, Raw string }
		}
		if err := json.Unmarshal(shared(t, "corpus", "flows", filepath.Base(name)), &flow); err != nil {
			t.Fatal(err)
		}
		text := shared(t, "corpus", "flows", strings.TrimSuffix(filepath.Base(name), ".json")+".txt")
		recs, _ := messages(t, siptext.Format, text)
		short := strings.TrimSuffix(filepath.Base(name), ".json")
		if len(recs) != len(flow.Messages) {
			t.Errorf("%s: %d messages, want %d", short, len(recs), len(flow.Messages))
			continue
		}
		for i, want := range flow.Messages {
			r := &recs[i]
			got := fmt.Sprintf("%s %s->%s", r.Label, r.SrcName, r.DstName)
			if got != fmt.Sprintf("%s %s->%s", want.ID, want.From, want.To) {
				t.Errorf("%s: %q, want %s %s->%s (%s)", short, got, want.ID, want.From, want.To, want.Label)
			}
			if string(r.Data) != want.Raw {
				t.Errorf("%s %s:\n got %q\nwant %q", short, want.ID, r.Data, want.Raw)
			}
		}
	}
}

// The text of RFC 3665 itself, with its page breaks. It has 181 messages, each under a label. Only F19 of §3.8 lacks Content-Length.
func TestRFC3665(t *testing.T) {
	recs, _ := messages(t, siptext.Format, shared(t, "rfc", "rfc3665.txt"))
	if len(recs) != 181 {
		t.Errorf("%d messages", len(recs))
	}
	for i := range recs {
		r := &recs[i]
		if len(r.Label) == 0 || len(r.SrcName) == 0 || len(r.DstName) == 0 {
			t.Errorf("line %d: label %q, %q -> %q", r.Origin.Number, r.Label, r.SrcName, r.DstName)
		}
		if bytes.Contains(r.Data, []byte("[Page")) || bytes.Contains(r.Data, []byte("RFC 3665")) {
			t.Errorf("line %d: a page break is in the message", r.Origin.Number)
		}
		if !bytes.Contains(r.Data, []byte("Content-Length:")) && string(r.Label) != "F19" {
			t.Errorf("line %d: cut before Content-Length: %q", r.Origin.Number, r.Data)
		}
		if bytes.Contains(r.Data, []byte("Content-Type: application/sdp")) && !bytes.Contains(r.Data, []byte("\r\na=rtpmap")) {
			t.Errorf("line %d: no session description to its end: %q", r.Origin.Number, r.Data)
		}
	}
}
