package workload

import "crypto/md5"

// digest computes the response to a challenge without qop, as the servers of the time sent it.
type digest struct{ buf []byte }

// response returns KD(H(A1), nonce:H(A2)) in hexadecimal: RFC 2617 §3.2.2.1 with no "qop" directive, algorithm MD5.
func (d *digest) response(user, nonce, method, uri string) [32]byte {
	d.buf = append(append(append(d.buf[:0], user...), ":"+realm+":"...), Password(user)...)
	a1 := hexMD5(d.buf)
	d.buf = append(append(append(d.buf[:0], method...), ':'), uri...)
	a2 := hexMD5(d.buf)
	d.buf = append(append(append(d.buf[:0], a1[:]...), ':'), nonce...)
	d.buf = append(append(d.buf, ':'), a2[:]...)
	return hexMD5(d.buf)
}

func hexMD5(b []byte) [32]byte {
	const digits = "0123456789abcdef"
	var out [32]byte
	for i, x := range md5.Sum(b) {
		out[2*i], out[2*i+1] = digits[x>>4], digits[x&15]
	}
	return out
}
