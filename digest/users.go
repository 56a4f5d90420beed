package digest

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// User is a line of a users file: what a password is kept as for one realm and one algorithm.
//
//	# comment
//	spa1:sip.voip-info.org:SHA-256:27c4a3c0…
//	spa1:sip.voip-info.org:MD5:5ac3e15f…
//
// It is the form of htdigest with the algorithm in between. A realm may have colons, a username may not (RFC 7616 §4).
type User struct {
	Username  string
	Realm     string
	Algorithm Algorithm // without "-sess"
	HA1       string    // hexadecimal digits in lower case
}

// UserError tells what is wrong with a line of a users file, without what it holds: that may be a password that somebody put there.
type UserError struct {
	Line, Column int // from 1; the column in bytes
	Text         string
}

func (e *UserError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Text)
}

// ParseUsers reads a users file. The error is a *UserError; there are no users then.
func ParseUsers(data []byte) ([]User, error) {
	var users []User
	type key struct {
		username, realm string
		a               Algorithm
	}
	seen := map[key]int{}
	for n := 1; len(data) > 0; n++ {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		data = rest
		line = bytes.TrimSuffix(line, []byte("\r"))
		if t := bytes.TrimLeft(line, " \t"); len(t) == 0 || t[0] == '#' {
			continue
		}
		u, err := parseUser(string(line))
		if err != nil {
			err.Line = n
			return nil, err
		}
		k := key{u.Username, u.Realm, u.Algorithm}
		if first := seen[k]; first > 0 {
			return nil, &UserError{n, 1, fmt.Sprintf("the same user, realm and algorithm as in line %d", first)}
		}
		seen[k] = n
		users = append(users, u)
	}
	return users, nil
}

func parseUser(line string) (User, *UserError) {
	fail := func(at int, format string, args ...any) (User, *UserError) {
		return User{}, &UserError{Column: at + 1, Text: fmt.Sprintf(format, args...)}
	}
	for i := range len(line) {
		if c := line[i]; c < ' ' || c == 0x7f {
			return fail(i, "the control character %#02x", c)
		}
	}
	if !utf8.ValidString(line) {
		return fail(0, "the line is not UTF-8")
	}
	name := strings.IndexByte(line, ':')
	last := strings.LastIndexByte(line, ':')
	if name < 0 {
		return fail(len(line), "one field, user:realm:ALGORITHM:ha1 has four")
	}
	middle := -1
	if last > name {
		middle = name + 1 + strings.LastIndexByte(line[name+1:last], ':')
	}
	switch {
	case middle <= name:
		return fail(len(line), "%d fields, user:realm:ALGORITHM:ha1 has four", strings.Count(line, ":")+1)
	case name == 0:
		return fail(0, "no username")
	case middle == name+1:
		return fail(middle, "no realm")
	}
	u := User{Username: line[:name], Realm: line[name+1 : middle], HA1: line[last+1:]}
	u.Algorithm = ParseAlgorithm(line[middle+1 : last])
	switch {
	case !u.Algorithm.Known():
		return fail(middle+1, "the algorithm is none of MD5, SHA-256, SHA-512-256")
	case u.Algorithm.Session():
		return fail(middle+1, "%s: an HA1 is kept without -sess, and good for both", u.Algorithm)
	case len(u.HA1) != u.Algorithm.HexLen():
		return fail(last+1, "the HA1 has %d characters, that of %s has %d", len(u.HA1), u.Algorithm, u.Algorithm.HexLen())
	case !isHex(u.HA1):
		i := strings.IndexFunc(u.HA1, func(r rune) bool { return !isHex(string(r)) })
		return fail(last+1+i, "the HA1 has something else than the digits 0 to 9 and a to f")
	case len(u.Username) > maxParam || len(u.Realm) > maxRealm:
		return fail(0, "a username of %d bytes and a realm of %d, at most %d and %d are possible", len(u.Username), len(u.Realm), maxParam, maxRealm)
	case strings.HasPrefix(u.Username, " ") || strings.HasPrefix(u.Username, "\t") || strings.HasSuffix(u.Username, " "):
		return fail(0, "blanks around the username")
	}
	return u, nil
}

// AppendTo appends the line, with its line end. The parts must be such that ParseUsers reads them back.
func (u *User) AppendTo(dst []byte) []byte {
	dst = append(append(dst, u.Username...), ':')
	dst = append(append(dst, u.Realm...), ':')
	dst = append(append(dst, u.Algorithm.String()...), ':')
	return append(append(dst, u.HA1...), '\n')
}

// NewUser makes the line for a password; an error if it could not be read back.
func NewUser(username, realm, password string, a Algorithm) (User, error) {
	u := User{username, realm, a.Hash(), HA1(a, username, realm, password)}
	back, err := parseUser(strings.TrimSuffix(string(u.AppendTo(nil)), "\n"))
	switch {
	case err != nil:
		return User{}, fmt.Errorf("digest: the user cannot be kept: %s", err.Text)
	case back != u || strings.HasPrefix(username, "#"):
		return User{}, fmt.Errorf("digest: the user cannot be kept: a colon or # in the username %q", username)
	}
	return u, nil
}

// UserTable is users by name: Users from a file.
type UserTable map[userKey]string

type userKey struct {
	username, realm string
	a               Algorithm
}

// NewUserTable makes a table.
func NewUserTable(users []User) UserTable {
	t := make(UserTable, len(users))
	for _, u := range users {
		t[userKey{u.Username, u.Realm, u.Algorithm}] = u.HA1
	}
	return t
}

// HA1 is that of Users.
func (t UserTable) HA1(username, realm string, a Algorithm) (string, bool) {
	v, ok := t[userKey{username, realm, a}]
	return v, ok
}
