package digest

import (
	"errors"
	"strings"
	"testing"
)

func TestCredentialsSyntax(t *testing.T) {
	const rest = `realm="r",nonce="n",uri="sip:a@b",response="00112233445566778899aabbccddeeff"`
	for _, c := range []struct {
		name, value string
		want        string // the username that is read
		err         string
	}{
		{"straight", `Digest username="spa1",` + rest, "spa1", ""},
		{"the scheme in another case, blanks everywhere", "  dIGEST \t username = \"spa1\" , " + rest + " ", "spa1", ""},
		{"folded", "Digest username=\"spa1\",\r\n\t" + rest, "spa1", ""},
		{"a token where a string should be", `Digest username=spa1,` + rest, "spa1", ""},
		{"quotes around tokens", `Digest username="spa1",algorithm="MD5",qop="auth",nc="00000001",cnonce=c,` + rest, "spa1", ""},
		{"empty elements", `Digest ,username="spa1",, ,` + rest + `,`, "spa1", ""},
		{"escapes", `Digest username="s\"p\\\a1",` + rest, `s"p\a1`, ""},
		{"UTF-8", `Digest username="Jäsøn",` + rest, "Jäsøn", ""},
		{"an unknown parameter, twice", `Digest username="spa1",x=1,x="2",` + rest, "spa1", ""},
		{"a comma and an equals sign inside quotes", `Digest username="a,nonce=b",` + rest, "a,nonce=b", ""},
		{"an empty username", `Digest username="",` + rest, "", ""},
		{"curly quotes", `Digest username=”spa1″,` + rest, "", `begins with '”' (a quotation mark of a word processor)`},
		{"no comma (RFC 3665 §2.1, F3)", `Digest username="spa1" ` + rest, "", "no comma between parameters at offset 23"},
		{"two usernames", `Digest username="spa1",USERNAME="root",` + rest, "", "a second USERNAME"},
		{"a quote that is not closed", `Digest ` + rest + `,username="spa1`, "", "not closed"},
		{"an escape at the end", `Digest ` + rest + `,username="spa1\`, "", "not closed"},
		{"a line end inside quotes", "Digest username=\"spa1\r\nContact: x\"," + rest, "", "the control character 0x0d in username"},
		{"an escaped line end", "Digest username=\"spa1\\\nContact: x\"," + rest, "", "the control character 0x0a in username"},
		{"a NUL", "Digest username=\"spa1\x00root\"," + rest, "", "the control character 0x00"},
		{"an escape sequence of a terminal", "Digest username=\"\x1b[2J\"," + rest, "", "the control character 0x1b"},
		{"a name without a value (CVE-2023-28098)", `Digest username,` + rest, "", `no "=" behind the parameter name "username"`},
		{"an empty value", `Digest username=,` + rest, "", `the value of username begins with ","`},
		{"nothing behind the equals sign", `Digest ` + rest + `,username=`, "", "username has no value"},
		{"no name", `Digest ="spa1",` + rest, "", `no parameter name but "="`},
		{"the uri without quotes", `Digest username="spa1",uri=sip:a@b`, "", "no comma between parameters"},
		{"no username", `Digest ` + rest, "", "no username"},
		{"nothing", `Digest `, "", "no username"},
		{"no blank behind the scheme", `Digest,` + rest, "", "no white space behind the scheme"},
		{"another scheme", `Basic abc`, "", `the scheme is "Basic", not Digest`},
		{"no scheme", ``, "", `the scheme is "", not Digest`},
		{"a username* (RFC 7616 §3.4)", `Digest username*=UTF-8''J%C3%A4s,` + rest, "", "username* was not asked for"},
		{"qop without nc", `Digest username="spa1",qop=auth,cnonce="c",` + rest, "", "a qop but no nc"},
		{"qop without cnonce", `Digest username="spa1",qop=auth,nc=00000001,` + rest, "", "a qop but no cnonce"},
		{"two qops", `Digest username="spa1",qop="auth,auth-int",nc=00000001,cnonce="c",` + rest, "", "several qops"},
		{"a short nc", `Digest username="spa1",qop=auth,nc=1,cnonce="c",` + rest, "", `nc is "1"`},
		{"an nc beyond 32 bits", `Digest username="spa1",qop=auth,nc=100000000,cnonce="c",` + rest, "", "nc is"},
		{"an nc in upper case", `Digest username="spa1",qop=auth,nc=0000000A,cnonce="c",` + rest, "", "nc is"},
		{"a long username", `Digest username="` + strings.Repeat("a", 1025) + `",` + rest, "", "1025 bytes, of which at most 1024"},
		{"a long value", `Digest username="spa1",` + rest + strings.Repeat(",", 4096), "", "of which at most 4096"},
		{"many parameters", `Digest ` + strings.Repeat("a=b,", 33) + rest, "", "more than 32 parameters"},
	} {
		got, err := ParseCredentials([]byte(c.value))
		switch {
		case c.err == "" && (err != nil || got.Username != c.want):
			t.Errorf("%s: %q, %v", c.name, got.Username, err)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: %v, want %q", c.name, err, c.err)
		case err != nil:
			known(t, []byte(c.value), err)
		}
	}
}

func TestChallengeSyntax(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        Challenge
		err         string
	}{
		{"as an Asterisk of 2005 writes it", `Digest realm="asterisk", nonce="2165bad6"`, Challenge{Realm: "asterisk", Nonce: "2165bad6"}, ""},
		{"all of it", `Digest realm="r", domain="sip:a sip:b", qop="auth, auth-int", nonce="n", opaque="", stale=TRUE, algorithm=sha-256`,
			Challenge{Realm: "r", Domain: "sip:a sip:b", QOP: QOPAuth | QOPAuthInt, Nonce: "n", HasOpaque: true, Stale: true, Algorithm: SHA256}, ""},
		{"stale is something else", `Digest realm="r",nonce="n",stale=1`, Challenge{Realm: "r", Nonce: "n"}, ""},
		{"an algorithm that is not known is no error", `Digest realm="r",nonce="n",algorithm=AKAv1-MD5`, Challenge{Realm: "r", Nonce: "n", Algorithm: AlgorithmUnknown}, ""},
		{"no nonce", `Digest realm="r"`, Challenge{}, "no nonce"},
		{"no realm", `Digest nonce="n"`, Challenge{}, "no realm"},
		{"two nonces", `Digest realm="r",nonce="n",nonce="m"`, Challenge{}, "a second nonce"},
		{"a line end in the realm", "Digest realm=\"r\r\nX: y\",nonce=\"n\"", Challenge{}, "control character"},
	} {
		got, err := ParseChallenge([]byte(c.value))
		if got != c.want || c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
	var scheme *SchemeError
	if _, err := ParseChallenge([]byte(`NTLM`)); !errors.As(err, &scheme) || scheme.Scheme != "NTLM" {
		t.Errorf("%v", err)
	}
}

// TestWriterStaysInItsQuotes: no string that a program may hand over ends a quote or a line.
func TestWriterStaysInItsQuotes(t *testing.T) {
	evil := "a\"b\\c\r\nX: y\x00\x7f\",uri=\""
	tame := "a\"b\\c  X: y  \",uri=\""
	k := Credentials{Username: evil, Realm: evil, Nonce: evil, URI: evil, Response: evil, QOP: QOPAuth, NC: 1, CNonce: evil, Opaque: evil, HasOpaque: true}
	want := Credentials{Username: tame, Realm: tame, Nonce: tame, URI: tame, Response: tame, QOP: QOPAuth, NC: 1, CNonce: tame, Opaque: tame, HasOpaque: true}
	if got, err := ParseCredentials(k.AppendTo(nil)); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	c := Challenge{Realm: evil, Nonce: evil, Opaque: evil, HasOpaque: true, Domain: evil}
	if got, err := ParseChallenge(c.AppendTo(nil)); err != nil || got != (Challenge{Realm: tame, Nonce: tame, Opaque: tame, HasOpaque: true, Domain: tame}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestSameResource(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"sip:a@b", "sip:a@b", true},
		{"sip:a@b", "sip:a@B:5060;transport=udp", true},
		{"sip:a@b", "sips:a@b", true},
		{"sip:example.com", "sip:example.com:5062", true},
		{"sip:a@b", "sip:A@b", false},
		{"sip:a@b", "sip:a@c", false},
		{"sip:a@b", "sip:b", false},
		{"sip:a:x@b", "sip:a@b", false},
		{"sip:a@b", "sip:a@b@c", false},
		{"tel:+1-800-555-1212", "tel:+1-800-555-1212;phone-context=x", true},
		{"tel:+1-800-555-1212", "sip:+1-800-555-1212@b", false},
		{"", "sip:", false},
		{"http://b", "http://c", false},
		{"*", "sip:a@b", false},
	} {
		if got := SameResource(c.a, c.b); got != c.want || SameResource(c.b, c.a) != got {
			t.Errorf("%q, %q: %t", c.a, c.b, got)
		}
	}
}
