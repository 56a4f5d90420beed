package main

import (
	"crypto/md5"
	"encoding/hex"
	"strconv"
	"strings"
)

// message is a SIP message that is put together (RFC 3261 §7). Its header field rows go out in their order, which differs from maker
// to maker and is one of the marks by which they are known.
type message struct {
	start string
	rows  []row
	body  string
}

// row is a header field row.
type row struct{ name, value string }

// contentLength is the row whose value is counted when the message is written.
const contentLength = "Content-Length"

// add adds a row at the end.
func (m *message) add(name, value string) { m.rows = append(m.rows, row{name, value}) }

// addLength adds the row Content-Length at the end.
func (m *message) addLength() { m.add(contentLength, "") }

// get returns the value of the first row of a name; "" if there is none.
func (m *message) get(name string) string {
	for _, r := range m.rows {
		if r.name == name {
			return r.value
		}
	}
	return ""
}

// all returns the rows of a name, in their order.
func (m *message) all(name string) []row {
	var list []row
	for _, r := range m.rows {
		if r.name == name {
			list = append(list, r)
		}
	}
	return list
}

// bytes writes the message.
func (m *message) bytes() []byte {
	var b strings.Builder
	b.WriteString(m.start + "\r\n")
	for _, r := range m.rows {
		if r.name == contentLength {
			r.value = strconv.Itoa(len(m.body))
		}
		b.WriteString(r.name + ": " + r.value + "\r\n")
	}
	b.WriteString("\r\n" + m.body)
	return []byte(b.String())
}

// reasons are the phrases of the status codes that occur (RFC 3261 §21; of 489, RFC 6665 §8.3.2).
var reasons = map[int]string{
	100: "Trying",
	180: "Ringing",
	200: "OK",
	401: "Unauthorized",
	404: "Not Found",
	407: "Proxy Authentication Required",
	486: "Busy Here",
	487: "Request Terminated",
	489: "Bad Event",
}

func statusLine(status int) string { return "SIP/2.0 " + strconv.Itoa(status) + " " + reasons[status] }

// lines joins the lines of a session description.
func lines(l ...string) string { return strings.Join(l, "\r\n") + "\r\n" }

// tagged returns a From or To value with a tag, or without if there is none yet.
func tagged(party, tag string) string {
	if tag == "" {
		return party
	}
	return party + ";tag=" + tag
}

// hexOf returns n hexadecimal digits that follow from what they are for: identifiers that look as if drawn, the same each time.
func hexOf(n int, what string) string {
	sum := md5.Sum([]byte(what))
	return hex.EncodeToString(sum[:])[:n]
}

// digestResponse returns KD(H(A1), nonce:H(A2)): RFC 2617 §3.2.2.1 with no "qop" directive and algorithm MD5, as the servers of the time
// asked for it.
func digestResponse(user, realm, password, nonce, method, uri string) string {
	h := func(s string) string { return hexOf(2*md5.Size, s) }
	return h(h(user+":"+realm+":"+password) + ":" + nonce + ":" + h(method+":"+uri))
}

// branchOf returns the branch in the topmost Via of a message.
func branchOf(m *message) string {
	_, after, _ := strings.Cut(m.get("Via"), ";branch=")
	branch, _, _ := strings.Cut(after, ";")
	return branch
}

// decimalOf is hexOf with decimal digits.
func decimalOf(n int, what string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' {
			return r - 'a' + '1'
		}
		return r
	}, hexOf(n, what))
}
