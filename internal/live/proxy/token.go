package proxy

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
	"sipscribe/sip"
)

// A token stands in the user part of our Record-Route value and comes back in the Route of every request of the dialog. It says where the other
// side is: the flow by which the proxy reaches it (RFC 5626 §5.2, "flow token"). So a request of a dialog gets to a phone behind a NAT, whatever its
// Contact says; and whoever has a token gets nowhere else with it, so that it may stand for credentials.
//
//	base64url(  MAC, 12 bytes  |  encrypted: transport and listener, hour, port, address, connection  )
//
// The MAC is over the Call-ID, too, and is what the encryption begins with: without our key nobody learns from it where the other side is. It is good for
// two days; a call that lasts longer is asked for credentials when it is changed.
//
// For a caller, and for a phone of ours that is called, the MAC is also over the tag of the other side and the user in From, which stay what they are in a dialog (RFC 3261 §12.2.1.1): what
// comes with tags that a telephone does not know it may show as something new, and nobody is to call as another by a token. It is not for a caller who is trusted, nor for
// somebody else who is called: what stands between them and us may write addresses anew, and they have no credentials to show instead.
//
// Where the other side is a gateway that we have an account with, the content has a mark of it at its end and one of the Contact that it gave, and the MAC is over
// both tags: what the gateway asks of a re-INVITE or a BYE the proxy answers, since nobody else can. A gateway may take a request with
// tags that it does not know for a new call (RFC 3261 §12.2.2), so that the tags alone do not hold whoever has the token to one dialog: the Request-URI must call whom that Contact does, and
// who may make no calls can make none with a token (callsNobody).
const (
	tokenMAC   = 12
	tokenHours = 48
	maxToken   = 128

	// In the byte of the transport tokenGateway is set if there is the mark of a gateway, tokenBound if the token is for one tag of the other side and one user in From.
	tokenGateway = 0x80
	tokenBound   = 0x40
	gatewayMark  = 4
	targetMark   = 8
)

// dialogOf is what a token is good for: a call, and of it one dialog. from and to are its tags as in the requests that bring the token, user is that of their From; target is the URI of the
// other side: its Contact where the token is made, the Request-URI where it comes back (§12.2.1.1). Without to a token is good for any dialog of the call.
type dialogOf struct{ callID, from, to, user, target []byte }

// within returns the dialog that a request names, with its Request-URI as it goes on.
func within(m *sip.Message, target []byte) dialogOf {
	from := m.From()
	return dialogOf{m.CallID(), m.FromTag(), m.ToTag(), sip.Unescape(from.URI.User), target}
}

// way is what a token says.
type way struct {
	flow    live.Flow
	gateway *gateway // at its end, where we have an account; nil: there is none
	target  bool     // the Request-URI calls whom the Contact does that the gateway gave when the dialog began
}

// seal returns the token of a flow for the requests of a call. g is the gateway at its end that has an account for us; nil: there is none.
func (p *Proxy) seal(now time.Time, d dialogOf, f live.Flow, g *gateway) string {
	b := make([]byte, tokenMAC, 64)
	listener := byte(0xff)
	for i, l := range p.cfg.Listeners {
		if l.Transport == f.Transport && (l.Addr == f.Local || l.Addr.Addr().IsUnspecified() && l.Addr.Port() == f.Local.Port()) {
			listener = byte(i)
		}
	}
	b = append(b, byte(f.Transport), listener)
	b = binary.BigEndian.AppendUint32(b, uint32(now.Unix()/3600))
	b = binary.BigEndian.AppendUint16(b, f.Remote.Port())
	addr := f.Remote.Addr().Unmap()
	b = append(b, addr.AsSlice()...)
	if f.Conn != 0 {
		b = binary.BigEndian.AppendUint64(b, f.Conn)
	}
	if g != nil {
		b[tokenMAC] |= tokenGateway
		b = append(b, g.mark[:]...)
		b = append(b, p.markOf(d.target)...)
	} else if len(d.to) > 0 {
		b[tokenMAC] |= tokenBound
	}
	copy(b, p.tokenSum(d, b[tokenMAC:]))
	p.tokenStream(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// markOf returns the mark of the target of a dialog: of whom a gateway calls for it, which is the user part. What else is in a Contact may be another one in the Request-URI of an honest
// caller: a gateway's other machine after a target refresh, what a NAT has written, a telephone's own way to write a transport or a port. Where there is no user all of it counts, but for
// its writing (§19.1.4): some gateways take for the number what stands in its place. Without our key nobody can look for another URI that has the same.
func (p *Proxy) markOf(target []byte) []byte {
	uri := sip.ParseURI(target)
	if uri.IsSIP() && len(uri.User) > 0 {
		return p.mac([]byte("target user\x00"), sip.Unescape(uri.User))[:targetMark]
	}
	uri = sip.ParseURI(uri.AppendRequestURI(nil))
	return p.mac([]byte("target\x00"), uri.AppendComparable(nil))[:targetMark]
}

// open returns what a token says; and false if it is none of ours, of another call or dialog, or too old.
func (p *Proxy) open(now time.Time, d dialogOf, token []byte) (way, bool) {
	var w way
	if len(token) == 0 || len(token) > maxToken {
		return w, false
	}
	b := make([]byte, base64.RawURLEncoding.DecodedLen(len(token)))
	n, err := base64.RawURLEncoding.Decode(b, token)
	if err != nil || n < tokenMAC+8+4 {
		return w, false
	}
	b = b[:n]
	p.tokenStream(b)
	if !hmac.Equal(p.tokenSum(d, b[tokenMAC:]), b[:tokenMAC]) {
		return w, false
	}
	b = b[tokenMAC:]
	if age := now.Unix()/3600 - int64(binary.BigEndian.Uint32(b[2:])); age < -1 || age > tokenHours {
		return w, false
	}
	if b[0]&tokenGateway != 0 {
		end := len(b) - gatewayMark - targetMark
		w.target = len(d.target) > 0 && hmac.Equal(p.markOf(d.target), b[end+gatewayMark:])
		for _, known := range p.gateways {
			if known.session != nil && bytes.Equal(known.mark[:], b[end:end+gatewayMark]) {
				w.gateway = known // nil: it was taken out since
			}
		}
		b = b[:end]
	}
	b[0] &^= tokenGateway | tokenBound
	f := &w.flow
	f.Transport = capture.Transport(b[0])
	listener, port, rest := int(b[1]), binary.BigEndian.Uint16(b[6:]), b[8:]
	size := 4
	if len(rest) >= 16 {
		size = 16
	}
	addr, ok := netip.AddrFromSlice(rest[:size])
	if !ok {
		return w, false
	}
	f.Remote = netip.AddrPortFrom(addr, port)
	if rest = rest[size:]; len(rest) == 8 {
		f.Conn = binary.BigEndian.Uint64(rest)
	}
	if listener < len(p.cfg.Listeners) {
		if l := p.cfg.Listeners[listener]; l.Transport == f.Transport && !l.Addr.Addr().IsUnspecified() && f.Conn == 0 {
			f.Local = l.Addr
		}
	}
	return w, !p.isOwn(w.flow)
}

// isOwn reports whether a flow leads back to this proxy, as in a spiral.
func (p *Proxy) isOwn(f live.Flow) bool {
	for _, l := range p.cfg.Listeners {
		if l.Transport == f.Transport && l.Addr == f.Remote {
			return true
		}
	}
	return false
}

// tokenSum returns the MAC of a token's content.
func (p *Proxy) tokenSum(d dialogOf, content []byte) []byte {
	var name []byte
	var parts [3][]byte
	switch {
	case content[0]&tokenGateway != 0:
		name, parts = []byte("gateway token 2\x00"), [3][]byte{d.callID, d.from, d.to}
	case content[0]&tokenBound != 0:
		name, parts = []byte("bound token\x00"), [3][]byte{d.callID, d.to, d.user}
	default:
		return p.mac([]byte("token\x00"), d.callID, []byte{0}, content)[:tokenMAC]
	}
	// With their lengths, so that no other three are the same one after the other.
	var lengths [12]byte
	for i, s := range parts {
		binary.BigEndian.PutUint32(lengths[4*i:], uint32(len(s)))
	}
	return p.mac(name, lengths[:], parts[0], parts[1], parts[2], content)[:tokenMAC]
}

// tokenStream encrypts the content of a token, or decrypts it: the MAC before it is what the key stream begins with, so that no two contents have
// the same.
func (p *Proxy) tokenStream(b []byte) {
	var iv [aes.BlockSize]byte
	copy(iv[:], b[:tokenMAC])
	cipher.NewCTR(p.tokenCipher, iv[:]).XORKeyStream(b[tokenMAC:], b[tokenMAC:])
}
