package proxy

import "bytes"

// terse makes a response that was written for a stranger shorter, where it would be too much longer than his request: compact names of header fields
// (RFC 3261 §7.3.3), and no reason phrase, which is for people.
func terse(response []byte) []byte {
	// The reason phrase: SIP-Version SP Status-Code SP Reason-Phrase CRLF.
	const before = len("SIP/2.0 407 ")
	if end := bytes.Index(response, []byte("\r\n")); end > before {
		response = append(response[:before], response[end:]...)
	}
	for _, name := range [...][2]string{{"Via: ", "v:"}, {"From: ", "f:"}, {"To: ", "t:"}, {"Call-ID: ", "i:"}, {"Content-Length: ", "l:"},
		{"CSeq: ", "CSeq:"}, {"Proxy-Authenticate: ", "Proxy-Authenticate:"}, {"WWW-Authenticate: ", "WWW-Authenticate:"}} {
		response = bytes.ReplaceAll(response, []byte("\r\n"+name[0]), []byte("\r\n"+name[1])) // no value has a line end
	}
	return response
}
