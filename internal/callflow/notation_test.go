package callflow

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/sip"
	"sipscribe/syslog"
)

// scene is the input of a case in testdata: who takes part, how the messages were logged, and the messages, one a line.
//
//	feed log=A                                         a device's log: its host is known, no addresses
//	10:00:00 A->P INVITE 101 sdp
//	10:00:00 P->A 407 INVITE 101 to=b
//	10:00:00 A->P ACK 101 to=b
//
// The first line has the word feed and options:
//
//	wire       every record has the addresses of both ends (a capture); the default
//	bare       no record has addresses or an observer
//	log=A      no record has addresses; the observer is A's address
//	utc, wall, yearless, clock   the domain of the times; default utc for wire, yearless for the others
//	memory=N   the Assembler's budget
//	when       tell when each call was handed on, stats the Assembler's counts
//	X=host:port   a party's address, in place of the one that parties has
//
// Every further line is a time ("-": none; "Dec31T23:59:59", "Jan1+1T00:00:00" with a date and years from the first),
// the two ends, what goes (a method, or a status and the method that it answers) and the CSeq number, and then:
//
//	from=a to=b   tags. Default: from=a; to=b in responses above 100 and in ACK, else none. "masked": hidden in the log
//	branch=x      default: the CSeq number for INVITE, its ACK and CANCEL, that and the method for the rest; "none": no branch
//	via=X:port    the top Via's sent-by; default: who sent the request. "none": no Via
//	via2=x        a second Via with this branch, as behind one proxy; via3=x a third
//	id=x          the Call-ID, default c1. "masked", "none"
//	called=x      the number in To, default bob
//	cseq=none     no CSeq
//	received      the top Via has received= and rport=
//	sdp           a session description; sdp=x another
//	auth          credentials; chal: a challenge
//	uri=x  ua=x  server=x  expires=x  contact=x  +Name:value    header fields; ~ is a blank
//	@X            the observer; @-: none. sent, received*: the source's own marker (written sent! and received!)
//	noaddr        no addresses. src=N the source. label=F1, says=Alice,Proxy: the source's own names for the ends
//
// "10:00:00 @A event off-hook line=1" is a device's event, subject=x what it is about, "10:00:00 tick" a record of no call, which only moves the clock. Last on any
// line, in=utc (and so on) is the domain of its time.
type scene struct {
	options Options
	when    bool
	stats   bool
	lines   []sceneLine
	parties map[string]netip.AddrPort
}

type sceneLine struct {
	text string
	rec  capture.Record
}

// parties are the addresses of those who occur: two telephones, two proxies, a registrar, a third telephone. Of the blocks
// for documentation (RFC 5737).
var parties = map[string]netip.AddrPort{
	"A": netip.MustParseAddrPort("192.0.2.1:5060"),
	"B": netip.MustParseAddrPort("192.0.2.101:5060"),
	"C": netip.MustParseAddrPort("192.0.2.202:5060"),
	"P": netip.MustParseAddrPort("203.0.113.10:5060"),
	"Q": netip.MustParseAddrPort("203.0.113.20:5060"),
	"R": netip.MustParseAddrPort("203.0.113.30:5060"),
}

const maskedText = "[email\xc2\xa0protected]"

func parseScene(t testing.TB, input []string) *scene {
	t.Helper()
	s := &scene{parties: map[string]netip.AddrPort{}}
	for k, v := range parties {
		s.parties[k] = v
	}
	mode, observer := "wire", ""
	domain := ""
	words := strings.Fields(input[0])
	if words[0] != "feed" {
		t.Fatalf("case begins with %q, want feed", input[0])
	}
	for _, w := range words[1:] {
		k, v, _ := strings.Cut(w, "=")
		switch {
		case w == "wire" || w == "bare":
			mode = w
		case k == "log":
			mode, observer = "log", v
		case w == "utc" || w == "wall" || w == "yearless" || w == "clock":
			domain = w
		case k == "memory":
			s.options.Memory = number(t, v)
		case w == "when":
			s.when = true
		case w == "stats":
			s.stats = true
		case len(k) == 1:
			s.parties[k] = netip.MustParseAddrPort(v)
		default:
			t.Fatalf("feed: unknown option %q", w)
		}
	}
	if domain == "" {
		if domain = "utc"; mode != "wire" {
			domain = "yearless"
		}
	}
	for i, text := range input[1:] {
		rec := s.parseLine(t, text, mode, observer, domain)
		rec.Origin.Number = int64(i + 1)
		s.lines = append(s.lines, sceneLine{text, rec})
	}
	return s
}

func number(t testing.TB, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (s *scene) host(name string) string {
	if p, ok := s.parties[name]; ok {
		return p.Addr().String()
	}
	return name
}

func (s *scene) parseLine(t testing.TB, text, mode, observer, domain string) capture.Record {
	t.Helper()
	words := strings.Fields(text)
	if last := len(words) - 1; strings.HasPrefix(words[last], "in=") {
		domain, words = words[last][len("in="):], words[:last]
	}
	rec := capture.Record{Kind: capture.KindMessage, Time: parseTime(t, words[0], domain)}
	words = words[1:]
	if words[0][0] == '@' && len(words) > 1 { // the observer may stand before the ends
		words = append(append([]string{}, words[1:]...), words[0])
	}
	from, to, ends := strings.Cut(words[0], "->")
	if ends {
		words = words[1:]
	}
	var m draft
	m.from, m.to, m.callID, m.ends = "a", "-", "c1", [2]string{from, to}
	addresses := mode == "wire"
	for n, w := range words {
		k, v, has := strings.Cut(w, "=")
		switch {
		case w == "tick":
			rec.Kind = capture.KindUnknown
			return rec
		case w == "event":
			rec.Kind = capture.KindEvent
			rec.Event.Name = words[n+1]
			rec.Data = []byte(words[n+1])
		case rec.Kind == capture.KindEvent && k == "line" && has:
			rec.Event.Line = int(number(t, v))
		case rec.Kind == capture.KindEvent && k == "subject" && has:
			rec.Event.Subject = []byte(strings.ReplaceAll(v, "~", " "))
			rec.Data = append(append(rec.Data, ' '), rec.Event.Subject...)
		case rec.Kind == capture.KindEvent && w == rec.Event.Name:
		case w[0] == '@':
			if observer = s.host(w[1:]); w == "@-" {
				observer = ""
			}
		case w == "sent!":
			rec.Direction = capture.Sent
		case w == "received!":
			rec.Direction = capture.Received
		case w == "noaddr":
			addresses = false
		case k == "src" && has:
			rec.Origin.Source = int32(number(t, v))
		case k == "label" && has:
			rec.Label = []byte(v)
		case k == "says" && has:
			x, y, _ := strings.Cut(v, ",")
			rec.SrcName, rec.DstName = []byte(x), []byte(y)
		default:
			m.word(t, w, k, v, has)
		}
	}
	if observer != "" {
		rec.Observer = []byte(s.host(observer))
	}
	if rec.Kind == capture.KindEvent {
		return rec
	}
	if addresses && ends {
		x, y := s.parties[from], s.parties[to]
		rec.Src = capture.Endpoint{Addr: x.Addr(), Port: x.Port(), Transport: capture.UDP}
		rec.Dst = capture.Endpoint{Addr: y.Addr(), Port: y.Port(), Transport: capture.UDP}
	}
	rec.Data = m.build(s)
	return rec
}

// draft is a message as a line of a scene describes it.
type draft struct {
	method, cseq, status     string
	from, to, callID, branch string
	via, uri, called         string
	more                     []string
	received, noCSeq         bool
	sdp                      string
	fields                   []sip.DraftField
	ends                     [2]string
	viaSet, branchSet        bool
}

func (m *draft) word(t testing.TB, w, k, v string, has bool) {
	t.Helper()
	v = strings.ReplaceAll(v, "~", " ")
	add := func(name, value string) { m.fields = append(m.fields, sip.DraftField{Name: name, Value: value}) }
	switch {
	case w[0] == '+':
		name, value, _ := strings.Cut(w[1:], ":")
		add(name, strings.ReplaceAll(value, "~", " "))
	case has:
		switch k {
		case "from":
			m.from = v
		case "to":
			m.to = v
		case "called":
			m.called = v
		case "id":
			m.callID = v
		case "branch":
			m.branch, m.branchSet = v, true
		case "via":
			m.via, m.viaSet = v, true
		case "via2", "via3":
			m.more = append(m.more, v)
		case "cseq":
			m.noCSeq = v == "none"
		case "sdp":
			m.sdp = v
		case "uri":
			m.uri = v
		case "ua":
			add("User-Agent", v)
		case "server":
			add("Server", v)
		case "expires":
			add("Expires", v)
		case "contact":
			add("Contact", v)
		default:
			t.Fatalf("unknown %q", w)
		}
	case w == "sdp":
		m.sdp = "1"
	case w == "received":
		m.received = true
	case w == "auth":
		add("Authorization", `Digest username="alice", realm="example.com", nonce="1", uri="sip:example.com", response="0123456789abcdef0123456789abcdef"`)
	case w == "chal":
		name := "WWW-Authenticate"
		if m.status == "407" {
			name = "Proxy-Authenticate"
		}
		add(name, `Digest realm="example.com", nonce="1"`)
	case w[0] >= '0' && w[0] <= '9' && m.status == "" && m.method == "" && len(w) == 3:
		m.status = w
	case w[0] >= '0' && w[0] <= '9':
		m.cseq = w
	case m.method == "":
		m.method = w
	default:
		t.Fatalf("unknown %q", w)
	}
}

func (m *draft) build(s *scene) []byte {
	tag := func(name, party, id string) sip.DraftField {
		v := party
		switch id {
		case "-", "none":
		case "masked":
			v += ";tag=" + maskedText
		default:
			v += ";tag=" + id
		}
		return sip.DraftField{Name: name, Value: v}
	}
	if m.to == "-" && (m.status != "" && m.status != "100" || m.method == "ACK" && m.status == "") {
		m.to = "b"
	}
	if !m.branchSet {
		m.branch = m.cseq
		switch m.method {
		case "INVITE", "ACK", "CANCEL":
		default:
			m.branch += m.method
		}
	}
	var d sip.Draft
	client := m.ends[0]
	if m.status == "" {
		d.Method, d.URI = m.method, m.uri
		if d.URI == "" {
			d.URI = "sip:bob@example.com"
		}
	} else {
		client = m.ends[1]
		d.Status, _ = strconv.Atoi(m.status)
		d.Reason = sip.ReasonPhrase(d.Status)
	}
	if m.via == "" {
		m.via = client
		if p, ok := s.parties[client]; ok {
			m.via = p.String()
		}
	} else if host, port, ok := strings.Cut(m.via, ":"); ok {
		m.via = s.host(host) + ":" + port
	} else {
		m.via = s.host(m.via)
	}
	if m.via != "none" {
		v := "SIP/2.0/UDP " + m.via
		if m.branch != "none" {
			v += ";branch=z9hG4bK" + m.branch
		}
		if m.received {
			v += ";received=198.51.100.99;rport=40000"
		}
		d.Fields = append(d.Fields, sip.DraftField{Name: "Via", Value: v})
		for i, b := range m.more {
			d.Fields = append(d.Fields, sip.DraftField{Name: "Via", Value: fmt.Sprintf("SIP/2.0/UDP hop%d.example.com;branch=z9hG4bK%s", i+2, b)})
		}
	}
	d.Fields = append(d.Fields, tag("From", "Alice <sip:alice@example.com>", m.from), tag("To", "<sip:"+cmp.Or(m.called, "bob")+"@example.com>", m.to))
	switch m.callID {
	case "none":
	case "masked":
		d.Fields = append(d.Fields, sip.DraftField{Name: "Call-ID", Value: maskedText})
	default:
		d.Fields = append(d.Fields, sip.DraftField{Name: "Call-ID", Value: m.callID})
	}
	if !m.noCSeq {
		d.Fields = append(d.Fields, sip.DraftField{Name: "CSeq", Value: m.cseq + " " + m.method})
	}
	d.Fields = append(d.Fields, m.fields...)
	if m.sdp != "" {
		d.Fields = append(d.Fields, sip.DraftField{Name: "Content-Type", Value: "application/sdp"})
		d.Body = []byte("v=0\r\no=- " + m.sdp + " 1 IN IP4 192.0.2.55\r\ns=-\r\nc=IN IP4 192.0.2.55\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n")
	}
	return d.AppendTo(nil)
}

// parseTime reads the time of a line. The precision is that of the digits that stand there.
func parseTime(t testing.TB, text, domain string) capture.Time {
	t.Helper()
	if text == "-" {
		return capture.Time{}
	}
	at := time.Date(2000, time.August, 20, 0, 0, 0, 0, time.UTC) // a leap year, as the clock of a log without one counts
	date, clock, dated := strings.Cut(text, "T")
	if dated {
		years := 0
		if d, y, ok := strings.Cut(date, "+"); ok {
			date, years = d, int(number(t, y))
		}
		d, err := time.Parse("Jan2", date)
		if err != nil {
			t.Fatal(err)
		}
		at = time.Date(2000+years, d.Month(), d.Day(), 0, 0, 0, 0, time.UTC)
	} else {
		clock = text
	}
	c, err := time.Parse("15:04:05.999999", clock)
	if err != nil {
		t.Fatal(err)
	}
	digits := 0
	if i := strings.IndexByte(clock, '.'); i >= 0 {
		digits = len(clock) - i - 1
	}
	return timeOf(at.Add(time.Duration(c.Hour())*time.Hour+time.Duration(c.Minute())*time.Minute+
		time.Duration(c.Second())*time.Second+time.Duration(c.Nanosecond())), digits, domain)
}

// timeOf returns a source's time with that many digits of fraction, in a domain.
func timeOf(at time.Time, digits int, domain string) capture.Time {
	step := time.Second
	for range digits {
		step /= 10
	}
	at = at.Truncate(step)
	x := capture.Time{Clock: at.UnixNano(), Stamp: syslog.Timestamp{Nanosecond: int32(at.Nanosecond()), Month: uint8(at.Month()), Day: uint8(at.Day()),
		Hour: uint8(at.Hour()), Minute: uint8(at.Minute()), Second: uint8(at.Second()), FracDigits: uint8(digits)}}
	switch domain {
	case "utc":
		x.Stamp.Style, x.Stamp.Year, x.Stamp.Zone, x.Basis = syslog.StyleISOT, int16(at.Year()), syslog.ZoneZ, capture.BasisLog
	case "wall":
		x.Stamp.Style, x.Stamp.Year = syslog.StyleISOT, int16(at.Year())
	case "yearless":
		x.Stamp.Style = syslog.StyleBSD
	case "clock":
		x.Stamp.Style, x.Stamp.Month, x.Stamp.Day = syslog.StyleClock, 0, 0
		x.Clock = int64(at.Sub(at.Truncate(24 * time.Hour)))
	}
	return x
}

// feeder gives records to an Assembler from a buffer that it spoils after each, as a decoder may: whoever keeps a record's
// bytes copies them.
type feeder struct {
	a   *Assembler
	buf []byte
}

func (f *feeder) add(rec capture.Record) error {
	f.buf = f.buf[:0]
	parts := [...]*[]byte{&rec.Data, &rec.Observer, &rec.SrcName, &rec.DstName, &rec.Label, &rec.Event.Subject, (*[]byte)(&rec.Origin.Map)}
	n := 0
	for _, p := range parts {
		n += len(*p)
	}
	if cap(f.buf) < n {
		f.buf = make([]byte, 0, 2*n)
	}
	for _, p := range parts {
		if len(*p) > 0 {
			at := len(f.buf)
			f.buf = append(f.buf, *p...)
			*p = f.buf[at:len(f.buf):len(f.buf)]
		}
	}
	if rec.Origin.Lines != nil {
		rec.Origin.Lines = rec.Data
	}
	err := f.a.Add(&rec)
	for i := range f.buf {
		f.buf[i] = '#'
	}
	return err
}
