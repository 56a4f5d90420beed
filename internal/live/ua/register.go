package ua

import (
	"strconv"
	"strings"
	"time"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// registration keeps a line registered (RFC 3261 §10.2): one Call-ID, counting CSeq, refreshed well before it ends.
type registration struct {
	line       *line
	callID     string
	tag        string
	seq        uint32
	expires    time.Duration // as asked for; more after a 423
	request    *request      // under way
	registered bool
	// ending: the line wants no registration any more. removing: the request under way says so.
	ending, removing bool
	// at is when to register again; until, until when the registrar keeps what it granted last, whatever became of a refresh.
	at, until time.Time
	auth      *credentials
	fails     int
}

func newRegistration(l *line) *registration {
	return &registration{line: l, callID: l.phone.random(8) + "@" + l.Local.Addr().String(), tag: l.phone.layer.Tag(), expires: l.RegisterExpires, auth: newCredentials(l, l.registrar)}
}

// send registers, or takes the registration back if it is ending.
func (g *registration) send(now time.Time, out *live.Outbox) {
	g.at = time.Time{}
	if g.request != nil {
		return
	}
	l := g.line
	g.seq++
	r := l.newRequest("REGISTER", "sip:"+l.resource(), nameAddr(l.DisplayName, l.aor())+";tag="+g.tag, nameAddr(l.DisplayName, l.aor()), g.callID, g.seq)
	g.auth = g.auth.follow()
	r.auth = g.auth
	r.nextSeq = func() uint32 { g.seq++; return g.seq }
	expires := g.expires
	g.removing = g.ending
	if g.removing {
		expires = 0
	}
	r.add("Contact", nameAddr(l.DisplayName, l.contact())+";expires="+strconv.Itoa(int(expires/time.Second)))
	r.add("Expires", strconv.Itoa(int(expires/time.Second)))
	r.answered, r.failed = g.answered, g.failed
	g.request = r
	r.send(now, out)
}

// end takes the registration back.
func (g *registration) end(now time.Time, out *live.Outbox) {
	g.ending, g.at = true, time.Time{}
	if (g.registered || now.Before(g.until)) && g.request == nil {
		g.send(now, out)
	}
}

func (g *registration) answered(now time.Time, m *response, out *live.Outbox) {
	g.request = nil
	switch {
	case m.Status < 300 && g.removing:
		g.registered, g.until = false, time.Time{}
		g.line.phone.notify(Event{Time: now, Kind: EventUnregistered, Line: g.line.number, Call: g.callID})
	case m.Status < 300:
		g.registered, g.fails = true, 0
		granted := g.granted(m.Message)
		g.until = now.Add(granted)
		// The refresh comes while it is still good, also if the first try gets lost: at most a minute, at least half of the time before the end.
		g.at = now.Add(granted - min(granted/2, max(granted/10, 30*time.Second)))
		g.line.phone.notify(Event{Time: now, Kind: EventRegistered, Line: g.line.number, Call: g.callID, Expires: granted})
		if g.ending {
			g.send(now, out)
		}
	case m.Status == 423 && g.raise(m.Message):
		g.send(now, out)
	default:
		g.refused(now, Remote, int(m.Status), string(m.Text(m.Reason)))
	}
}

// raise takes the Min-Expires of a 423 (§10.2.8). An interval that is no longer than the one refused, or absurd, is not tried.
func (g *registration) raise(m *sip.Message) bool {
	n, ok := m.Number(sip.FieldMinExpires)
	if !ok || time.Duration(n)*time.Second <= g.expires || n > 1<<24 {
		return false
	}
	g.expires = time.Duration(n) * time.Second
	return true
}

// granted returns for how long the registrar keeps the line: the expires of its own Contact in the response, else Expires, else what was
// asked for (§10.2.4).
func (g *registration) granted(m *sip.Message) time.Duration {
	seconds := uint64(g.expires / time.Second)
	if n, ok := m.Number(sip.FieldExpires); ok {
		seconds = uint64(n)
	}
	want := sip.ParseURI([]byte(g.line.contact()))
	for s := range m.Values(sip.FieldContact) {
		a := sip.ParseAddress(m.Text(s))
		if string(a.URI.User) != string(want.User) || !strings.EqualFold(string(a.URI.Host), string(want.Host)) || a.URI.Port != want.Port {
			continue
		}
		if v, ok := a.Params.Get("expires"); ok {
			if n, err := strconv.ParseUint(string(v), 10, 32); err == nil {
				seconds = n
			}
		}
	}
	return min(max(time.Duration(seconds)*time.Second, time.Second), 1<<24*time.Second)
}

func (g *registration) failed(now time.Time, status int, reason string, _ *live.Outbox) {
	g.request = nil
	g.refused(now, Network, status, reason)
}

// refused tells of a failure and tries again later: after Reg Retry Intvl, and longer each time up to half an hour. A refusal that no
// repetition mends (401, 403, 404 …) is tried again all the same, as a device does: somebody may be setting the account up.
func (g *registration) refused(now time.Time, by Party, status int, reason string) {
	g.registered = false
	g.line.phone.notify(Event{Time: now, Kind: EventRegisterFailed, Line: g.line.number, Call: g.callID, By: by, Status: status, Reason: reason, Demand: g.auth.demand})
	if g.ending {
		return
	}
	const longest = 30 * time.Minute
	wait := min(g.line.phone.cfg.RegRetry, longest) << min(g.fails, 10)
	g.fails++
	g.at = now.Add(min(wait, longest))
}

// again registers soon, but not at the moment at which everybody does (RFC 5626 §4.5).
func (g *registration) again(now time.Time) {
	n, _ := strconv.ParseUint(g.line.phone.random(2), 16, 16)
	g.at = now.Add(time.Duration(n) * g.line.phone.cfg.RegRetry / 65536)
}

func (g *registration) wake(now time.Time, out *live.Outbox) {
	if due(g.at, now) {
		g.send(now, out)
	}
}
