package pcap

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sipscribe/internal/capture"
	"sipscribe/internal/proof"
	"sipscribe/sip"
)

// corpusCounts are the SIP messages of the captures, as `tshark -Y sip` counts them. Where ours is another number, why says so.
var corpusCounts = []struct {
	name         string
	tshark, ours int
	why          string
}{
	{"kamailio-call-busy", 14, 14, ""},
	{"kamailio-call-cancel", 20, 20, ""},
	{"kamailio-call-ok", 20, 20, ""},
	{"kamailio-reg-auth", 4, 4, ""},
	{"pcapplusplus-sip_reqs", 4, 4, ""},
	{"pcapplusplus-sip_resp", 7, 7, ""},
	{"profuzzbench-sip-1", 16, 16, ""},
	{"suricata-sip-body-large", 2, 2, ""},
	{"suricata-sip-compact-form", 1, 1, ""},
	{"suricata-sip-header-multi-value", 1, 1, ""},
	{"suricata-sip-tcp-method", 2, 2, ""},
	{"zeek-invalid-content-length", 2, 2, ""},
	{"zeek-sip-junk-before-request", 1, 1, ""},
	{"zeek-sip-long-request-response-paths", 2, 2, ""},
	{"zeek-wireshark", 81, 81, ""},
}

func TestCorpus(t *testing.T) {
	dir := proof.Material(t, "corpus", "pcaps")
	for _, c := range corpusCounts {
		t.Run(c.name, func(t *testing.T) {
			file, err := os.ReadFile(filepath.Join(dir, c.name+".pcap"))
			if err != nil {
				t.Fatal(err)
			}
			recs, stats := decodeAll(t, file)
			n := 0
			for _, r := range recs {
				if r.Kind == capture.KindMessage {
					n++
				} else {
					t.Logf("frame %d: kind %d %q", r.Origin.Number, r.Kind, r.Data[:min(len(r.Data), 80)])
				}
			}
			if n != c.ours {
				t.Errorf("%d messages, want %d (tshark: %d); %+v", n, c.ours, c.tshark, stats)
			}
			if (c.ours != c.tshark) != (c.why != "") {
				t.Error("a difference from tshark needs a reason, and only a difference does")
			}
		})
	}
}

// TestCorpusFlows reads the call flows of the RFCs, whose text stands beside each capture, one message after each "F<n>" label.
func TestCorpusFlows(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(proof.Material(t, "corpus", "flows"), "*.pcap"))
	if len(files) == 0 {
		t.Skip("no flows in the shared corpus")
	}
	startLine := regexp.MustCompile(`(?m)^([A-Z]+ sips?:\S+ SIP/2\.0|SIP/2\.0 \d{3} .*)\r?$`)
	for _, name := range files {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(strings.TrimSuffix(name, ".pcap") + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		recs, stats := decodeAll(t, file)
		// A sipfrag in a body has a start line too, in the text as in the record.
		want := startLine.FindAll(text, -1)
		var got [][]byte
		for _, r := range recs {
			if r.Kind != capture.KindMessage || !sip.IsStartLine(firstLine(r.Data)) {
				t.Errorf("%s: frame %d: kind %d, %q", filepath.Base(name), r.Origin.Number, r.Kind, firstLine(r.Data))
			}
			got = append(got, startLine.FindAll(r.Data, -1)...)
		}
		if !slices.EqualFunc(got, want, func(a, b []byte) bool { return bytes.Equal(bytes.TrimRight(a, "\r"), bytes.TrimRight(b, "\r")) }) {
			t.Errorf("%s: start lines %q, want %q; %+v", filepath.Base(name), got, want, stats)
		}
	}
}
