package digest

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParseUsers(t *testing.T) {
	md5, sha := strings.Repeat("0a", 16), strings.Repeat("f1", 32)
	for _, c := range []struct {
		name, file string
		want       []User
		err        string
	}{
		{"comments, blank lines and a line end of DOS", "# users\n\n  # more\nspa1:sip.example.com:MD5:" + md5 + "\r\nspa1:sip.example.com:SHA-256:" + sha,
			[]User{{"spa1", "sip.example.com", MD5, md5}, {"spa1", "sip.example.com", SHA256, sha}}, ""},
		{"colons in the realm, blanks in the name, another case", "good body:sip:example.com:sha-512-256:" + sha + "\n", []User{{"good body", "sip:example.com", SHA512256, sha}}, ""},
		{"nothing", "", nil, ""},
		{"htdigest, which has no algorithm", "\nspa1:example.com:" + md5, nil, "line 2, column 50: 3 fields, user:realm:ALGORITHM:ha1 has four"},
		{"a name alone", "spa1", nil, "line 1, column 5: one field"},
		{"no name", ":r:MD5:" + md5, nil, "line 1, column 1: no username"},
		{"no realm", "u::MD5:" + md5, nil, "line 1, column 3: no realm"},
		{"an unknown algorithm", "u:r:SHA1:" + md5, nil, "line 1, column 5: the algorithm is none of"},
		{"no algorithm", "u:r::" + md5, nil, "line 1, column 5: the algorithm is none of"},
		{"-sess", "u:r:MD5-sess:" + md5, nil, "line 1, column 5: MD5-sess: an HA1 is kept without -sess"},
		{"a password", "u:r:MD5:secret", nil, "line 1, column 9: the HA1 has 6 characters, that of MD5 has 32"},
		{"the HA1 of another algorithm", "u:r:MD5:" + sha, nil, "line 1, column 9: the HA1 has 64"},
		{"digits in upper case", "u:r:MD5:00" + strings.ToUpper(md5[2:]), nil, "line 1, column 12: the HA1 has something else"},
		{"a blank behind it", "u:r:MD5:" + md5 + " ", nil, "line 1, column 9: the HA1 has 33"},
		{"a control character", "u:r\x1b:MD5:" + md5, nil, "line 1, column 4: the control character 0x1b"},
		{"not UTF-8", "u\xff:r:MD5:" + md5, nil, "not UTF-8"},
		{"twice", "u:r:MD5:" + md5 + "\n#\nu:r:MD5:" + md5, nil, "line 3, column 1: the same user, realm and algorithm as in line 1"},
	} {
		got, err := ParseUsers([]byte(c.file))
		if !slices.Equal(got, c.want) || c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
		if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), md5)) {
			t.Errorf("%s: the error tells a secret: %v", c.name, err)
		}
	}
}

func TestNewUser(t *testing.T) {
	for _, a := range []Algorithm{AlgorithmUnnamed, MD5, SHA256Sess, SHA512256} {
		u, err := NewUser("spa1", "sip:example.com", "secret", a)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseUsers(u.AppendTo(nil))
		if err != nil || len(back) != 1 || back[0] != u || u.HA1 != HA1(a, "spa1", "sip:example.com", "secret") {
			t.Errorf("%v: %+v, %v", a, back, err)
		}
		if got, ok := NewUserTable(back).HA1("spa1", "sip:example.com", a.Hash()); !ok || got != u.HA1 {
			t.Errorf("%v: %q, %t", a, got, ok)
		}
	}
	for _, name := range []string{"", "a:b", "#a", " a", "a\n", "a\xff"} {
		if u, err := NewUser(name, "r", "secret", MD5); err == nil {
			t.Errorf("%q was kept: %+v", name, u)
		}
	}
	if _, err := NewUser("u", "r", "secret", AlgorithmUnknown); err == nil {
		t.Error("an unknown algorithm was kept")
	}
}

// FuzzUsers: what is read, written and read again is the same; errors name a place within the file.
func FuzzUsers(f *testing.F) {
	f.Add([]byte("# c\nspa1:r:x:MD5:" + strings.Repeat("0a", 16) + "\r\n\n"))
	f.Add([]byte("a:b:SHA-256:" + strings.Repeat("0a", 32) + "\na:b:SHA-256:x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		users, err := ParseUsers(data)
		if err != nil {
			var at *UserError
			if !errors.As(err, &at) || at.Line < 1 || at.Line > 1+strings.Count(string(data), "\n") || at.Column < 1 || at.Column > len(data)+1 || users != nil {
				t.Fatalf("%q: %v, %v", data, users, err)
			}
			return
		}
		var b []byte
		for _, u := range users {
			b = u.AppendTo(b)
		}
		if back, err := ParseUsers(b); err != nil || !slices.Equal(back, users) {
			t.Fatalf("%q: %v, written %q: %v, %v", data, users, b, back, err)
		}
	})
}
