package transaction

import (
	"strconv"

	"sipscribe/internal/live"
	"sipscribe/sip"
)

// appendHop appends the beginning of the request that follows an INVITE on its way to the next hop: what ACK (§17.1.1.3) and CANCEL
// (§9.1) have in common. A single Via, equal to the topmost of the INVITE; all of Route; Request-URI, From, Call-ID and the number of CSeq.
// Max-Forwards is that of the INVITE, which is as far as it has to go.
func appendHop(dst []byte, invite *sip.Message, method sip.Method, to []byte) []byte {
	dst = append(dst, method.String()...)
	dst = append(dst, ' ')
	dst = append(dst, invite.Text(invite.URISpan)...)
	dst = append(dst, " SIP/2.0\r\n"...)
	top, _ := topVia(invite)
	dst = appendRow(dst, sip.FieldVia, top)
	for _, f := range invite.Fields {
		if f.ID == sip.FieldRoute {
			dst = appendRow(dst, f.ID, invite.Text(f.Value))
		}
	}
	dst = appendRow(dst, sip.FieldFrom, invite.Value(sip.FieldFrom))
	dst = appendRow(dst, sip.FieldTo, to)
	dst = appendRow(dst, sip.FieldCallID, invite.CallID())
	dst = append(dst, "CSeq: "...)
	dst = strconv.AppendUint(dst, uint64(invite.CSeq().Number), 10)
	dst = append(dst, ' ')
	dst = append(dst, method.String()...)
	dst = append(dst, "\r\n"...)
	hops := invite.Value(sip.FieldMaxForwards)
	if len(hops) == 0 {
		hops = []byte("70")
	}
	return appendRow(dst, sip.FieldMaxForwards, hops)
}

// appendAck appends the ACK for a 3xx-6xx (§17.1.1.3). Its To is that of the response. Credentials are those of the INVITE: "UACs
// creating an ACK message will duplicate all of the Authorization and Proxy-Authorization header field values that appeared in the INVITE"
// (§22.1).
func appendAck(dst []byte, invite, response *sip.Message, fields []sip.DraftField) []byte {
	to := response.Value(sip.FieldTo)
	if len(to) == 0 {
		to = invite.Value(sip.FieldTo)
	}
	dst = appendHop(dst, invite, sip.MethodAck, to)
	for _, f := range invite.Fields {
		if f.ID == sip.FieldAuthorization || f.ID == sip.FieldProxyAuthorization {
			dst = appendRow(dst, f.ID, invite.Text(f.Value))
		}
	}
	return appendEnd(dst, fields)
}

func appendRow(dst []byte, id sip.FieldID, value []byte) []byte {
	dst = append(dst, id.String()...)
	dst = append(dst, ": "...)
	dst = live.AppendUnfolded(dst, value)
	return append(dst, "\r\n"...)
}

// appendEnd appends the user's fields and closes a header without a body.
func appendEnd(dst []byte, fields []sip.DraftField) []byte {
	for _, f := range fields {
		dst = live.AppendUnfolded(dst, []byte(f.Name))
		dst = append(dst, ": "...)
		dst = live.AppendUnfolded(dst, []byte(f.Value))
		dst = append(dst, "\r\n"...)
	}
	return append(dst, "Content-Length: 0\r\n\r\n"...)
}
