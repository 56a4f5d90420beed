package syslog

import "bytes"

// parseKiwi reads what follows the date of Kiwi at line[at:], which is a TAB: Facility.Level, address and text in columns.
// It returns where the text begins. A date with a TAB that nothing of the kind follows is a date all the same.
func (h *Header) parseKiwi(line []byte, at int) int {
	h.Shape = h.datedShape()
	at++
	end := bytes.IndexByte(line[at:], '\t')
	if end < 0 {
		return at
	}
	pri, ok := ParsePriority(line[at : at+end])
	if !ok {
		return at
	}
	h.Shape, h.Priority = ShapeKiwi, pri
	at += end + 1
	if end = bytes.IndexByte(line[at:], '\t'); end >= 0 && isHost(line[at:at+end]) {
		if end > 0 {
			h.Host = line[at : at+end]
		}
		at += end + 1
	}
	return at
}

// parseTftpd64 reads what follows the date of tftpd64 at line[at:], which is a semicolon: the address, another semicolon, and the
// datagram with its PRI. The device may have put a date, its name and a TAG into the datagram; they are read past, but the date
// and the host stay those of the collector. It returns where the text begins, 0 if there is no second semicolon.
func (h *Header) parseTftpd64(line []byte, at int) int {
	at++
	end := bytes.IndexByte(line[at:min(len(line), at+maxHost)], ';')
	if end < 0 || !isHost(line[at:at+end]) {
		return 0
	}
	h.Shape = ShapeTftpd64
	host := line[at : at+end]
	at += end + 1
	if at < len(line) && line[at] == ' ' {
		at++
	}
	pri, n := ParsePRI(line[at:])
	h.Priority = pri
	at += n
	var own Timestamp
	if n = own.parse(line[at:]); n > 0 && own.Style != StyleClock && at+n < len(line) && line[at+n] == ' ' {
		at = h.parseOrigin(line, at+n+1)
	} else if n > 0 {
		// A date that runs into something else belongs to the text.
	} else {
		at = h.parseTag(line, at)
	}
	h.Host = host
	return at
}

// maxHost bounds the search for the end of a host's column (RFC 5424 §6: HOSTNAME has at most 255 characters).
const maxHost = 256

// parseVisualSyslog reads the seven columns of Visual Syslog Server and returns where the last begins; 0 if line is not made so.
// A line counts as made so only if its second column is a date, whole.
func (h *Header) parseVisualSyslog(line []byte) int {
	at := bytes.IndexByte(line[:min(len(line), maxHost)], '\t')
	if at < 0 || at > 0 && !isHost(line[:at]) {
		return 0
	}
	var t Timestamp
	n := t.parse(line[at+1:])
	if n == 0 || at+1+n >= len(line) || line[at+1+n] != '\t' {
		return 0
	}
	address := line[:at]
	at += n + 2
	var column [4][]byte // host, facility, severity, tag
	for i := range column {
		end := bytes.IndexByte(line[at:], '\t')
		if end < 0 {
			return 0
		}
		column[i] = line[at : at+end]
		at += end + 1
	}
	h.Shape, h.Time = ShapeVisualSyslog, t
	f, ok1 := ParseFacility(column[1])
	s, ok2 := ParseSeverity(column[2])
	if ok1 && ok2 {
		h.Priority = MakePriority(f, s)
	}
	switch {
	case len(address) > 0:
		h.Host = address
	case len(column[0]) > 0:
		h.Host = column[0]
	}
	if tag := bytes.TrimSuffix(column[3], []byte(":")); len(tag) > 0 {
		h.App = tag
		if i := bytes.IndexByte(tag, '['); i > 0 && tag[len(tag)-1] == ']' {
			h.App, h.ProcID = tag[:i], tag[i+1:len(tag)-1]
		}
	}
	return at
}
