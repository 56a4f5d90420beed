package main

import (
	"bytes"
	"net/netip"
	"strings"

	"sipscribe/internal/workload"
	"sipscribe/syslog"
)

// What a collector makes of the datagrams of an adapter, each of which is a message or a line, without PRI, time or host. rsyslog
// 8.2302, syslog-ng 3.38 and the syslogd of GNU inetutils 2.4, a descendant of sysklogd's ancestor, were run to see it.

// stamp is the time as RFC 3164 §4.1.2 has it.
const stamp = "Jan _2 15:04:05"

// host is the adapter's address, by the messages that it sends: a line about the handset has the same.
func host(passed []transmission) netip.Addr {
	for _, t := range passed {
		if t.src.IsValid() {
			return t.src.Addr()
		}
	}
	return netip.Addr{}
}

// sysklogd writes the time, the address, and the text with carets. If cut, it takes no more of a datagram than sysklogd 1.5 did.
func sysklogd(passed []transmission, cut bool) []byte {
	var limit syslog.Limit
	if cut {
		limit = syslog.SysklogdLimit(0)
	}
	from := host(passed)
	var out []byte
	for _, t := range passed {
		out = t.at.AppendFormat(out, stamp)
		out = from.AppendTo(append(out, ' '))
		out = syslog.EscapeCaret.AppendEscapedLimit(append(out, ' '), t.data, limit)
		out = append(out, '\n')
	}
	return out
}

// rsyslog writes its traditional file format. It takes the first word for the host if it can be one, and then the word up to a colon for
// the TAG; the template puts a blank behind a TAG that has none. So of "INVITE sip:bob@example.com" the sender is lost, and the URI has a
// blank.
func rsyslog(passed []transmission) []byte {
	from := host(passed)
	var out []byte
	for _, t := range passed {
		out = t.at.AppendFormat(out, stamp)
		out = append(out, ' ')
		out = append(out, rsyslogText(from.String(), string(syslog.EscapeHashOctal.AppendEscaped(nil, t.data)))...)
		out = append(out, '\n')
	}
	return out
}

// rsyslogText returns host, TAG and text as the template has them.
func rsyslogText(host, text string) string {
	const hostChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
	if n := len(text) - len(strings.TrimLeft(text, hostChars)); n > 0 && n < len(text) && text[n] == ' ' {
		host, text = text[:n], text[n+1:]
	}
	tag := ""
	if !strings.HasPrefix(text, "[") { // which is no character of a TAG
		n := strings.IndexAny(text, ": ")
		if n < 0 {
			n = len(text)
		} else if text[n] == ':' {
			n++
		}
		tag, text = text[:n], text[n:]
	}
	if !strings.HasPrefix(text, " ") {
		text = " " + text
	}
	return host + " " + tag + text
}

// syslogNG keeps line ends: a message goes on over lines without a header. An LF at the end of a datagram is the end of the record.
func syslogNG(passed []transmission) []byte {
	from := host(passed)
	var out []byte
	for _, t := range passed {
		out = t.at.AppendFormat(out, stamp)
		out = from.AppendTo(append(out, ' '))
		out = append(append(out, ' '), bytes.TrimRight(t.data, "\n")...)
		out = append(out, '\n')
	}
	return out
}

// kiwi writes columns with tabs between them, and decimal numbers for control characters.
func kiwi(passed []transmission) []byte {
	from := host(passed)
	var out []byte
	for _, t := range passed {
		out = t.at.AppendFormat(out, "2006-01-02 15:04:05")
		out = append(out, "\tLocal3.Debug\t"...)
		out = append(from.AppendTo(out), '\t')
		out = append(syslog.EscapeDecimal.AppendEscaped(out, t.data), "\r\n"...)
	}
	return out
}

// pcap is the wire: what is said about the handset is not on it.
func pcap(passed []transmission) ([]byte, error) {
	var out bytes.Buffer
	w, err := workload.NewPcapWriter(&out)
	if err != nil {
		return nil, err
	}
	for _, t := range passed {
		if !t.src.IsValid() {
			continue
		}
		if err := w.Write(&workload.Message{Time: t.at, Src: t.src, Dst: t.dst, Data: t.data}); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}
