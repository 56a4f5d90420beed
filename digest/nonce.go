package digest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"hash"
)

// Key signs nonces. Every node that shall check them has it.
type Key struct {
	ID     uint8
	Secret []byte // at least 16 bytes, better 32, from a random source
}

// A nonce is 21 bytes, 28 characters of base64url (no padding, no spare bits, so that there is one way to write it):
//
//	 0    1      3                   9      11            21
//	┌────┬──────┬───────────────────┬──────┬─────────────┐
//	│ key│ node │ stamp             │ bind │ MAC         │
//	└────┴──────┴───────────────────┴──────┴─────────────┘
//
// stamp is the time of issue in microseconds, modulo 2^48 (nine years); a node issues no stamp twice, which makes it number and time in one.
// bind is a keyed hash of stamp, method, Request-URI and source of the request that was challenged, for clients without qop. MAC is
// HMAC-SHA-256 over what stands before it and the realm, cut to 80 bits to keep challenges small: each guess at it is a request, and has to
// come with the right password. There is nothing random in a nonce: what cannot be computed cannot be guessed.
const (
	nonceBody   = 11
	nonceSize   = 21
	nonceLength = 28
	stampBits   = 48
)

// mint is a key made ready.
type mint struct {
	id   uint8
	mac  hash.Hash
	bind [sha256.Size]byte // the key of bind
}

func newMint(k Key) mint {
	m := mint{id: k.ID, mac: hmac.New(sha256.New, k.Secret)}
	m.mac.Write([]byte("sipscribe nonce bind"))
	m.mac.Sum(m.bind[:0])
	return m
}

// nonce is what a nonce says.
type nonce struct {
	node  uint16
	stamp uint64 // all of it
	bind  [2]byte
}

// sealer writes and opens nonces of a realm. Its storage is its own, so that neither allocates.
type sealer struct {
	realm string
	mints []mint // the first one signs
	macs  uint64
	raw   [nonceSize]byte
	sum   [sha256.Size]byte
	buf   []byte
}

func (s *sealer) seal(m *mint, body []byte) []byte {
	s.macs++
	m.mac.Reset()
	s.buf = append(append(s.buf[:0], body...), s.realm...)
	m.mac.Write(s.buf)
	return m.mac.Sum(s.sum[:0])[:nonceSize-nonceBody]
}

// append appends a nonce.
func (s *sealer) append(dst []byte, n nonce, r *Request) []byte {
	m := &s.mints[0]
	var stamp [8]byte
	binary.BigEndian.PutUint64(stamp[:], n.stamp)
	raw := s.raw[:nonceBody]
	raw[0] = m.id
	binary.BigEndian.PutUint16(raw[1:], n.node)
	copy(raw[3:9], stamp[2:])
	n.bind = s.binding(m, n.stamp, r)
	copy(raw[9:], n.bind[:])
	copy(s.raw[nonceBody:], s.seal(m, raw))
	return base64.RawURLEncoding.AppendEncode(dst, s.raw[:])
}

// binding is the hash by which a nonce is bound to the request that it was issued for.
func (s *sealer) binding(m *mint, stamp uint64, r *Request) [2]byte {
	s.macs++
	s.buf = append(s.buf[:0], m.bind[:]...)
	s.buf = binary.BigEndian.AppendUint64(s.buf, stamp)
	source := r.Source.Unmap().As16()
	s.buf = append(s.buf, source[:]...)
	s.buf = append(append(s.buf, r.Method...), 0)
	s.buf = append(s.buf, r.URI...)
	sum := sha256.Sum256(s.buf)
	return [2]byte(sum[:2])
}

// open reads a nonce. Its stamp is taken as the one that is nearest to now. m is the key that it was signed with; nil if it was not.
func (s *sealer) open(text string, now uint64) (n nonce, m *mint) {
	if len(text) != nonceLength {
		return n, nil
	}
	s.buf = append(s.buf[:0], text...)
	if size, err := base64.RawURLEncoding.Decode(s.raw[:], s.buf); err != nil || size != nonceSize {
		return n, nil
	}
	for i := range s.mints {
		if s.mints[i].id == s.raw[0] {
			m = &s.mints[i]
		}
	}
	if m == nil || subtle.ConstantTimeCompare(s.seal(m, s.raw[:nonceBody]), s.raw[nonceBody:]) != 1 {
		return n, nil
	}
	n.node = binary.BigEndian.Uint16(s.raw[1:])
	low := uint64(binary.BigEndian.Uint16(s.raw[3:]))<<32 | uint64(binary.BigEndian.Uint32(s.raw[5:]))
	// The difference to now, as a signed number of 48 bits.
	n.stamp = now + uint64(int64((low-now)<<(64-stampBits))>>(64-stampBits))
	n.bind = [2]byte(s.raw[9:])
	return n, m
}
