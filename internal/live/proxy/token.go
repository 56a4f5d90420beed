package proxy

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/live"
)

// A token stands in the user part of our Record-Route value and comes back in the Route of every request of the dialog. It says where the other
// side is: the flow by which the proxy reaches it (RFC 5626 §5.2, "flow token"). So a request of a dialog gets to a phone behind a NAT, whatever its
// Contact says; and whoever has a token gets nowhere else with it, so that it may stand for credentials.
//
//	base64url(  MAC, 12 bytes  |  encrypted: transport and listener, hour, port, address, connection  )
//
// The MAC is over the Call-ID, too, and is what the encryption begins with: without our key nobody learns from it where the other side is. It is good for
// two days; a call that lasts longer is asked for credentials when it is changed.
const (
	tokenMAC   = 12
	tokenHours = 48
	maxToken   = 128
)

// seal returns the token of a flow for the requests of a call.
func (p *Proxy) seal(now time.Time, callID []byte, f live.Flow) string {
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
	copy(b, p.tokenSum(callID, b[tokenMAC:]))
	p.tokenStream(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// open returns the flow of a token, and false if it is none of ours, of another call, or too old.
func (p *Proxy) open(now time.Time, callID, token []byte) (live.Flow, bool) {
	var f live.Flow
	if len(token) == 0 || len(token) > maxToken {
		return f, false
	}
	b := make([]byte, base64.RawURLEncoding.DecodedLen(len(token)))
	n, err := base64.RawURLEncoding.Decode(b, token)
	if err != nil || n < tokenMAC+8+4 {
		return f, false
	}
	b = b[:n]
	p.tokenStream(b)
	if !hmac.Equal(p.tokenSum(callID, b[tokenMAC:]), b[:tokenMAC]) {
		return f, false
	}
	b = b[tokenMAC:]
	if age := now.Unix()/3600 - int64(binary.BigEndian.Uint32(b[2:])); age < -1 || age > tokenHours {
		return f, false
	}
	f.Transport = capture.Transport(b[0])
	listener, port, rest := int(b[1]), binary.BigEndian.Uint16(b[6:]), b[8:]
	size := 4
	if len(rest) >= 16 {
		size = 16
	}
	addr, ok := netip.AddrFromSlice(rest[:size])
	if !ok {
		return f, false
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
	return f, !p.isOwn(f)
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
func (p *Proxy) tokenSum(callID, content []byte) []byte {
	return p.mac([]byte("token\x00"), callID, []byte{0}, content)[:tokenMAC]
}

// tokenStream encrypts the content of a token, or decrypts it: the MAC before it is what the key stream begins with, so that no two contents have
// the same.
func (p *Proxy) tokenStream(b []byte) {
	var iv [aes.BlockSize]byte
	copy(iv[:], b[:tokenMAC])
	cipher.NewCTR(p.tokenCipher, iv[:]).XORKeyStream(b[tokenMAC:], b[tokenMAC:])
}
