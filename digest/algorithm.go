package digest

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"strings"
)

// Algorithm is a value of the parameter algorithm (RFC 7616 §3.3, RFC 8760 §2.7).
type Algorithm uint8

const (
	// AlgorithmUnnamed: the parameter is not there, which means MD5 (RFC 7616 §3.3). An answer does not name it either.
	AlgorithmUnnamed Algorithm = iota
	MD5
	MD5Sess
	SHA256
	SHA256Sess
	SHA512256 // SHA-512/256 of FIPS 180-4: its own initial values, not the first half of SHA-512
	SHA512256Sess
	// AlgorithmUnknown is a token that is none of these. Nothing can be computed with it.
	AlgorithmUnknown
)

var algorithmNames = [...]string{
	AlgorithmUnnamed: "", MD5: "MD5", MD5Sess: "MD5-sess", SHA256: "SHA-256", SHA256Sess: "SHA-256-sess",
	SHA512256: "SHA-512-256", SHA512256Sess: "SHA-512-256-sess", AlgorithmUnknown: "unknown",
}

// String returns the algorithm as it is written on the wire; "" for AlgorithmUnnamed.
func (a Algorithm) String() string {
	if int(a) < len(algorithmNames) {
		return algorithmNames[a]
	}
	return algorithmNames[AlgorithmUnknown]
}

// ParseAlgorithm reads a token, in any case (RFC 3261 §7.3.1: tokens are case-insensitive).
func ParseAlgorithm(token string) Algorithm {
	for a := MD5; a < AlgorithmUnknown; a++ {
		if strings.EqualFold(token, algorithmNames[a]) {
			return a
		}
	}
	return AlgorithmUnknown
}

// Known reports whether answers can be computed with the algorithm.
func (a Algorithm) Known() bool { return a < AlgorithmUnknown }

// Session reports whether it is a "-sess" variant, whose A1 has the nonces in it (RFC 7616 §3.4.2).
func (a Algorithm) Session() bool { return a == MD5Sess || a == SHA256Sess || a == SHA512256Sess }

// Hash returns the algorithm without "-sess", and MD5 for AlgorithmUnnamed: the one in which HA1 is kept.
func (a Algorithm) Hash() Algorithm {
	switch a {
	case AlgorithmUnnamed, MD5Sess:
		return MD5
	case SHA256Sess:
		return SHA256
	case SHA512256Sess:
		return SHA512256
	}
	return a
}

// HexLen returns the number of hexadecimal digits of a digest (RFC 8760 §2.2): 32 or 64; 0 for AlgorithmUnknown.
func (a Algorithm) HexLen() int {
	switch a.Hash() {
	case MD5:
		return 2 * md5.Size
	case SHA256, SHA512256:
		return 2 * sha256.Size
	}
	return 0
}

// maxHexLen is the largest of HexLen.
const maxHexLen = 2 * sha256.Size

// appendHash appends H(data) in lower-case hexadecimal digits (RFC 8760 §2.2). data may share its storage with dst.
func (a Algorithm) appendHash(dst, data []byte) []byte {
	switch a.Hash() {
	case MD5:
		sum := md5.Sum(data)
		return hex.AppendEncode(dst, sum[:])
	case SHA256:
		sum := sha256.Sum256(data)
		return hex.AppendEncode(dst, sum[:])
	case SHA512256:
		sum := sha512.Sum512_256(data)
		return hex.AppendEncode(dst, sum[:])
	}
	return dst
}
