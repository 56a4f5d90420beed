package transaction

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/maphash"
	"strings"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// The keys of the tables are the values that the RFC wants compared, written one behind the other so that two keys are equal only if
// each value is. They are Go strings in Go maps, whose hash is seeded for each map: nobody outside can find branches that collide. Nothing is
// found by a hash alone.

// longestKey bounds what a transaction keeps of a stranger's branch or Call-ID; what is longer is kept as its SHA-256.
const longestKey = 256

// appendMethod appends a method: its number, and the name of one that has none.
func appendMethod(dst []byte, method sip.Method, name []byte) []byte {
	dst = append(dst, byte(method))
	if method == sip.MethodOther {
		dst = appendPart(dst, name)
	}
	return dst
}

func appendPart(dst, b []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b)))
	return append(dst, b...)
}

// appendClientKey appends what a response is matched by: the method in its CSeq and the branch of its topmost Via (RFC 3261 §17.1.3).
func appendClientKey(dst []byte, method sip.Method, name, branch []byte) []byte {
	return append(appendMethod(dst, method, name), branch...)
}

// branchOf returns the branch in the key of a client.
func branchOf(key string) string {
	if sip.Method(key[0]) != sip.MethodOther {
		return key[1:]
	}
	n, k := binary.Uvarint([]byte(key[1:min(len(key), 1+binary.MaxVarintLen64)]))
	return key[1+k+int(n):]
}

// compliant reports whether a branch identifies the transaction. The cookie and nothing behind it identifies nothing, and is treated as
// no cookie (RFC 4475 §3.2.1 lets us choose).
func compliant(branch []byte) bool {
	return len(branch) > len(sip.MagicCookie) && string(branch[:len(sip.MagicCookie)]) == sip.MagicCookie
}

// appendServerKey appends what a request is matched by, as if its method were the given one: ACK and CANCEL are matched with the
// method of what they belong to (RFC 3261 §17.2.3, §9.2). toTag takes part only where the branch has no cookie. false: the request has
// no Via.
func appendServerKey(dst []byte, m *sip.Message, method sip.Method, toTag []byte) ([]byte, bool) {
	start := len(dst)
	top, ok := topVia(m)
	if !ok {
		return dst, false
	}
	via := sip.ParseVia(top)
	name := m.MethodName()
	if branch := via.Branch(); compliant(branch) {
		dst = append(dst, '3')
		dst = appendMethod(dst, method, name)
		dst = appendPart(dst, branch)
		for _, c := range via.Host { // names of hosts know no case (§7.3.1, §19.1.4)
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			dst = append(dst, c)
		}
		dst = binary.BigEndian.AppendUint16(dst, sentByPort(&via))
	} else {
		// RFC 2543: Request-URI, To tag, From tag, Call-ID, CSeq, topmost Via. They are compared byte by byte: what is sent again
		// is the same bytes.
		dst = append(dst, '2')
		dst = appendMethod(dst, method, name)
		dst = appendPart(dst, m.Text(m.URISpan))
		dst = appendPart(dst, toTag)
		dst = appendPart(dst, m.FromTag())
		dst = appendPart(dst, m.CallID())
		dst = binary.BigEndian.AppendUint32(dst, m.CSeq().Number)
		dst = append(dst, top...)
	}
	if len(dst)-start > longestKey {
		kind, sum := dst[start], sha256.Sum256(dst[start:])
		dst = append(append(dst[:start], kind|0x80), sum[:]...)
	}
	return dst, true
}

// isOld reports whether a key was made by the rules of RFC 2543.
func isOld(key string) bool { return key[0]&0x7f == '2' }

// topVia returns the first Via value as it stands.
func topVia(m *sip.Message) ([]byte, bool) {
	for s := range m.Values(sip.FieldVia) {
		return m.Text(s), true
	}
	return nil, false
}

// sentByPort returns the port of a Via, the default of the transport if it has none (§18.1.1).
func sentByPort(v *sip.Via) uint16 {
	switch {
	case v.Port != 0:
		return v.Port
	case live.TransportNamed(string(v.Transport)) == capture.TLS:
		return 5061
	}
	return 5060
}

// client finds the transaction of a response (§17.1.3).
func (l *Layer) client(m *sip.Message) *Client {
	top, ok := topVia(m)
	if !ok {
		return nil
	}
	via := sip.ParseVia(top)
	l.scratch = appendClientKey(l.scratch[:0], m.Method, m.MethodName(), via.Branch())
	return l.clients[string(l.scratch)]
}

// server finds the transaction of a request other than ACK (§17.2.3); with another method than its own, what a CANCEL is for (§9.2).
func (l *Layer) server(m *sip.Message, method sip.Method) *Server {
	key, ok := appendServerKey(l.scratch[:0], m, method, m.ToTag())
	l.scratch = key
	if !ok {
		return nil
	}
	return l.servers[string(key)]
}

// acknowledged finds the INVITE server transaction of an ACK (§17.2.3). With a cookie the branch does it. Without, the To tag is that of
// our response: the INVITE had the same one if it was sent within a dialog, else none.
func (l *Layer) acknowledged(m *sip.Message) *Server {
	s := l.server(m, sip.MethodInvite)
	if s == nil {
		key, ok := appendServerKey(l.scratch[:0], m, sip.MethodInvite, nil)
		l.scratch = key
		if !ok {
			return nil
		}
		s = l.servers[string(key)]
	}
	// RFC 6026 §6: by the old rules the ACK for a 2xx matches too, whose tag the layer knows as well.
	if s != nil && isOld(s.key) && s.tag != string(m.ToTag()) {
		return nil
	}
	return s
}

// merging returns what requests that were one before they forked have in common (§8.2.2.2), hashed with a seed that nobody knows; 0 for
// a request with a To tag, which nothing merges with. That two others have the same 64 bits is possible and happens once in 10^9 years.
func (l *Layer) merging(m *sip.Message) uint64 {
	if len(m.ToTag()) > 0 {
		return 0
	}
	cseq := m.CSeq()
	b := appendPart(l.scratch[:0], m.FromTag())
	b = appendPart(b, m.CallID())
	b = binary.BigEndian.AppendUint32(b, cseq.Number)
	b = append(b, cseq.MethodName...)
	l.scratch = b
	return max(1, maphash.Bytes(l.seed, b))
}

// Merged reports whether a request that came by User.Request is one that is being answered already and came another way (§8.2.2.2): it has no
// To tag, and From tag, Call-ID and CSeq of another transaction. It is asked before Accept.
func (l *Layer) Merged(m *sip.Message) bool {
	if m.Kind != sip.KindRequest || m.Method == sip.MethodAck || m.Method == sip.MethodCancel {
		return false
	}
	h := l.merging(m)
	return h != 0 && l.merges[h] > 0
}

// statusOf reads the status code of a response, 0 if it is none.
func statusOf(response []byte) int {
	const version = "SIP/2.0 "
	if len(response) < len(version)+3 || !strings.EqualFold(string(response[:len(version)]), version) {
		return 0
	}
	n := 0
	for _, c := range response[len(version) : len(version)+3] {
		if c < '0' || c > '9' {
			return 0
		}
		n = 10*n + int(c-'0')
	}
	return n
}
