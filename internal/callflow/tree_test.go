package callflow

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// tree writes a call as testdata has it. What is not the case is not written. F1 is the first hop, T1 the first transaction.
func (s *scene) tree(c *Call) string {
	var b strings.Builder
	fmt.Fprintf(&b, "call %d: %v %v", c.Seq, c.Kind, c.Outcome)
	if c.Status != 0 {
		fmt.Fprintf(&b, " %d", c.Status)
	}
	length := func(name string, d time.Duration) {
		if d >= 0 {
			fmt.Fprintf(&b, ", %s %v", name, d)
		}
	}
	length("ring", c.Ring)
	length("talk", c.Talk)
	if len(c.Missing) == 0 {
		b.WriteString(", complete")
	} else {
		b.WriteString(", missing")
		for _, m := range c.Missing {
			b.WriteString(" " + missingNames[m])
		}
	}
	for _, f := range [...]struct {
		is   bool
		name string
	}{{c.Evicted, "evicted"}, {c.Resumed, "resumed"}, {c.Continued, "continued"}, {c.LogEnded, "log-ended"}, {c.MaskedCallID, "masked"}} {
		if f.is {
			b.WriteString(", " + f.name)
		}
	}
	b.WriteByte('\n')
	if ids := c.CallIDs(); len(ids) != 1 || len(c.Joined) > 0 {
		fmt.Fprintf(&b, "  ids %s", strings.Join(ids, " "))
		for _, j := range c.Joined {
			fmt.Fprintf(&b, ", %s by %s at F%d", j.CallID, [...]string{"?", "replaces", "refer", "session-id"}[j.Reason], j.Hop+1)
		}
		b.WriteByte('\n')
	}
	for i := range c.Participants {
		p := &c.Participants[i]
		fmt.Fprintf(&b, "  %s %v", s.participant(c, int16(i)), p.Role)
		if i == c.Caller && p.Role != RoleCaller {
			b.WriteString(" (caller)")
		}
		if i == c.Callee && p.Role != RoleCallee {
			b.WriteString(" (callee)")
		}
		if p.Device {
			b.WriteString(" device")
		}
		if p.Challenged {
			b.WriteString(" challenged")
		}
		if p.Forwarded {
			b.WriteString(" forwarded")
		}
		b.WriteByte('\n')
	}
	ref := func(name string, i int, letter string) {
		if i >= 0 {
			fmt.Fprintf(&b, " %s=%s%d", name, letter, i+1)
		}
	}
	for i := range c.Transactions {
		tx := &c.Transactions[i]
		fmt.Fprintf(&b, "  T%d %s %d", i+1, methodName(tx.Method), tx.CSeq)
		ref("request", tx.Request, "F")
		ref("provisional", tx.Provisional, "F")
		ref("final", tx.Final, "F")
		ref("ack", tx.Ack, "F")
		ref("invite", tx.Invite, "T")
		ref("cancel", tx.Cancel, "T")
		ref("upstream", tx.Upstream, "T")
		b.WriteByte('\n')
	}
	for i := range c.Dialogs {
		d := &c.Dialogs[i]
		fmt.Fprintf(&b, "  D%d", i+1)
		ref("created", d.Created, "F")
		ref("confirmed", d.Confirmed, "F")
		ref("bye", d.Bye, "F")
		b.WriteByte('\n')
	}
	for i := range c.Hops {
		h := &c.Hops[i]
		fmt.Fprintf(&b, "  F%d", i+1)
		switch {
		case h.Time.IsZero():
			b.WriteString(" -")
		default:
			b.WriteString(" " + string(h.Time.Stamp.AppendClock(nil)))
		}
		fmt.Fprintf(&b, " %s>%s", s.participant(c, h.From), s.participant(c, h.To))
		switch {
		case h.Kind == capture.KindEvent:
			name, line := c.Event(h)
			fmt.Fprintf(&b, " event %s", name)
			if _, subject, ok := strings.Cut(string(c.Data(h)), name+" "); ok {
				b.WriteString(" " + subject)
			}
			if line != 0 {
				fmt.Fprintf(&b, " line %d", line)
			}
		case h.Status != 0:
			fmt.Fprintf(&b, " %d %s %d", h.Status, methodName(h.Method), h.CSeq)
		default:
			fmt.Fprintf(&b, " %s %d", methodName(h.Method), h.CSeq)
		}
		if h.Direction != capture.DirectionUnknown {
			fmt.Fprintf(&b, " %v", h.Direction)
		}
		ref("tx", int(h.Transaction), "T")
		if h.Duplicate {
			ref("duplicate", int(h.RepeatOf), "F")
		} else {
			ref("repeats", int(h.RepeatOf), "F")
		}
		ref("forwards", int(h.Forwards), "F")
		for _, x := range c.Conflicts {
			if x == i {
				b.WriteString(" conflict")
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

var missingNames = [...]string{"?", "beginning", "final", "ack", "cancel-ok", "bye", "bye-ok", "invite-487", "ack-487", "change", "cut"}

func methodName(m sip.Method) string {
	switch m {
	case sip.MethodUnknown:
		return "?"
	case sip.MethodOther:
		return "OTHER"
	}
	return m.String()
}

// participant names a participant: the letter of its address or host, what the source calls it, "peer" for the one on the other side of a
// device, else its number.
func (s *scene) participant(c *Call, i int16) string {
	if i < 0 {
		return "?"
	}
	p := &c.Participants[i]
	letter := func(a netip.Addr, port uint16) string {
		for _, l := range [...]string{"A", "B", "C", "P", "Q", "R"} {
			if x := s.parties[l]; x.Addr() == a && (port == 0 || port == x.Port()) {
				return l
			}
		}
		return ""
	}
	if e, ok := c.Address(p); ok {
		if l := letter(e.Addr, e.Port); l != "" {
			return l
		}
		return e.String()
	}
	if h := c.Host(p); len(h) > 0 {
		if a, err := netip.ParseAddr(string(h)); err == nil {
			if l := letter(a, 0); l != "" {
				return l
			}
		}
		return string(h)
	}
	if n := c.GivenName(p); n != nil {
		return string(n)
	}
	if p.Device {
		return "self"
	}
	return fmt.Sprintf("#%d", i+1)
}

// checkCall holds a call that was handed on to what is true of every call.
func checkCall(t testing.TB, c *Call) {
	t.Helper()
	bad := func(format string, args ...any) {
		t.Helper()
		t.Errorf("call %d %v: %s", c.Seq, c.CallIDs(), fmt.Sprintf(format, args...))
	}
	n := len(c.Hops)
	hop := func(what string, i int) bool {
		if i < -1 || i >= n {
			bad("%s is hop %d of %d", what, i, n)
			return false
		}
		return i >= 0
	}
	if n == 0 {
		bad("no hops")
	}
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Index() != i {
			bad("hop %d says that it is %d", i, h.Index())
		}
		if int(h.From) >= len(c.Participants) || int(h.To) >= len(c.Participants) {
			bad("hop %d goes from %d to %d of %d", i, h.From, h.To, len(c.Participants))
		}
		if h.Kind != capture.KindMessage {
			if h.Transaction != -1 || h.RepeatOf != -1 || h.Forwards != -1 {
				bad("event %d is in a transaction", i)
			}
			continue
		}
		if h.Transaction < 0 || int(h.Transaction) >= len(c.Transactions) {
			bad("hop %d is in transaction %d of %d", i, h.Transaction, len(c.Transactions))
			continue
		}
		if hop("repeat", int(h.RepeatOf)) {
			o := &c.Hops[h.RepeatOf]
			if h.RepeatOf >= int32(i) || o.RepeatOf >= 0 || o.Transaction != h.Transaction || o.Status != h.Status || o.Method != h.Method {
				bad("hop %d repeats %d", i, h.RepeatOf)
			}
		} else if h.Duplicate {
			bad("hop %d is a duplicate of nothing", i)
		}
		if hop("forward", int(h.Forwards)) {
			o := &c.Hops[h.Forwards]
			if int(h.Forwards) == i || o.Status != h.Status || o.Method != h.Method || o.CSeq != h.CSeq && len(c.sessions) == 0 {
				bad("hop %d forwards %d", i, h.Forwards)
			}
		}
	}
	for i := range c.Transactions {
		tx := &c.Transactions[i]
		for what, x := range map[string]int{"request": tx.Request, "provisional": tx.Provisional, "final": tx.Final, "ack": tx.Ack} {
			if !hop(what, x) {
				continue
			}
			h := &c.Hops[x]
			ok := int(h.Transaction) == i && h.RepeatOf < 0
			switch what {
			case "request":
				ok = ok && h.IsRequest()
			case "provisional":
				ok = ok && h.Status > 100 && h.Status < 200
			case "final":
				ok = ok && h.Status >= 200
			case "ack":
				ok = ok && h.IsRequest() && h.Method == sip.MethodAck
			}
			if !ok {
				bad("transaction %d has hop %d as its %s", i, x, what)
			}
		}
		if tx.Invite >= 0 && c.Transactions[tx.Invite].Cancel != i && c.Transactions[tx.Invite].Cancel < 0 {
			bad("transaction %d cancels %d, which does not know", i, tx.Invite)
		}
		if tx.Cancel >= 0 && c.Transactions[tx.Cancel].Invite != i {
			bad("transaction %d is cancelled by %d, which does not know", i, tx.Cancel)
		}
		steps := 0
		for u := tx.Upstream; u >= 0; u = c.Transactions[u].Upstream {
			if steps++; steps > len(c.Transactions) {
				bad("transaction %d passes itself on", i)
				break
			}
		}
	}
	for i := range c.Dialogs {
		d := &c.Dialogs[i]
		hop("created", d.Created)
		hop("confirmed", d.Confirmed)
		hop("bye", d.Bye)
		if d.Created < 0 {
			bad("dialog %d was not made", i)
		}
	}
	for _, x := range [...]int{c.Caller, c.Callee} {
		if x < -1 || x >= len(c.Participants) {
			bad("participant %d of %d", x, len(c.Participants))
		}
	}
	if hop("root", c.Root) && !c.Hops[c.Root].IsRequest() {
		bad("root %d is not a request", c.Root)
	}
	seen := map[Missing]bool{}
	for _, m := range c.Missing {
		if seen[m] {
			bad("%v is missing twice", missingNames[m])
		}
		seen[m] = true
	}
	conflicts := map[int]bool{}
	for _, x := range c.Conflicts {
		if x < 0 || !hop("conflict", x) || conflicts[x] {
			bad("conflict at %d, twice or nowhere", x)
		}
		conflicts[x] = true
	}
	for _, j := range c.Joined {
		if !hop("join", j.Hop) {
			bad("joined by hop %d", j.Hop)
		}
	}
	// Each Call-ID but the first has its reason; the first has one too if the messages before it had no Call-ID at all.
	if ids := c.CallIDs(); len(ids) != 0 && len(c.Joined) != len(ids)-1 && !(c.MaskedCallID && len(c.Joined) == len(ids)) {
		bad("%d Call-IDs, %d reasons", len(ids), len(c.Joined))
	}
}
