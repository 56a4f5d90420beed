package workload

import (
	"bytes"
	"crypto/md5"
	"flag"
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata")

// made is a workload in memory.
type made struct {
	log, pcap, truth []byte
	calls            []Call
	sum              Summary
	options          Options
}

func makeWorkload(t testing.TB, o Options, so SyslogOptions) made {
	t.Helper()
	p, err := Generate(o)
	if err != nil {
		t.Fatal(err)
	}
	var log, pcap, truth bytes.Buffer
	sum, err := p.Write(&log, &pcap, &truth, so, nil)
	if err != nil {
		t.Fatal(err)
	}
	calls, err := ReadTruth(bytes.NewReader(truth.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return made{log.Bytes(), pcap.Bytes(), truth.Bytes(), calls, sum, p.Options()}
}

// checkTruth holds the truth against what the messages of one file say. precision is that of the file's stamps.
func checkTruth(t *testing.T, truth []Call, file []seen, precision time.Duration) {
	t.Helper()
	calls := byCall(t, file)
	if len(calls) != len(truth) {
		t.Fatalf("%d calls in the file, %d in the truth", len(calls), len(truth))
	}
	for i, messages := range calls {
		got, want := conclude(t, messages), truth[i]
		if want.Host.String() != messages[0].host {
			t.Errorf("call %s: host %s in the file, %s in the truth", want.CallID, messages[0].host, want.Host)
		}
		want.Time = want.Time.Truncate(precision)
		if precision == time.Second {
			want.RingMS, want.TalkMS = want.RingMSSeconds, want.TalkMSSeconds
		}
		got.Host, got.Scenario = want.Host, want.Scenario // the first is checked above, the second is nowhere in the file
		got.RingMSSeconds, got.TalkMSSeconds = want.RingMSSeconds, want.TalkMSSeconds
		if d := cmp.Diff(want, got, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) }), cmp.Comparer(func(a, b interface{ Is4() bool }) bool { return a == b })); d != "" {
			t.Errorf("call %s (%v): truth - file +\n%s", want.CallID, want.Scenario, d)
		}
	}
}

func TestTruthAgreesWithTheFiles(t *testing.T) {
	const calls = 1500
	w := makeWorkload(t, Options{Calls: calls, Seed: 7}, SyslogOptions{})
	iso := makeWorkload(t, Options{Calls: calls, Seed: 7}, SyslogOptions{ISO: true})
	if len(w.calls) != calls || w.sum.Calls != calls {
		t.Errorf("%d rows and a summary of %d, want %d", len(w.calls), w.sum.Calls, calls)
	}
	log, pcap, isoLog := readLog(t, w.log), readPcap(t, w.pcap), readLog(t, iso.log)
	if len(log) != w.sum.Messages || len(pcap) != len(log) || len(isoLog) != len(log) {
		t.Fatalf("%d lines, %d ISO lines and %d frames, want %d", len(log), len(isoLog), len(pcap), w.sum.Messages)
	}
	for i, m := range log {
		m.checkForm(t)
		if p := pcap[i]; p.text != m.text || p.host != m.host || !p.at.Truncate(time.Second).Equal(m.at) || !p.at.Truncate(time.Millisecond).Equal(isoLog[i].at) {
			t.Fatalf("line %d and frame %d differ: %v %s, %v %s", i+1, i+1, m.at, m.host, p.at, p.host)
		}
		if i > 0 && pcap[i].at.Before(pcap[i-1].at) {
			t.Fatalf("frame %d is earlier than the one before", i+1)
		}
	}
	checkTruth(t, w.calls, log, time.Second)
	checkTruth(t, w.calls, pcap, time.Microsecond)
	checkTruth(t, w.calls, isoLog, time.Millisecond)

	outcomes, scenarios := map[string]int{}, map[Scenario]int{}
	for _, c := range w.calls {
		outcomes[c.Outcome]++
		scenarios[c.Scenario]++
	}
	for _, o := range []string{"answered", "cancelled", "busy", "redirected", "unanswered", "rejected", "failed", "in-progress", "registered", "unregistered"} {
		if outcomes[o] == 0 {
			t.Errorf("no call is %s", o)
		}
	}
	if scenarios[InProgressTrying]+scenarios[InProgressRinging]+scenarios[InProgressTalking] != 3 {
		t.Errorf("%v in progress, want 3 (0.2 %% of %d)", scenarios, calls)
	}
}

func TestEveryScenarioIsWhatItSays(t *testing.T) {
	// What an adapter sees, without retransmissions: sent messages with '>', received ones with '<'.
	dial := ">INVITE <407 >ACK >INVITE <100 "
	expected := map[Scenario]string{
		Cancelled:             dial + "<180 >CANCEL <200 <487 >ACK",
		AnsweredCallerHangsUp: dial + "<180 <200 >ACK >BYE <200",
		AnsweredCalleeHangsUp: dial + "<180 <200 >ACK <BYE >200",
		AnsweredHeld:          dial + "<180 <200 >ACK >INVITE <100 <200 >ACK >INVITE <100 <200 >ACK >BYE <200",
		Busy486:               dial + "<486 >ACK",
		Unanswered480:         dial + "<180 <480 >ACK",
		Unanswered408:         dial + "<180 <408 >ACK",
		Rejected403:           dial + "<403 >ACK",
		Rejected404:           dial + "<404 >ACK",
		Rejected603:           dial + "<180 <603 >ACK",
		Failed500:             dial + "<500 >ACK",
		Failed503:             dial + "<503 >ACK",
		Redirected302:         dial + "<302 >ACK",
		IncomingAnswered:      "<INVITE >100 >180 >200 <ACK <BYE >200",
		IncomingWeHangUp:      "<INVITE >100 >180 >200 <ACK >BYE <200",
		IncomingCancelled:     "<INVITE >100 >180 <CANCEL >200 >487 <ACK",
		IncomingBusy486:       "<INVITE >100 >486 <ACK",
		Registered:            ">REGISTER <401 >REGISTER <200",
		RegistrationDenied:    ">REGISTER <401 >REGISTER <403",
		Unregistered:          ">REGISTER <401 >REGISTER <200",
		InProgressTrying:      strings.TrimSpace(dial),
		InProgressRinging:     dial + "<180",
		InProgressTalking:     dial + "<180 <200 >ACK",
	}
	if len(expected) != len(scenarios) {
		t.Errorf("expectations for %d scenarios of %d", len(expected), len(scenarios))
	}
	for s, want := range expected {
		t.Run(s.String(), func(t *testing.T) {
			const calls = 60
			w := makeWorkload(t, Options{Calls: calls, Seed: 3, Retransmit: -1, InProgress: -1, Mix: []Weight{{s, 1}}}, SyslogOptions{})
			file := readPcap(t, w.pcap)
			checkTruth(t, w.calls, file, time.Microsecond)
			early := 0
			for _, messages := range byCall(t, file) {
				var flow []string
				for _, m := range messages {
					arrow, what := "<", m.request()
					if strings.HasPrefix(m.src, m.host+":") {
						arrow = ">"
					}
					switch status := m.status(); status {
					case 0:
					case 183:
						early++
						what = "180"
					default:
						what = fmt.Sprint(status)
					}
					flow = append(flow, arrow+what)
				}
				if got := strings.Join(flow, " "); got != want {
					t.Fatalf("%s\nwant\n%s", got, want)
				}
				if long := messages[len(messages)-1].at.Sub(messages[0].at); long > longestCall {
					t.Errorf("a call of %v, want at most %v", long, longestCall)
				}
				checkDialogs(t, messages)
				checkDigests(t, messages)
			}
			if s == Cancelled && (early == 0 || early > calls/3) {
				t.Errorf("%d of %d calls ring with 183, want some", early, calls)
			}
		})
	}
}

var (
	branchRE = regexp.MustCompile(`;branch=(z9hG4bK-?[0-9a-f]{8})(;rport)?$`)
	tagRE    = regexp.MustCompile(`;tag=([0-9a-z]+)$`)
)

// checkDialogs holds the messages of one call, without retransmissions, to the rules by which a reader puts transactions and
// dialogs together.
func checkDialogs(t *testing.T, messages []seen) {
	t.Helper()
	type transaction struct{ cseq, from, uri string }
	open := map[string]transaction{} // by branch and method
	var localTag string
	for _, m := range messages {
		branch := branchRE.FindStringSubmatch(m.field(t, "Via"))
		from := tagRE.FindStringSubmatch(m.field(t, "From"))
		if branch == nil || from == nil {
			t.Fatalf("no branch or tag in\n%s", m.text)
		}
		number, method, _ := strings.Cut(m.field(t, "CSeq"), " ")
		line, _, _ := strings.Cut(m.text, "\r\n")
		key := branch[1] + " " + method
		switch r := m.request(); r {
		case "":
			if x, ok := open[key]; !ok || x.cseq != number || x.from != from[1] {
				t.Fatalf("a response to no request:\n%s", m.text)
			}
			if (m.host == strings.Split(m.src, ":")[0]) != strings.Contains(m.text, "\r\nServer: ") {
				t.Fatalf("the adapter names itself in Server, the proxy does not:\n%s", m.text)
			}
		default:
			uri := strings.Fields(line)[1]
			if r != method {
				t.Fatalf("CSeq of another method:\n%s", m.text)
			}
			invite, isInvite := open[branch[1]+" INVITE"]
			if r == "CANCEL" && (!isInvite || invite.cseq != number || invite.uri != uri || tagRE.MatchString(m.field(t, "To"))) {
				// RFC 3261 §9.1: Request-URI, Call-ID, To, CSeq number and From as in the request.
				t.Fatalf("CANCEL does not fit its INVITE:\n%s", m.text)
			}
			if r == "ACK" && (isInvite && (invite.cseq != number || invite.uri != uri) || !tagRE.MatchString(m.field(t, "To"))) {
				t.Fatalf("ACK does not fit its INVITE:\n%s", m.text)
			}
			if _, ok := open[key]; ok {
				t.Fatalf("branch used twice:\n%s", m.text)
			}
			open[key] = transaction{number, from[1], uri}
		}
		for _, f := range []string{"From", "To"} {
			if tag := tagRE.FindStringSubmatch(m.field(t, f)); tag != nil && regexp.MustCompile(`^[0-9a-f]+[oi][01]$`).MatchString(tag[1]) {
				if localTag != "" && localTag != tag[1] {
					t.Fatalf("the adapter has the tags %s and %s in one call", localTag, tag[1])
				}
				localTag = tag[1]
			}
		}
	}
	if localTag == "" {
		t.Fatalf("no tag of the adapter")
	}
}

var digestRE = regexp.MustCompile(`Authorization: Digest username="([^"]+)",realm="([^"]+)",nonce="([^"]+)",uri="([^"]+)",algorithm=MD5,response="([0-9a-f]{32})"`)

// checkDigests checks the credentials by the formula of RFC 2617 §3.2.2.1, and that they come after the challenge only.
func checkDigests(t *testing.T, messages []seen) {
	t.Helper()
	sum := func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }
	nonce := ""
	for _, m := range messages {
		if s := m.status(); s == 401 || s == 407 {
			nonce = regexp.MustCompile(`-Authenticate: Digest realm="asterisk", nonce="([0-9a-f]{8})"`).FindStringSubmatch(m.text)[1]
			continue
		}
		a := digestRE.FindStringSubmatch(m.text)
		if a == nil {
			if r := m.request(); nonce != "" && strings.HasPrefix(m.src, m.host) && (r == "REGISTER" || r == "INVITE" || r == "CANCEL" || r == "BYE") {
				t.Fatalf("no credentials after a challenge:\n%s", m.text)
			}
			continue
		}
		uri := strings.Fields(m.text)[1]
		want := sum(sum(a[1]+":"+a[2]+":"+Password(a[1])) + ":" + nonce + ":" + sum(m.request()+":"+uri))
		if a[3] != nonce || a[4] != uri || a[5] != want {
			t.Fatalf("response %s, want %s:\n%s", a[5], want, m.text)
		}
	}
}

func TestRetransmissions(t *testing.T) {
	for _, want := range []float64{0.02, 0.05, 0.2, 0.3} {
		w := makeWorkload(t, Options{Calls: 1000, Seed: 11, Retransmit: want}, SyslogOptions{})
		file := readPcap(t, w.pcap)
		repeats := 0
		for _, messages := range byCall(t, file) {
			last := map[string]time.Time{}
			wait := map[string]time.Duration{}
			final := map[string]time.Time{} // when a final response came last, by CSeq number
			for _, m := range messages {
				number, _, _ := strings.Cut(m.field(t, "CSeq"), " ")
				if m.status() >= 200 {
					final[number] = m.at
				}
				before, again := last[m.text]
				last[m.text] = m.at
				if !again {
					continue
				}
				repeats++
				// RFC 3261 §17.1.1.2, §17.1.2.2, §17.2.1: T1, then twice as long each time, up to T2.
				if next := max(500*time.Millisecond, 2*wait[m.text]); m.at.Sub(before) != next {
					t.Fatalf("again after %v, want %v:\n%s", m.at.Sub(before), next, m.text)
				}
				wait[m.text] = m.at.Sub(before)
				if m.request() == "ACK" && m.at.Sub(final[number]) > 100*time.Millisecond {
					t.Fatalf("an ACK again without its final response:\n%s", m.text)
				}
			}
		}
		if repeats != w.sum.Repeats {
			t.Errorf("%d messages are in the file more than once, the writer says %d", repeats, w.sum.Repeats)
		}
		if got := float64(repeats) / float64(len(file)); math.Abs(got-want) > 0.005 {
			t.Errorf("%.2f %% retransmissions, want %.0f ± 0.5", 100*got, 100*want)
		}
	}
	if w := makeWorkload(t, Options{Calls: 300, Retransmit: -1}, SyslogOptions{}); w.sum.Repeats != 0 {
		t.Errorf("%d retransmissions, want none", w.sum.Repeats)
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	o := Options{Calls: 400, Seed: 5}
	a, b := makeWorkload(t, o, SyslogOptions{}), makeWorkload(t, o, SyslogOptions{})
	if !bytes.Equal(a.log, b.log) || !bytes.Equal(a.pcap, b.pcap) || !bytes.Equal(a.truth, b.truth) {
		t.Error("the same options give other bytes")
	}
	o.Seed = 6
	if c := makeWorkload(t, o, SyslogOptions{}); bytes.Equal(a.log, c.log) {
		t.Error("another seed gives the same log")
	}
	// A plan may be ranged over again, also after it was left halfway.
	p, err := Generate(Options{Calls: 50, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	read := func(most int) (all []string) {
		for m := range p.Messages() {
			if len(all) == most {
				break
			}
			all = append(all, m.Time.String()+m.Src.String()+m.Dst.String()+string(m.Data))
		}
		return all
	}
	all := read(-1)
	if half := read(len(all) / 2); !slices.Equal(half, all[:len(all)/2]) || !slices.Equal(read(-1), all) {
		t.Error("a plan does not yield the same twice")
	}
}

func TestIdentifiersAreUnique(t *testing.T) {
	p, err := Generate(Options{Calls: 12000, Seed: 2, Mix: []Weight{{AnsweredCallerHangsUp, 2}, {Registered, 1}, {IncomingAnswered, 1}}, Retransmit: -1, InProgress: -1})
	if err != nil {
		t.Fatal(err)
	}
	ids, numbers := map[string]bool{}, map[string]bool{}
	number := regexp.MustCompile(`^1(800|888)555[0-9]{4}$`)
	spaID := regexp.MustCompile(`^[1-9a-f][0-9a-f]{0,7}-[1-9a-f][0-9a-f]{0,7}@192\.168\.[0-9]+\.[0-9]+$`)
	answered := 0
	for m := range p.Messages() {
		c := m.Call
		if !m.First {
			continue
		}
		if c.Outcome == "answered" {
			answered++
		}
		if ids[c.CallID] {
			t.Fatalf("Call-ID %s twice", c.CallID)
		}
		ids[c.CallID] = true
		if c.Scenario == IncomingAnswered == spaID.MatchString(c.CallID) {
			t.Errorf("Call-ID %s of %v", c.CallID, c.Scenario)
		}
		n := c.To
		switch c.Scenario {
		case Registered:
			continue
		case IncomingAnswered:
			n = c.From
		}
		if numbers[n] || !number.MatchString(n) {
			t.Fatalf("number %s twice, or not of the documentation's", n)
		}
		numbers[n] = true
	}
	branches, requests := map[string]bool{}, 0
	for m := range p.Messages() {
		if method, _, _ := bytes.Cut(m.Data, []byte(" ")); !m.First && string(method) != "BYE" {
			continue // an ACK or CANCEL may have the branch of its INVITE
		}
		_, rest, _ := bytes.Cut(m.Data, []byte(";branch="))
		branch, _, _ := bytes.Cut(rest, []byte(";"))
		requests++
		branches[string(branch)] = true
	}
	if len(branches) != requests || requests != len(ids)+answered || len(ids) != 12000 {
		t.Errorf("%d branches of %d requests", len(branches), requests)
	}
}

// TestNoLineHasTwoCallsAtATime: else a reader could rightly take two calls for one.
func TestNoLineHasTwoCallsAtATime(t *testing.T) {
	for _, rate := range []float64{0.05, 1, 10, 100, 360} {
		p, err := Generate(Options{Calls: int(500 * max(rate, 1)), Seed: 8, Rate: rate})
		if err != nil {
			t.Fatal(err)
		}
		busy := map[netip.AddrPort]*Call{}
		for m := range p.Messages() {
			line := m.Src
			if !m.Sent {
				line = m.Dst
			}
			if line.Addr() != m.Host {
				t.Fatalf("%v to %v, logged by %v", m.Src, m.Dst, m.Host)
			}
			// Two calls overlap if the one that the line had before says anything more.
			if busy[line] != m.Call {
				if !m.First {
					t.Fatalf("rate %v: %v has a call before the last one has ended", rate, line)
				}
				busy[line] = m.Call
			}
		}
		if len(busy) < 20 {
			t.Errorf("rate %v: only %d lines have calls", rate, len(busy))
		}
	}
}

func TestCallsInProgressAreAtTheEnd(t *testing.T) {
	p, err := Generate(Options{Calls: 2000, Seed: 4, InProgress: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	var end time.Time
	starts := map[string]time.Time{}
	for m := range p.Messages() {
		end = m.Time
		if s := m.Call.Scenario; m.First && (s == InProgressTrying || s == InProgressRinging) {
			starts[m.Call.CallID] = m.Time
		}
	}
	if len(starts) != 15 { // of the 20, every fourth talks
		t.Errorf("%d calls ring or are tried at the end, want 15", len(starts))
	}
	for id, at := range starts {
		if end.Sub(at) > 90*time.Second {
			t.Errorf("call %s began %v before the end of the log", id, end.Sub(at))
		}
	}
}

func TestCutLogIsAsSysklogdCutsIt(t *testing.T) {
	o := Options{Calls: 300, Seed: 9}
	whole, cut := makeWorkload(t, o, SyslogOptions{}), makeWorkload(t, o, SyslogOptions{Cut: true})
	a, b := bytes.Split(whole.log, []byte("\n")), bytes.Split(cut.log, []byte("\n"))
	if len(a) != len(b) || !bytes.Equal(whole.pcap, cut.pcap) || !bytes.Equal(whole.truth, cut.truth) {
		t.Fatal("cutting changes more than lines")
	}
	n := 0
	for i := range a {
		if bytes.Equal(a[i], b[i]) {
			continue
		}
		n++
		head := logLine.FindSubmatch(a[i])
		text := bytes.TrimPrefix(b[i], a[i][:len(a[i])-len(head[3])])
		// 1022 bytes of the datagram, but an escape that begins before 1021 characters is written to its end.
		if !bytes.HasPrefix(a[i], b[i]) || len(text) < 1018 || len(text) > 1022 || bytes.HasSuffix(text, []byte("^")) {
			t.Fatalf("line %d was cut at %d characters: %q", i+1, len(text), text)
		}
		if !bytes.HasPrefix(text, []byte("INVITE")) && !bytes.HasPrefix(text, []byte("SIP/2.0 200")) {
			t.Errorf("line %d is cut but does not carry a body: %.60q", i+1, text)
		}
	}
	if n < 100 {
		t.Errorf("%d lines were cut, want those with credentials and a body", n)
	}
	if s, err := BareScan(bytes.NewReader(cut.log)); err != nil || s.Calls != 300 {
		t.Errorf("%d calls in the cut log, %v; want 300", s.Calls, err)
	}
}

func TestEscapesOfSysklogd(t *testing.T) {
	long := strings.Repeat("x", 1019)
	for _, c := range []struct{ name, in, want, cut string }{
		{"an empty datagram leaves nothing", "", "", ""},
		{"a message without body ends in two carets", "A: b\r\n\r\n", "A: b^M ^M", "A: b^M ^M"},
		{"TAB, DEL and the C1 range", "a\tb\x7fc\x9fd", `a^Ib\177c\237d`, `a^Ib\177c\237d`},
		{"letters beyond ASCII stay", "b\xc3\xa4r\xc3\xbc\n", "b\xc3\xa4r\xc3\xbc", "b\xc3\xa4r\xc3\xbc"},
		{"only the last LF is dropped", "a\n\n", "a ", "a "},
		{"an escape is not halved", long + "x\r\n", long + "x^M", long + "x^M"},
		{"text ends at 1021", long + "xyz", long + "xyz", long + "xy"},
		{"the datagram ends at 1022", long + "\r\n\r\n", long + "^M ^M", long + "^M"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var whole, cut SyslogWriter
			cut.o.Cut = true
			if got := string(whole.appendText(nil, []byte(c.in))); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if got := string(cut.appendText([]byte("head "), []byte(c.in))); got != "head "+c.cut {
				t.Errorf("cut: %q, want %q", got, c.cut)
			}
		})
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	for name, o := range map[string]Options{
		"negative calls":       {Calls: -1},
		"too many calls":       {Calls: maxCalls + 1},
		"negative rate":        {Calls: 1, Rate: -1},
		"rate not a number":    {Calls: 1, Rate: math.NaN()},
		"too fast":             {Calls: 1, Rate: 1e9},
		"too many again":       {Calls: 1, Retransmit: 0.5},
		"share not a number":   {Calls: 1, Retransmit: math.NaN()},
		"more than all":        {Calls: 1, InProgress: 1.5},
		"too many devices":     {Calls: 1, Devices: 1 << 20},
		"negative devices":     {Calls: 1, Devices: -1},
		"before pcap's time":   {Calls: 1, Start: time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC)},
		"empty mix":            {Calls: 1, Mix: []Weight{}},
		"mix of nothing":       {Calls: 1, Mix: []Weight{{Cancelled, 0}}},
		"negative weight":      {Calls: 1, Mix: []Weight{{Cancelled, 2}, {Busy486, -1}}},
		"unknown scenario":     {Calls: 1, Mix: []Weight{{200, 1}}},
		"weight not a number":  {Calls: 1, Mix: []Weight{{Cancelled, math.NaN()}}},
		"weight without bound": {Calls: 1, Mix: []Weight{{Cancelled, math.Inf(1)}}},
	} {
		if _, err := Generate(o); err == nil || !strings.HasPrefix(err.Error(), "workload: ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if w := makeWorkload(t, Options{}, SyslogOptions{}); len(w.log) != 0 || len(w.pcap) != 24 || len(w.calls) != 0 {
		t.Errorf("no calls: %d bytes of log, %d of capture, %d rows", len(w.log), len(w.pcap), len(w.calls))
	}
	if w := makeWorkload(t, Options{Calls: 8, InProgress: 1}, SyslogOptions{}); len(w.calls) != 8 {
		t.Errorf("%d calls, want 8, all in progress", len(w.calls))
	}
	if w := makeWorkload(t, Options{Calls: 40, Devices: 1}, SyslogOptions{}); len(regexp.MustCompile(`(?m)^.{16}192\.168\.0\.2 `).FindAll(w.log, -1)) != w.sum.Messages {
		t.Error("one device has more than one address")
	}
}

// TestMemoryDoesNotGrowWithCalls: what is kept depends on how many calls are in progress at a time.
func TestMemoryDoesNotGrowWithCalls(t *testing.T) {
	peak := func(calls int) (most uint64) {
		p, err := Generate(Options{Calls: calls, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		var before, now runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		n := 0
		for range p.Messages() {
			if n++; n%10000 == 0 {
				runtime.GC()
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc-min(before.HeapAlloc, now.HeapAlloc))
			}
		}
		return most
	}
	few, many := peak(8000), peak(40000)
	if few == 0 || many > few*3/2 {
		t.Errorf("%d bytes for 8000 calls, %d for 40000", few, many)
	}
}

func TestGolden(t *testing.T) {
	w := makeWorkload(t, Options{Calls: 6, Seed: 1, Retransmit: 0.15, Mix: []Weight{{Cancelled, 1}, {AnsweredHeld, 1}, {IncomingCancelled, 1}, {Unregistered, 1}}}, SyslogOptions{})
	for name, got := range map[string][]byte{"seed1.log": w.log, "seed1.csv": w.truth} {
		file := filepath.Join("testdata", name)
		if *update {
			if err := os.MkdirAll("testdata", 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, got, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); d != "" {
			t.Errorf("%s (-update rewrites it): - want + got\n%s", file, d)
		}
	}
}

func TestWriteFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	p, err := Generate(Options{Calls: 120, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	var last Summary
	sum, err := p.WriteFiles(dir, SyslogOptions{}, func(s Summary) { last = s })
	if err != nil || sum != last || sum.Calls != 120 || sum.Span < 12*time.Second {
		t.Fatalf("%+v, last told %+v, %v", sum, last, err)
	}
	want := makeWorkload(t, Options{Calls: 120, Seed: 1}, SyslogOptions{})
	for name, b := range map[string][]byte{LogFile: want.log, PcapFile: want.pcap, TruthFile: want.truth} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, b) {
			t.Errorf("%s: %d bytes, %v; want %d", name, len(got), err, len(b))
		}
	}
	if files, _ := os.ReadDir(dir); len(files) != 3 {
		t.Errorf("%v in the folder, want three files", files)
	}
	// A folder that cannot be: nothing is left behind.
	blocked := filepath.Join(dir, LogFile, "below a file")
	if _, err := p.WriteFiles(blocked, SyslogOptions{}, nil); err == nil {
		t.Error("wrote below a file")
	}
	taken := t.TempDir()
	if err := os.MkdirAll(filepath.Join(taken, PcapFile, "x"), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := p.WriteFiles(taken, SyslogOptions{}, nil); err == nil {
		t.Error("a folder gave way to a file")
	}
	if left, _ := filepath.Glob(filepath.Join(taken, "*.part")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// failAfter is a writer that fails after n bytes.
type failAfter struct{ n int }

func (f *failAfter) Write(p []byte) (int, error) {
	if f.n -= len(p); f.n < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

func TestErrorsOfWritersComeOut(t *testing.T) {
	p, err := Generate(Options{Calls: 500, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range []int{0, 10, 40, 20000} {
		ws := func(bad int) (w [3]io.Writer) {
			for i := range w {
				w[i] = io.Discard
			}
			w[bad] = &failAfter{n}
			return w
		}
		for bad := range 3 {
			w := ws(bad)
			if _, err := p.Write(w[0], w[1], w[2], SyslogOptions{}, nil); err == nil {
				t.Errorf("case %d: writer %d failed after %d bytes and nobody says so", i, bad, n)
			}
		}
	}
}

func TestReadTruthRefuses(t *testing.T) {
	w := makeWorkload(t, Options{Calls: 3, Seed: 1}, SyslogOptions{})
	lines := strings.Split(strings.TrimSpace(string(w.truth)), "\n")
	spoil := func(column int, value string) string {
		row := strings.Split(lines[1], ",")
		row[column] = value
		return lines[0] + "\n" + strings.Join(row, ",") + "\n"
	}
	for name, in := range map[string]string{
		"empty":           "",
		"other columns":   strings.Replace(lines[0], "call_id", "id", 1) + "\n",
		"column missing":  lines[0] + "\na,b\n",
		"kind":            spoil(1, "fax"),
		"time":            spoil(2, "yesterday"),
		"status":          spoil(6, "busy"),
		"negative ring":   spoil(7, "-1"),
		"host":            spoil(13, "nowhere"),
		"scenario":        spoil(14, "wonder"),
		"unknown as kind": spoil(1, "unknown"),
	} {
		if c, err := ReadTruth(strings.NewReader(in)); err == nil {
			t.Errorf("%s: read as %v", name, c)
		} else if !strings.HasPrefix(err.Error(), "workload: truth: ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if c, err := ReadTruth(strings.NewReader(lines[0] + "\n")); err != nil || len(c) != 0 {
		t.Errorf("no rows: %v, %v", c, err)
	}
}

func BenchmarkMessages(b *testing.B) {
	p, err := Generate(Options{Calls: 2000, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	n, size := 0, 0
	for b.Loop() {
		n, size = 0, 0
		for m := range p.Messages() {
			n++
			size += len(m.Data)
		}
	}
	b.SetBytes(int64(size))
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

func BenchmarkWrite(b *testing.B) {
	p, err := Generate(Options{Calls: 2000, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	var sum Summary
	for b.Loop() {
		if sum, err = p.Write(io.Discard, io.Discard, io.Discard, SyslogOptions{}, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(sum.Bytes)
	b.ReportMetric(float64(sum.Messages)*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
