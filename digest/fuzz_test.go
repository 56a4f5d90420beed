package digest

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// FuzzParse: what is read from a value, written and read again, is the same; what is written stays within its line and its length.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`Digest realm="asterisk", nonce="2165bad6"`,
		"Digest realm=”asterisk”, nonce=”2165bad6″",
		`Digest realm="a\"b\\c",nonce="n",opaque="",qop="auth,auth-int,foo",stale=TRUE,algorithm=sha-512-256-SESS,domain="sip:a sip:b"`,
		`Digest username="spa1",realm="asterisk",nonce="2165bad6",uri="sip:1@h;p?q",algorithm=MD5,response="58216bf1423c4d1d124c0151dee08279"`,
		`Digest username="bob",realm="r",nonce="n",uri="sip:b@h",qop=auth,nc=00000001,cnonce="0a4f113b",response="6629fae49393a05397450978507c4ef1",opaque="o"`,
		"digest \r\n realm=x,, ,nonce=\"\t\"", "Basic Zm9v", "Digest", `nextnonce="47364c23432d2e131a5fb210812c",qop=auth,rspauth="00",cnonce="c",nc=0000000a`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		written := func(b []byte) {
			if bytes.ContainsAny(b, "\r\n\x00") {
				t.Fatalf("%q would leave its line", b)
			}
			if len(b) > 2*len(in)+80 {
				t.Fatalf("%d bytes became %d", len(in), len(b))
			}
		}
		if c, err := ParseChallenge(in); err == nil {
			b := c.AppendTo(nil)
			written(b)
			c.QOP &^= QOPOther
			if c.Algorithm == AlgorithmUnknown {
				return
			}
			if back, err := ParseChallenge(b); err != nil || back != c {
				t.Fatalf("%q: %+v, written %q: %+v, %v", in, c, b, back, err)
			}
		} else {
			known(t, in, err)
		}
		if c, err := ParseCredentials(in); err == nil {
			b := c.AppendTo(nil)
			written(b)
			if c.Algorithm == AlgorithmUnknown || c.QOP == QOPOther || c.QOP == 0 && c.NC != 0 {
				return
			}
			if back, err := ParseCredentials(b); err != nil || back != c {
				t.Fatalf("%q: %+v, written %q: %+v, %v", in, c, b, back, err)
			}
		} else {
			known(t, in, err)
		}
		if i, err := ParseAuthenticationInfo(in); err == nil {
			b := i.AppendTo(nil)
			written(b)
			if i.QOP != QOPAuth && i.QOP != QOPAuthInt {
				return
			}
			if back, err := ParseAuthenticationInfo(b); err != nil || back != i {
				t.Fatalf("%q: %+v, written %q: %+v, %v", in, i, b, back, err)
			}
		} else {
			known(t, in, err)
		}
	})
}

// known holds an error to its kinds, and its offset within the input.
func known(t *testing.T, in []byte, err error) {
	var syntax *SyntaxError
	var scheme *SchemeError
	switch {
	case errors.As(err, &scheme):
		if strings.EqualFold(scheme.Scheme, "Digest") {
			t.Fatalf("%q: %v", in, err)
		}
	case !errors.As(err, &syntax):
		t.Fatalf("%q: an error of no kind: %v", in, err)
	case syntax.Offset < 0 || syntax.Offset > len(in):
		t.Fatalf("%q: %v, offset %d of %d", in, err, syntax.Offset, len(in))
	}
}
