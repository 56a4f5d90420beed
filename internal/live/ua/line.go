package ua

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"sipscribe/digest"
	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/sip"
	"sipscribe/spalog"
)

// line is one line of the phone.
type line struct {
	*LineConfig
	phone  *Phone
	number int // from 1
	plan   *DialPlan

	// account answers challenges of calls, registrar those of registrations: what the one has asked for is not shown to the other. servers are the
	// addresses of the line's own server, whose challenges are answered.
	account, registrar *digest.Session
	servers            []live.Flow
	// accepted are realms that have taken the line's user and password.
	accepted []string

	registration *registration
	call         *call
	offHook      bool
	digits       string
	// dialAt is when the digits so far are called, or given up (the interdigit timers).
	dialAt    time.Time
	keepAlive time.Time
	// turnedAway is when a call that did not ring was told of last.
	turnedAway time.Time
}

// domain returns the host of Proxy: the domain of the line's address of record.
func (l *line) domain() string {
	host, _, _ := splitServer(l.Proxy) // it was checked
	return bracketed(host)
}

// resource returns the host that a Request-URI names: the domain, with its port where it is an address, since that is a machine and not a domain.
func (l *line) resource() string {
	host, port, _ := splitServer(l.Proxy)
	if _, err := netip.ParseAddr(host); err == nil && port != 0 {
		return bracketed(host) + ":" + strconv.Itoa(int(port))
	}
	return bracketed(host)
}

func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// aor returns the line's address of record (§10).
func (l *line) aor() string { return "sip:" + escapeUser(l.UserID) + "@" + l.domain() }

// isServer reports whether a flow leads to the line's own server: its address and port.
func (l *line) isServer(from live.Flow) bool {
	for _, f := range l.servers {
		if f.Remote == from.Remote {
			return true
		}
	}
	return false
}

// contact returns the URI at which the line is reached (§8.1.1.8).
func (l *line) contact() string {
	uri := "sip:" + escapeUser(l.UserID) + "@" + l.Local.String()
	switch l.Transport {
	case capture.TCP:
		uri += ";transport=tcp"
	case capture.TLS:
		uri += ";transport=tls"
	}
	return uri
}

// escapeUser escapes what may not stand in the user part of a URI (§25.1, user).
func escapeUser(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.!~*'()&=+$,;?/", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		const hex = "0123456789ABCDEF"
		b.WriteString("%" + string(hex[c>>4]) + string(hex[c&15]))
	}
	return b.String()
}

// address returns the URI that a number, or a URI, names. A tel URI is its number (RFC 3261 §19.1.6); what no SIP URI has unescaped, such as the letters of other
// alphabets, is escaped (§19.1.2).
func (l *line) address(number string) string {
	number = strings.TrimSpace(number)
	scheme, rest, _ := strings.Cut(number, ":")
	switch scheme = strings.ToLower(scheme); {
	case scheme == "tel":
		rest, _, _ = strings.Cut(rest, ";")
		number = rest
	case scheme == "sip" || scheme == "sips":
		return scheme + ":" + escapeForeign(rest)
	case strings.Contains(number, "@"):
		return "sip:" + escapeForeign(number)
	}
	return "sip:" + escapeUser(PlainNumber(number)) + "@" + l.resource()
}

// escapeForeign escapes what is not ASCII in the user part of an address that is otherwise written as it goes out.
func escapeForeign(s string) string {
	at := strings.LastIndexByte(s, '@')
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; i < at && c >= 0x80 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// checkAddress refuses what would become no URI in the first line of an INVITE (§25.1): given is what the user wrote, uri what became of it.
func checkAddress(given, uri string) error {
	if strings.TrimSpace(given) == "" {
		return fmt.Errorf("there is no number to call")
	}
	for _, r := range given {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return fmt.Errorf("%q cannot be called: it has a control character in it, or bytes that are no text", given)
		}
	}
	for _, r := range uri {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune("<>\"\\^`{|}", r) {
			return fmt.Errorf("%q cannot be called: %q does not belong into an address", given, r)
		}
	}
	for rest := uri; ; {
		i := strings.IndexByte(rest, '%')
		if i < 0 {
			break
		}
		if rest = rest[i+1:]; len(rest) < 2 || strings.Trim(rest[:2], "0123456789abcdefABCDEF") != "" {
			return fmt.Errorf("%q cannot be called: behind %% an address has two hexadecimal digits", given)
		}
	}
	u := sip.ParseURI([]byte(uri))
	host := strings.ToLower(string(u.Host))
	name := strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-._") == ""
	if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil && a.Is6() {
		name = true
	}
	if _, ok := live.TargetOf([]byte(uri)); !ok || !name || len(u.User) == 0 || strings.Contains(string(u.User), "@") {
		return fmt.Errorf("%q cannot be called: it is neither a number nor an address such as sip:alice@example.com", given)
	}
	return nil
}

// PlainNumber takes the separators out of a number as people write it: those of RFC 3966 §5.1.1, the blank, the slash and what pages have in place of blank and hyphen. The
// (0) of +49 (0)30 123 is dialled at home only, and left out. A name stays as it is.
func PlainNumber(s string) string {
	const separators = "-.()/ \t\u00a0\u2007\u2009\u202f\u2010\u2011\u2012\u2013\u2014"
	n := strings.Map(func(r rune) rune {
		if strings.ContainsRune(separators, r) {
			return -1
		}
		return r
	}, s)
	if n == "" || strings.Trim(n, "0123456789+*#") != "" {
		return s
	}
	if strings.HasPrefix(n, "+") {
		if before, behind, ok := strings.Cut(s, "(0)"); ok {
			return PlainNumber(before + behind)
		}
	}
	return n
}

// Registered reports whether a line is registered.
func (p *Phone) Registered(n int) bool {
	l, err := p.line(n)
	return err == nil && l.registration != nil && l.registration.registered
}

// OffHook lifts the handset of a line: a call that rings is answered. ErrOffHook: it was off.
func (p *Phone) OffHook(now time.Time, n int, out *live.Outbox) error {
	l, err := p.line(n)
	if err != nil {
		return err
	}
	if l.offHook {
		return ErrOffHook
	}
	l.lift(out)
	if l.call != nil && !l.call.outgoing && l.call.session == nil {
		return l.call.answer(now, out)
	}
	d := l.plan.Match("")
	if d.Wait > 0 {
		l.dialAt = now.Add(d.Wait)
	} else if d.Number != "" {
		return l.dial(now, d.Number, out) // a hot line
	}
	return nil
}

func (l *line) lift(out *live.Outbox) {
	l.offHook, l.digits = true, ""
	say(out, spalog.Event{Kind: spalog.OffHook, Line: l.number})
}

// Digit presses a key: 0 to 9, * or #. In a call it is sent to the other side.
func (p *Phone) Digit(now time.Time, n int, key byte, out *live.Outbox) error {
	l, err := p.line(n)
	if err != nil {
		return err
	}
	if _, ok := keyBit(key); !ok {
		return ErrRefused
	}
	if l.call != nil {
		if l.call.session == nil {
			return ErrNotAnswered
		}
		return l.call.session.sendDigit(now, key, out)
	}
	l.digits += string(key)
	return l.tryPlan(now, out)
}

// tryPlan calls the digits dialled so far, waits for more, or gives up.
func (l *line) tryPlan(now time.Time, out *live.Outbox) error {
	d := l.plan.Match(l.digits)
	switch {
	case d.Refused:
		l.digits, l.dialAt = "", time.Time{}
		return ErrRefused
	case d.Wait > 0:
		l.dialAt = now.Add(d.Wait)
		return nil
	}
	return l.dial(now, d.Number, out)
}

// Dial calls a number, or a URI, at once and without the dial plan.
func (p *Phone) Dial(now time.Time, n int, number string, out *live.Outbox) error {
	l, err := p.line(n)
	if err != nil {
		return err
	}
	if err := l.mayDial(number); err != nil {
		return err // with the handset where it was: off it, the line would be busy to everybody
	}
	lifted := !l.offHook
	if lifted {
		l.lift(out)
	}
	if err = l.dial(now, number, out); err != nil && lifted {
		l.offHook = false
		say(out, spalog.Event{Kind: spalog.OnHook, Line: l.number})
	}
	return err
}

// DialByPlan calls a number as if its keys had been pressed and then nothing more.
func (p *Phone) DialByPlan(now time.Time, n int, number string, out *live.Outbox) error {
	l, err := p.line(n)
	if err != nil {
		return err
	}
	d := l.plan.Match(PlainNumber(number))
	if d.Refused || d.Number == "" {
		return ErrRefused
	}
	return p.Dial(now, n, d.Number, out)
}

// CheckNumber returns what is wrong with a number, or an address, before anything is done about it; byPlan: as DialByPlan takes it.
func (p *Phone) CheckNumber(n int, number string, byPlan bool) error {
	l, err := p.line(n)
	if err != nil {
		return err
	}
	if byPlan {
		d := l.plan.Match(PlainNumber(number))
		if d.Refused || d.Number == "" {
			return ErrRefused
		}
		number = d.Number
	}
	return checkAddress(number, l.address(number))
}

// mayDial returns what keeps a line from calling a number, or an address.
func (l *line) mayDial(number string) error {
	if l.call != nil {
		return ErrLineBusy
	}
	if l.NoCallWithoutReg && (l.registration == nil || !l.registration.registered) {
		return ErrNotRegistered
	}
	return checkAddress(number, l.address(number))
}

func (l *line) dial(now time.Time, number string, out *live.Outbox) error {
	l.digits, l.dialAt = "", time.Time{}
	if err := l.mayDial(number); err != nil {
		return err
	}
	c := newOutgoing(l, l.address(number))
	if err := c.open(now); err != nil {
		return err
	}
	l.call = c
	at := strings.LastIndexByte(l.call.peer, '@') // it was checked
	shown, host := strings.TrimPrefix(l.call.peer[:at], "sip:"), l.domain()
	if strings.Contains(number, "@") {
		host = l.call.peer[at+1:]
	} else {
		shown = string(sip.Unescape([]byte(shown)))
	}
	say(out, spalog.Event{Kind: spalog.Calling, Number: []byte(shown), Host: []byte(host)})
	l.phone.notify(Event{Time: now, Kind: EventCalling, Line: l.number, Call: l.call.id, Peer: l.call.peer})
	l.call.invite(now, out)
	return nil
}

// Answer takes the call that rings on a line.
func (p *Phone) Answer(now time.Time, n int, out *live.Outbox) error {
	l, err := p.line(n)
	if err != nil {
		return err
	}
	if err := l.rings(); err != nil {
		return err
	}
	if !l.offHook {
		return p.OffHook(now, n, out)
	}
	return l.call.answer(now, out)
}

// rings returns why there is no call on a line that could be answered.
func (l *line) rings() error {
	switch {
	case l.call == nil:
		return ErrNothingRings
	case l.call.session != nil:
		return ErrAnswered
	case l.call.outgoing:
		return ErrOutgoing
	}
	return nil
}

// Decline refuses the call that rings on a line, with a status of 300 to 699.
func (p *Phone) Decline(now time.Time, n, status int, out *live.Outbox) error {
	l, err := p.line(n)
	if err != nil {
		return err
	}
	if err := l.rings(); err != nil {
		return err
	}
	if status < 300 || status > 699 {
		return fmt.Errorf("%d refuses no call: that is 300 to 699", status)
	}
	l.call.refuse(now, status, nil, Local, out)
	return nil
}

// HangUp puts the handset of a line back: a call that is not answered is cancelled, one that is is ended, one that rings is refused.
func (p *Phone) HangUp(now time.Time, n int, out *live.Outbox) error {
	l, err := p.line(n)
	if err != nil {
		return err
	}
	if l.call == nil && !l.offHook {
		return ErrOnHook
	}
	l.hangUp(now, out)
	return nil
}

func (l *line) hangUp(now time.Time, out *live.Outbox) {
	if l.offHook {
		l.offHook = false
		say(out, spalog.Event{Kind: spalog.OnHook, Line: l.number})
	}
	l.digits, l.dialAt = "", time.Time{}
	if l.call != nil {
		l.call.hangUp(now, out)
	}
}

// Hold puts the other side of a call on hold; Resume takes it back.
func (p *Phone) Hold(now time.Time, n int, out *live.Outbox) error { return p.hold(now, n, true, out) }

// Resume ends what Hold began.
func (p *Phone) Resume(now time.Time, n int, out *live.Outbox) error {
	return p.hold(now, n, false, out)
}

func (p *Phone) hold(now time.Time, n int, on bool, out *live.Outbox) error {
	l, err := p.line(n)
	if err != nil {
		return err
	}
	switch {
	case l.call == nil:
		return ErrNoCall
	case l.call.session == nil:
		return ErrNotAnswered
	}
	return l.call.session.hold(now, on, out)
}

func (l *line) wake(now time.Time, out *live.Outbox) {
	if due(l.dialAt, now) {
		l.dialAt = time.Time{}
		if d := l.plan.Match(l.digits); d.Number != "" && !d.Refused {
			if err := l.dial(now, d.Number, out); err != nil { // nobody waits for it
				l.phone.notify(Event{Time: now, Kind: EventEnded, Line: l.number, Peer: l.address(d.Number), By: Local, Reason: err.Error(), OffHook: l.offHook})
			}
		} else {
			if l.digits != "" {
				l.phone.notify(Event{Time: now, Kind: EventUndialled, Line: l.number, By: Local, Reason: l.digits, OffHook: l.offHook})
			}
			l.digits = ""
		}
	}
	if due(l.keepAlive, now) {
		l.keepAlive = now.Add(l.phone.cfg.KeepAlive)
		l.sendKeepAlive(now, out)
	}
	if l.registration != nil {
		l.registration.wake(now, out)
	}
	if l.call != nil {
		l.call.wake(now, out)
	}
}

func (l *line) next() time.Time {
	next := earlier(l.dialAt, l.keepAlive)
	if l.registration != nil {
		next = earlier(next, l.registration.at)
	}
	if l.call != nil {
		next = earlier(next, l.call.next())
	}
	return next
}

// sendKeepAlive sends what an SPA sends to keep a NAT open ($NOTIFY). Servers answer it with 481 or 489, which is as good as a 200.
func (l *line) sendKeepAlive(now time.Time, out *live.Outbox) {
	r := l.newRequest("NOTIFY", "sip:"+l.domain(), "<"+l.aor()+">;tag="+l.phone.layer.Tag(), "<sip:"+l.domain()+">", l.phone.random(8)+"@"+l.Local.Addr().String(), 1)
	r.add("Event", "keep-alive")
	r.answered = func(time.Time, *response, *live.Outbox) {}
	r.failed = func(time.Time, int, string, *live.Outbox) {}
	r.send(now, out)
}
