package report

import (
	"strconv"
	"time"

	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/internal/explain"
	"sipscribe/sip"
)

// Row is a call in one line: what a list shows. Its strings are its own.
type Row struct {
	Seq      int64
	Time     capture.Time
	From, To string // number, user or address; "hidden" if the log hides it, "" if there is none
	Kind     callflow.Kind
	Method   string // of the request that stands for the call, or that its first message answers; "" if neither says
	Outcome  callflow.Outcome
	Status   int
	Ring     time.Duration // -1: not known
	Talk     time.Duration // -1: not known
	Messages int           // transmissions: each message as often as it was sent, not as often as it was logged
	Complete bool
	// Precision is the step of the clock by which Ring and Talk are known.
	Precision time.Duration
	Source    int32
	CallID    string
	// RedirectedTo is where the last redirection sent the call, if the caller followed it; as To.
	RedirectedTo string
}

// Rower makes rows. It is not safe for concurrent use.
type Rower struct {
	// WithoutCallID says that nobody asks for the Call-ID of a row.
	WithoutCallID bool

	message sip.Message
	names   []byte // of both parties
}

// Hidden is what stands for a name that the log hides.
const Hidden = "hidden"

// Row returns the row of a call.
func (r *Rower) Row(c *callflow.Call) Row {
	row := Row{Seq: c.Seq, Time: c.Start(), Kind: c.Kind, Outcome: c.Outcome, Status: c.Status, Ring: c.Ring, Talk: c.Talk,
		Complete: len(c.Missing) == 0, Precision: c.Precision()}
	first := -1
	for i := range c.Hops {
		h := &c.Hops[i]
		if h.Kind != capture.KindMessage {
			continue
		}
		if first < 0 {
			first = i
		}
		if !h.Duplicate {
			row.Messages++
		}
	}
	if c.Root >= 0 {
		first = c.Root
	}
	if first >= 0 {
		row.Source = c.Hops[first].Source()
		row.Method = r.methodOf(c, &c.Hops[first])
		if from, to, ok := c.FromTo(&c.Hops[first]); ok {
			row.From, row.To = r.namesIn(from, to)
		} else {
			m := &r.message
			m.Parse(c.Data(&c.Hops[first]))
			row.From = partyName(m.From())
			to := m.To()
			row.To = partyName(to)
			if to.URI.Raw == nil && m.IsRequest() {
				row.To = uriPart(m.RequestURI())
			}
		}
	}
	if c.Redirected >= 0 {
		r.message.Parse(c.Data(&c.Hops[c.Redirected]))
		if row.RedirectedTo = uriPart(r.message.RequestURI()); row.RedirectedTo == row.To {
			row.RedirectedTo = explain.Shown(r.message.RequestURI().Raw, longestName) // the same user at another place
		}
	}
	switch {
	case r.WithoutCallID:
	case c.MaskedCallID:
		row.CallID = Hidden
		if len(c.FirstCallID()) == 0 {
			row.CallID = ""
		}
	default:
		row.CallID = explain.Shown(c.FirstCallID(), 200)
	}
	return row
}

// methodOf names the method of a message. One that no RFC has is in the message itself.
func (r *Rower) methodOf(c *callflow.Call, h *callflow.Hop) string {
	if h.Method != sip.MethodOther {
		return h.Method.String()
	}
	r.message.Parse(c.Data(h))
	return explain.Shown(r.message.MethodName(), 40)
}

// longestName is how many characters of a name a row shows.
const longestName = 60

// namesIn names the addresses in two values, of From and To.
func (r *Rower) namesIn(from, to []byte) (string, string) {
	// What UserOf finds may be shown as it is. Both names share their memory.
	a, b := sip.UserOf(from), sip.UserOf(to)
	if a == nil || b == nil || len(a) > longestName || len(b) > longestName {
		return nameIn(from, a), nameIn(to, b)
	}
	r.names = append(append(r.names[:0], a...), b...)
	s := string(r.names)
	return s[:len(a)], s[len(a):]
}

// nameIn names the address in a value of which UserOf has found that user.
func nameIn(v, user []byte) string {
	if user != nil {
		return explain.Shown(user, longestName)
	}
	return partyName(sip.ParseAddress(v))
}

// partyName names an address in a list: its user part; where there is none, its host.
func partyName(a sip.Address) string { return uriPart(a.URI) }

func uriPart(u sip.URI) string {
	switch {
	case u.Masked:
		return Hidden
	case len(u.User) > 0:
		return explain.Shown(sip.Unescape(u.User), longestName)
	case len(u.Host) > 0:
		return explain.Shown(u.Host, longestName)
	}
	return explain.Shown(u.Raw, longestName)
}

// AppendDuration appends a time in the list's form: "16 s", "0.4 s", "<1 s", "1:05:00"; nothing if it is not known.
func AppendDuration(dst []byte, d, precision time.Duration) []byte {
	if d < 0 {
		return dst
	}
	s := int64((d + time.Second/2) / time.Second)
	switch {
	case d == 0 && precision >= time.Second:
		return append(dst, "<1 s"...) // the story says "less than a second"
	case d < time.Minute-50*time.Millisecond && precision < time.Second: // 59.96 is no "60.0 s"
		dst = strconv.AppendFloat(dst, d.Seconds(), 'f', 1, 64)
		return append(dst, " s"...)
	case s < 60:
		dst = strconv.AppendInt(dst, s, 10)
		return append(dst, " s"...)
	}
	two := func(n int64) {
		dst = append(dst, byte('0'+n/10%10), byte('0'+n%10))
	}
	if s >= 3600 {
		dst = strconv.AppendInt(dst, s/3600, 10)
		dst = append(dst, ':')
		two(s / 60 % 60)
	} else {
		dst = strconv.AppendInt(dst, s/60, 10)
	}
	dst = append(dst, ':')
	two(s % 60)
	return dst
}

// AppendSeconds appends a time as a decimal number of seconds, exactly: "16", "6.988".
func AppendSeconds(dst []byte, d time.Duration) []byte {
	if d < 0 {
		dst, d = append(dst, '-'), -d
	}
	dst = strconv.AppendInt(dst, int64(d/time.Second), 10)
	if frac := int64(d % time.Second); frac != 0 {
		var digits [10]byte
		b := strconv.AppendInt(digits[:0], frac+int64(time.Second), 10)[1:]
		for b[len(b)-1] == '0' {
			b = b[:len(b)-1]
		}
		dst = append(append(dst, '.'), b...)
	}
	return dst
}
