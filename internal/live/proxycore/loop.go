package proxycore

import (
	"bytes"

	"sipscribe/sip"
)

// A branch of ours has two parts (RFC 5393 §4.2.1): that which is unique, and one that is the same whenever the same request comes by again.
//
//	z9hG4bK3f0c…e1-9d4c02b7a15e66f0
//	└──────┬──────┘ └──────┬───────┘
//	  Forward.Branch     loopHash, in hexadecimal
const loopDigits = 16

// fnv is a hash of 64 bits (FNV-1a). It need not withstand an attacker: who finds two requests of one hash gets his own refused
// (RFC 5393 §4.2.4).
type fnv uint64

const fnvStart fnv = 14695981039346656037

func (h *fnv) write(b []byte) {
	x := *h
	for _, c := range b {
		x = (x ^ fnv(c)) * 1099511628211
	}
	// What ends here: "ab", "c" is not "a", "bc".
	*h = (x ^ 0xff) * 1099511628211
}

// loopHash is the second part: it varies with all that decides where this request goes, which is the Request-URI as received and the Route
// values, and with the transaction, so that two hashes that are equal by chance do not go on being so (RFC 5393 §4.2.4). It does not
// vary with the method, since CANCEL and ACK have the branch of their INVITE. Credentials are not in it, against RFC 3261 §16.6 step 8:
// where the request goes does not hang on them, and those for our realm are gone from a request that comes back.
func loopHash(m *sip.Message) fnv {
	h := fnvStart
	h.write(m.Text(m.URISpan))
	for _, f := range m.Fields {
		switch f.ID {
		case sip.FieldRoute, sip.FieldProxyRequire, sip.FieldCallID:
			h.write(m.Text(f.Value))
		}
	}
	h.write(m.FromTag())
	h.write(m.ToTag())
	number := m.Value(sip.FieldCSeq)
	if i := bytes.IndexAny(number, " \t\r\n"); i >= 0 {
		number = number[:i]
	}
	h.write(number)
	return h
}

func appendHex(dst []byte, h fnv) []byte {
	for i := loopDigits - 1; i >= 0; i-- {
		dst = append(dst, "0123456789abcdef"[h>>(4*i)&15])
	}
	return dst
}

// looped reports whether this very request has been here before (RFC 5393 §4.2.2): a Via of ours has in its branch the hash that the request has
// now. A request that comes back otherwise is a spiral, and goes on.
func (c *Core) looped(m *sip.Message) bool {
	var want [loopDigits]byte
	computed := false
	for s := range m.Values(sip.FieldVia) {
		v := sip.ParseVia(m.Text(s))
		b := v.Branch()
		if len(b) < len(sip.MagicCookie)+1+loopDigits || b[len(b)-loopDigits-1] != '-' || !c.IsOurVia(&v) {
			continue
		}
		if !computed {
			appendHex(want[:0], loopHash(m))
			computed = true
		}
		if bytes.Equal(b[len(b)-loopDigits:], want[:]) {
			return true
		}
	}
	return false
}

// AppendStatelessBranch appends the unique part of the branch of a request that is forwarded without a transaction (§16.11), as an ACK for
// a 2xx is: the same for each retransmission.
func AppendStatelessBranch(dst []byte, m *sip.Message) []byte {
	dst = append(dst, sip.MagicCookie...)
	h, g := fnvStart, fnvStart^0x5bd1e995
	v, _ := m.TopVia()
	if b := v.Branch(); len(b) > len(sip.MagicCookie) && bytes.HasPrefix(b, []byte(sip.MagicCookie)) {
		h.write(b)
		g.write(b)
		h.write(v.Host) // two clients may have drawn one branch
		g.write(v.PortText)
	} else {
		for s := range m.Values(sip.FieldVia) {
			h.write(m.Text(s))
			g.write(m.Text(s))
			break
		}
	}
	x := loopHash(m)
	h ^= x
	g = (g ^ x>>32) * 1099511628211
	return appendHex(appendHex(dst, h), g)
}
