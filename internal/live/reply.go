package live

import (
	"bytes"
	"net/netip"
	"strconv"

	"sipscribe/internal/capture"
	"sipscribe/sip"
)

// AppendVia appends the topmost Via value of a request as the server that received it over from has to write it: received and rport are
// those of the packet (RFC 3261 §18.2.1, RFC 3581 §4). received is always there, which those sections want only if it differs from
// sent-by or rport is asked for: whoever reads the message learns from it which way the message came. What a client had put there is
// never believed.
func AppendVia(dst []byte, m *sip.Message, from Flow) []byte {
	for s := range m.Values(sip.FieldVia) {
		value := m.Text(s)
		v := sip.ParseVia(value)
		raw := v.Params.Raw()
		head := value
		if len(raw) > 0 {
			head = bytes.TrimRight(value[:len(value)-len(raw)], " \t\r\n") // the parameters are the end of the value
		}
		dst = AppendUnfolded(dst, head)
		rport := false
		for p := range v.Params.All {
			switch {
			case bytes.EqualFold(p.Name, []byte("received")):
				continue
			case bytes.EqualFold(p.Name, []byte("rport")):
				rport = true
				continue
			}
			dst = append(dst, ';')
			dst = append(dst, p.Name...)
			if p.HasValue {
				dst = append(dst, '=')
				dst = AppendUnfolded(dst, p.Value)
			}
		}
		dst = append(dst, ";received="...)
		dst = from.Remote.Addr().Unmap().WithZone("").AppendTo(dst)
		if rport {
			dst = append(dst, ";rport="...)
			dst = strconv.AppendUint(dst, uint64(from.Remote.Port()), 10)
		}
		break
	}
	return dst
}

// ReplyFlow returns where the responses to a request go that came over from (RFC 3261 §18.2.2, RFC 3581 §4): back over the
// connection; for datagrams to the address that the request came from, at the port that it came from if the client asked for that
// (rport), else at the port of its sent-by. A maddr is not obeyed, on purpose against §18.2.2: it lets anybody aim our responses.
func ReplyFlow(m *sip.Message, from Flow) Flow {
	if from.Transport != capture.UDP {
		return from
	}
	v, ok := m.TopVia()
	if !ok || v.Params.Has("rport") {
		return from
	}
	port := v.Port
	if port == 0 {
		port = 5060
	}
	from.Remote = netip.AddrPortFrom(from.Remote.Addr(), port)
	return from
}

// A Reply is a response to be written, without what it copies from its request.
type Reply struct {
	Status int
	Reason string // "": the phrase of the RFCs
	// ToTag is put on To if the request has none there (RFC 3261 §8.2.6.2); "" for none, as in a 100.
	ToTag string
	// Fields go behind those that are copied.
	Fields []sip.DraftField
	Body   []byte // with its Content-Type among Fields
}

// AppendReply appends the response to a request (RFC 3261 §8.2.6.2): its Via with what the server learned of the way, From, To, Call-ID
// and CSeq as they came; Record-Route in what may make a dialog (§12.1.1); and Timestamp in a 100 (§8.2.6.1). What the copied
// values hold of line ends is written as blanks.
func AppendReply(dst []byte, m *sip.Message, from Flow, r *Reply) []byte {
	dst = append(dst, "SIP/2.0 "...)
	dst = strconv.AppendInt(dst, int64(r.Status), 10)
	dst = append(dst, ' ')
	reason := r.Reason
	if reason == "" {
		reason = sip.ReasonPhrase(r.Status)
	}
	dst = AppendUnfolded(dst, []byte(reason))
	dst = append(dst, "\r\n"...)

	first := true
	for s := range m.Values(sip.FieldVia) {
		dst = append(dst, "Via: "...)
		if first {
			dst = AppendVia(dst, m, from)
		} else {
			dst = AppendUnfolded(dst, m.Text(s))
		}
		first = false
		dst = append(dst, "\r\n"...)
	}
	dialog := r.Status > 100 && r.Status < 300
	var seen uint8 // of the fields that a message has once: a request that has one twice is refused (§7.3.1), by an answer that has not
	for i := range m.Fields {
		f := &m.Fields[i]
		bit := uint8(0)
		switch f.ID {
		case sip.FieldRecordRoute:
			if !dialog {
				continue
			}
		case sip.FieldTimestamp:
			if r.Status != 100 {
				continue
			}
		case sip.FieldFrom:
			bit = 1
		case sip.FieldTo:
			bit = 2
		case sip.FieldCallID:
			bit = 4
		case sip.FieldCSeq:
			bit = 8
		default:
			continue
		}
		if seen&bit != 0 {
			continue
		}
		seen |= bit
		dst = append(dst, f.ID.String()...)
		dst = append(dst, ": "...)
		if f.ID == sip.FieldTo && r.ToTag != "" && len(m.ToTag()) == 0 {
			dst = appendTagged(dst, m.Text(f.Value), r.ToTag)
		} else {
			dst = AppendUnfolded(dst, m.Text(f.Value))
		}
		dst = append(dst, "\r\n"...)
	}
	for _, f := range r.Fields {
		dst = append(dst, f.Name...)
		dst = append(dst, ": "...)
		dst = AppendUnfolded(dst, []byte(f.Value))
		dst = append(dst, "\r\n"...)
	}
	dst = append(dst, "Content-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(r.Body)), 10)
	dst = append(dst, "\r\n\r\n"...)
	return append(dst, r.Body...)
}

// AppendUnfolded appends a value with each run of line ends and the white space behind it as one blank (RFC 3261 §7.3.1).
func AppendUnfolded(dst, v []byte) []byte {
	for i := 0; i < len(v); i++ {
		c := v[i]
		if c != '\r' && c != '\n' {
			dst = append(dst, c)
			continue
		}
		for i+1 < len(v) && (v[i+1] == '\r' || v[i+1] == '\n' || v[i+1] == ' ' || v[i+1] == '\t') {
			i++
		}
		dst = append(dst, ' ')
	}
	return dst
}

// appendTagged appends the value of To with a tag, in place of one that is empty.
func appendTagged(dst, value []byte, tag string) []byte {
	a := sip.ParseAddress(value)
	if a.Params.Has("tag") {
		raw := a.Params.Raw()
		dst = AppendUnfolded(dst, bytes.TrimRight(value[:len(value)-len(raw)], " \t\r\n"))
		for p := range a.Params.All {
			if bytes.EqualFold(p.Name, []byte("tag")) {
				continue
			}
			dst = append(append(dst, ';'), p.Name...)
			if p.HasValue {
				dst = AppendUnfolded(append(dst, '='), p.Value)
			}
		}
	} else {
		dst = AppendUnfolded(dst, value)
	}
	return append(append(dst, ";tag="...), tag...)
}
