package workload

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// seen is a message as the tests read it back from a file: with other means than those it was written with.
type seen struct {
	at   time.Time
	host string
	text string // with CRLF
	src  string // of a capture: "192.168.0.2:5060"
	dst  string
}

var (
	logLine = regexp.MustCompile(`^([A-Z][a-z]{2} [ 1-3][0-9] [0-9:]{8}|[0-9T:.-]+Z) (192\.168\.[0-9]+\.[0-9]+) (.+)$`)
	startRE = regexp.MustCompile(`^(?:SIP/2\.0 ([1-6][0-9]{2}) [A-Z][A-Za-z ]+|(INVITE|ACK|BYE|CANCEL|REGISTER) sip:\S+ SIP/2\.0)\r\n`)
	fieldRE = regexp.MustCompile(`^[A-Z][A-Za-z-]+: \S.*$`)
)

// readLog reads an uncut log back. It fails the test on a line that is not a message.
func readLog(t *testing.T, log []byte) []seen {
	t.Helper()
	var all []seen
	if len(log) > 0 && log[len(log)-1] != '\n' {
		t.Errorf("the log does not end in a line end")
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(log), "\n"), "\n") {
		m := logLine.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("line %d has no time, host and text: %.80q", i+1, line)
		}
		at, err := time.Parse("2006 Jan _2 15:04:05", "2009 "+m[1])
		if err != nil {
			at, err = time.Parse("2006-01-02T15:04:05.000Z", m[1])
		}
		if err != nil {
			t.Fatalf("line %d: time %q: %v", i+1, m[1], err)
		}
		if strings.Contains(m[3], "\r") || !strings.HasSuffix(m[3], "^M") {
			t.Fatalf("line %d does not end in ^M or has a bare CR: %.80q", i+1, line)
		}
		all = append(all, seen{at: at, host: m[2], text: strings.ReplaceAll(m[3]+" ", "^M ", "\r\n")})
	}
	return all
}

// readPcap reads a capture back, with all checksums verified.
func readPcap(t *testing.T, pcap []byte) []seen {
	t.Helper()
	r, err := pcapgo.NewReader(bytes.NewReader(pcap))
	if err != nil {
		t.Fatal(err)
	}
	if r.LinkType() != layers.LinkTypeEthernet {
		t.Errorf("link type %v, want Ethernet", r.LinkType())
	}
	var all []seen
	source := gopacket.NewPacketSource(r, layers.LinkTypeEthernet)
	for p := range source.Packets() {
		ip, _ := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
		udp, _ := p.Layer(layers.LayerTypeUDP).(*layers.UDP)
		if ip == nil || udp == nil || udp.Checksum == 0 || p.Metadata().Truncated {
			t.Fatalf("frame %d is not whole UDP over IPv4 with a checksum: %v", len(all)+1, p)
		}
		if n := p.Metadata().Length; n > 1514 {
			t.Fatalf("frame %d has %d bytes, which no Ethernet carries", len(all)+1, n)
		}
		if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
			t.Fatal(err)
		}
		if err, sums := p.VerifyChecksums(); err != nil || len(sums) > 0 {
			t.Fatalf("frame %d: checksums: %v %v", len(all)+1, err, sums)
		}
		s := seen{at: p.Metadata().Timestamp, text: string(udp.Payload),
			src: fmt.Sprintf("%v:%d", ip.SrcIP, udp.SrcPort), dst: fmt.Sprintf("%v:%d", ip.DstIP, udp.DstPort)}
		s.host, _, _ = strings.Cut(s.src, ":")
		if s.src == "203.0.113.10:5060" {
			s.host, _, _ = strings.Cut(s.dst, ":")
		} else if s.dst != "203.0.113.10:5060" {
			t.Fatalf("frame %d goes from %s to %s, neither of them the proxy", len(all)+1, s.src, s.dst)
		}
		all = append(all, s)
	}
	return all
}

// field returns the value of a header field, and fails the test if there is not exactly one.
func (s seen) field(t *testing.T, name string) string {
	t.Helper()
	head, _, _ := strings.Cut(s.text, "\r\n\r\n")
	value, n := "", 0
	for _, l := range strings.Split(head, "\r\n")[1:] {
		if v, ok := strings.CutPrefix(l, name+": "); ok {
			value = v
			n++
		}
	}
	if n != 1 {
		t.Fatalf("%d header fields %s in\n%s", n, name, s.text)
	}
	return value
}

// checkForm checks what every message must have.
func (s seen) checkForm(t *testing.T) {
	t.Helper()
	head, body, ok := strings.Cut(s.text, "\r\n\r\n")
	if !ok || !startRE.MatchString(s.text) {
		t.Fatalf("no start line or no empty line:\n%q", s.text)
	}
	for _, l := range strings.Split(head, "\r\n")[1:] {
		if !fieldRE.MatchString(l) {
			t.Fatalf("header field %q", l)
		}
	}
	if n := s.field(t, "Content-Length"); n != strconv.Itoa(len(body)) {
		t.Fatalf("Content-Length %s of a body of %d bytes:\n%s", n, len(body), s.text)
	}
	if (body != "") != strings.Contains(head, "\r\nContent-Type: application/sdp") {
		t.Fatalf("body and Content-Type do not go together:\n%s", s.text)
	}
	if body != "" && (!strings.HasPrefix(body, "v=0\r\no=") || !strings.HasSuffix(body, "\r\n") || !strings.Contains(body, "\r\nm=audio ")) {
		t.Fatalf("not a session description:\n%s", body)
	}
	for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
		s.field(t, name)
	}
	if s.request() != "" {
		s.field(t, "Max-Forwards")
	}
}

func (s seen) status() int {
	n, _ := strconv.Atoi(startRE.FindStringSubmatch(s.text)[1])
	return n
}

func (s seen) request() string { return startRE.FindStringSubmatch(s.text)[2] }

func (s seen) cseqMethod(t *testing.T) string {
	_, m, _ := strings.Cut(s.field(t, "CSeq"), " ")
	return m
}

var userRE = regexp.MustCompile(`<sip:([^@>]+)@`)

// conclude tells from the messages of one call what the truth says of it, by the definitions of docs/json.md and no other.
func conclude(t *testing.T, messages []seen) Call {
	t.Helper()
	c := Call{Kind: KindCall, RingMS: Unknown, TalkMS: Unknown, Messages: len(messages), Time: messages[0].at, CallID: messages[0].field(t, "Call-ID")}
	distinct := map[string]bool{}
	var ring, rung, answered, ended time.Time
	set := func(p *time.Time, at time.Time) {
		if p.IsZero() {
			*p = at
		}
	}
	from, to := userRE.FindStringSubmatch(messages[0].field(t, "From")), userRE.FindStringSubmatch(messages[0].field(t, "To"))
	c.From, c.To = from[1], to[1]
	cancel, unregister := false, false
	for _, m := range messages {
		distinct[m.text] = true
		status, method := m.status(), m.cseqMethod(t)
		switch {
		case m.request() == "REGISTER":
			c.Kind = KindRegistration
			unregister = strings.Contains(m.field(t, "Contact"), ";expires=0")
		case m.request() == "CANCEL":
			cancel = true
			set(&rung, m.at)
		case m.request() == "BYE":
			set(&ended, m.at)
		case method == "INVITE" && (status == 180 || status == 183):
			set(&ring, m.at)
		case method == "INVITE" && status >= 200 && status != 407 && c.Status != 200:
			c.Status = status
			set(&rung, m.at)
			if status == 200 {
				set(&answered, m.at)
			}
		case method == "REGISTER" && status >= 200 && status != 401:
			c.Status = status
		}
	}
	c.Distinct = len(distinct)
	if !ring.IsZero() && !rung.IsZero() {
		c.RingMS = rung.Sub(ring).Milliseconds()
	}
	if !answered.IsZero() && !ended.IsZero() {
		c.TalkMS = ended.Sub(answered).Milliseconds()
	}
	switch s := c.Status; {
	case s == 200 && unregister:
		c.Outcome = "unregistered"
	case s == 200 && c.Kind == KindRegistration:
		c.Outcome = "registered"
	case s == 200:
		c.Outcome = "answered"
	case cancel:
		c.Outcome = "cancelled"
	case s == 486 || s == 600:
		c.Outcome = "busy"
	case s >= 300 && s < 400:
		c.Outcome = "redirected"
	case s == 408 || s == 480:
		c.Outcome = "unanswered"
	case s >= 400 && s < 500 || s >= 600:
		c.Outcome = "rejected"
	case s >= 500:
		c.Outcome = "failed"
	default:
		c.Outcome = "in-progress"
	}
	return c
}

// byCall sorts messages by their Call-ID, in the order of the first of each.
func byCall(t *testing.T, all []seen) [][]seen {
	t.Helper()
	at := map[string]int{}
	var calls [][]seen
	for _, m := range all {
		id := m.field(t, "Call-ID")
		i, ok := at[id]
		if !ok {
			i = len(calls)
			at[id] = i
			calls = append(calls, nil)
		}
		calls[i] = append(calls[i], m)
	}
	return calls
}
