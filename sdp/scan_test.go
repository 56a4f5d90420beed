package sdp

import (
	"reflect"
	"strings"
	"testing"
)

// TestScan holds Scan to the lines and sections of Parse, whatever is wrong with a description and whatever the session held before.
func TestScan(t *testing.T) {
	inputs := [][]byte{nil, []byte("m="), []byte(strings.Repeat("a=x\n", MaxLines+5)), []byte("v=0\n" + strings.Repeat("m=audio 1 RTP/AVP 0\na=x\n", MaxMedia+2))}
	for _, name := range descriptions(t) {
		inputs = append(inputs, read(t, name+".sdp"))
	}
	for _, c := range problemCases {
		inputs = append(inputs, []byte(c.in))
	}
	var parsed, scanned Session
	for _, in := range inputs {
		parsed.Parse(in)
		scanned.Parse([]byte("=\nm=before")) // which leaves problems
		scanned.Scan(in)
		if len(scanned.Problems) != 0 {
			t.Errorf("%.60q: problems of a scan: %v", in, scanned.Problems)
		}
		if len(scanned.Lines)+len(parsed.Lines) > 0 && !reflect.DeepEqual(scanned.Lines, parsed.Lines) {
			t.Errorf("%.60q: lines %v, want %v", in, scanned.Lines, parsed.Lines)
		}
		if len(scanned.media)+len(parsed.media) > 0 && !reflect.DeepEqual(scanned.media, parsed.media) || scanned.sessionEnd != parsed.sessionEnd {
			t.Errorf("%.60q: sections %v after %d, want %v after %d", in, scanned.media, scanned.sessionEnd, parsed.media, parsed.sessionEnd)
		}
	}
}

// TestAttributeLength holds the lengths to the names: an attribute with a wrong one would not be found.
func TestAttributeLength(t *testing.T) {
	for _, name := range []string{"rtpmap", "fmtp", "ptime", "maxptime", "sendrecv", "sendonly", "recvonly", "inactive", "rtcp", "rtcp-mux", "crypto",
		"fingerprint", "ice-ufrag", "ice-pwd", "candidate", "bundle-only"} {
		id := attributeNamed([]byte(name))
		if id == attrOther || int(attributeLength[id]) != len(name) {
			t.Errorf("%s: attribute %d, length %d", name, id, attributeLength[id])
		}
		for _, line := range []string{"a=" + name + "\n", "a=" + strings.ToUpper(name) + ":1\n"} {
			s := Parse([]byte(line))
			if _, got := s.firstAttribute(s.Lines, id); got != id {
				t.Errorf("%q: attribute %d, want %d", line, got, id)
			}
		}
	}
	if len(attributeLength) != int(attrBundleOnly)+1 {
		t.Errorf("%d lengths", len(attributeLength))
	}
}
