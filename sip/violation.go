package sip

// Violation is a rule that a message breaks, found by Validate.
type Violation struct {
	Code ViolationCode
	// Field is the header field concerned, FieldOther if it is not one.
	Field FieldID
	// Severity says whether an element may accept the message all the same.
	Severity Severity
	// Span is where in the message; empty at the end of the header for something that is missing.
	Span Span
	// Status is the status code owed to the sender; 0 if nothing is, because this is a response or an ACK, or tolerated.
	Status int
	// Text says what is wrong, for people; without a full stop.
	Text string
	// RFC and Section are where the rule stands.
	RFC     int
	Section string
}

// Severity says what a violation means for the message that has it.
type Severity uint8

const (
	// SeverityNone is not a violation.
	SeverityNone Severity = iota
	// SeverityTolerated: wrong, or merely old, and to be accepted: an RFC asks for it, or does not want the message refused for it.
	SeverityTolerated
	// SeverityRepairable: an element may refuse the message, or be liberal, mend what is wrong and go on.
	SeverityRepairable
	// SeverityFatal: the message is not to be processed.
	SeverityFatal
)

var severityNames = [...]string{"none", "tolerated", "repairable", "fatal"}

// String returns the name in lower case.
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return ""
}

// ViolationCode says which rule is broken.
type ViolationCode uint8

const (
	// ViolationNone is not a violation.
	ViolationNone ViolationCode = iota
	ViolationNotSIP
	ViolationTooLong
	ViolationJunkBefore
	ViolationStartLine
	ViolationStartLineBlanks
	ViolationNoMethod
	ViolationNoVersion
	ViolationVersion
	ViolationStatusCode
	ViolationReason
	ViolationURI
	ViolationURIParts
	ViolationURIBlanks
	ViolationURIBrackets
	ViolationURIHeaders
	ViolationIPv6Colons
	ViolationHostName
	ViolationBareLF
	ViolationNoBlankLine
	ViolationCut
	ViolationHeaderLine
	ViolationContentLength
	ViolationContentLengths
	ViolationNoContentLength
	ViolationBodyShort
	ViolationBodyLong
	ViolationMissing
	ViolationRepeated
	ViolationVia
	ViolationViaVersion
	ViolationReceived
	ViolationNoBranch
	ViolationBranchCookie
	ViolationBranchEmpty
	ViolationViaCount
	ViolationBroadcast
	ViolationEmptyValue
	ViolationAddress
	ViolationQuote
	ViolationDisplayName
	ViolationAddressBlanks
	ViolationAddressBrackets
	ViolationParameter
	ViolationNoTag
	ViolationCallID
	ViolationCSeq
	ViolationCSeqLarge
	ViolationCSeqMethod
	ViolationMaxForwards
	ViolationTooManyHops
	ViolationNumber
	ViolationQValue
	ViolationDate
	ViolationWarning
	ViolationToken
	ViolationMethodUnknown
	ViolationMethodRefused
	ViolationScheme
	ViolationRequire
	ViolationProxyRequire
	ViolationCredentials
	ViolationNoContentType
	ViolationContentType
	ViolationMediaType
	ViolationContentEncoding
	ViolationAccept
	ViolationRecordAddress
	ViolationStar
	violationCodes
)

// violationRules gives each code its name, its words, and where it stands.
var violationRules = [violationCodes]struct {
	name, text string
	rfc        int
	section    string
}{
	ViolationNone:            {"none", "", 0, ""},
	ViolationNotSIP:          {"not-sip", "there is no start line of SIP", 3261, "7"},
	ViolationTooLong:         {"too-long", "the message is longer, or has more header lines, than this element reads", 3261, "21.5.7"},
	ViolationJunkBefore:      {"junk-before", "only line ends may come before the start line", 3261, "7.5"},
	ViolationStartLine:       {"start-line", "the start line does not follow the grammar", 3261, "25.1"},
	ViolationStartLineBlanks: {"start-line-blanks", "one space separates the parts of the start line, and none follows the last", 3261, "7.1"},
	ViolationNoMethod:        {"no-method", "the request line has no method", 3261, "7.1"},
	ViolationNoVersion:       {"no-version", "the start line has no SIP version", 3261, "7.1"},
	ViolationVersion:         {"version", "the version is not SIP/2.0", 3261, "21.5.6"},
	ViolationStatusCode:      {"status-code", "a status code has three digits and is from 100 to 699", 3261, "7.2"},
	ViolationReason:          {"reason", "the reason phrase has characters that the grammar does not allow", 3261, "25.1"},
	ViolationURI:             {"uri", "the URI does not follow the grammar", 3261, "19.1.1"},
	ViolationURIParts:        {"uri-parts", "the URI has characters that must be escaped, or an empty parameter", 3261, "19.1.2"},
	ViolationURIBlanks:       {"uri-blanks", "the Request-URI has white space in it", 3261, "7.1"},
	ViolationURIBrackets:     {"uri-brackets", "the Request-URI is in angle brackets", 3261, "7.1"},
	ViolationURIHeaders:      {"uri-headers", "the Request-URI has header fields in it", 3261, "19.1.1"},
	ViolationIPv6Colons:      {"ipv6-colons", "the IPv6 address has three colons in a row", 5118, "4.10"},
	ViolationHostName:        {"host-name", "the host name does not follow the grammar", 3261, "25.1"},
	ViolationBareLF:          {"bare-lf", "lines end in LF instead of CRLF", 3261, "7"},
	ViolationNoBlankLine:     {"no-blank-line", "no empty line closes the header", 3261, "7"},
	ViolationCut:             {"cut", "the message ends in the middle of a header line", 3261, "7"},
	ViolationHeaderLine:      {"header-line", "a line of the header is no header field", 3261, "7.3.1"},
	ViolationContentLength:   {"content-length", "Content-Length is not a number", 3261, "20.14"},
	ViolationContentLengths:  {"content-lengths", "Content-Length is given more than once", 3261, "7.3.1"},
	ViolationNoContentLength: {"no-content-length", "a message on a stream must have a Content-Length", 3261, "18.3"},
	ViolationBodyShort:       {"body-short", "the message ends before the body that Content-Length announces", 3261, "18.3"},
	ViolationBodyLong:        {"body-long", "bytes follow after the body that Content-Length announces, and are discarded", 3261, "18.3"},
	ViolationMissing:         {"missing", "a mandatory header field is missing", 3261, "8.1.1"},
	ViolationRepeated:        {"repeated", "a header field that has one value stands there more than once", 3261, "7.3.1"},
	ViolationVia:             {"via", "Via does not follow the grammar", 3261, "20.42"},
	ViolationViaVersion:      {"via-version", "the protocol in Via is not SIP/2.0", 3261, "8.1.1.7"},
	ViolationReceived:        {"received", "the received parameter of Via has an IPv6 address in brackets", 5118, "4.5"},
	ViolationNoBranch:        {"no-branch", "Via has no branch: the sender follows RFC 2543", 3261, "8.1.1.7"},
	ViolationBranchCookie:    {"branch-cookie", "the branch does not begin with z9hG4bK: the sender follows RFC 2543", 3261, "8.1.1.7"},
	ViolationBranchEmpty:     {"branch-empty", "nothing follows z9hG4bK in the branch, so that it identifies no transaction", 4475, "3.2.1"},
	ViolationViaCount:        {"via-count", "a response that reaches its client has exactly one Via value", 3261, "8.1.3.3"},
	ViolationBroadcast:       {"broadcast", "Via would send the response to a broadcast address", 4475, "3.3.10"},
	ViolationEmptyValue:      {"empty-value", "a separator stands where a value should be", 3261, "7.3.1"},
	ViolationAddress:         {"address", "the address does not follow the grammar", 3261, "25.1"},
	ViolationQuote:           {"quote", "a quoted string has no closing quote", 3261, "25.1"},
	ViolationDisplayName:     {"display-name", "the display name has characters that need quotes", 3261, "25.1"},
	ViolationAddressBlanks:   {"address-blanks", "the URI has white space around it or in it", 3261, "25.1"},
	ViolationAddressBrackets: {"address-brackets", "the URI must be in angle brackets", 3261, "20"},
	ViolationParameter:       {"parameter", "a parameter does not follow the grammar", 3261, "25.1"},
	ViolationNoTag:           {"no-tag", "there is no tag", 3261, "19.3"},
	ViolationCallID:          {"call-id", "Call-ID does not follow the grammar", 3261, "20.8"},
	ViolationCSeq:            {"cseq", "CSeq is not a number below 2**32 and a method", 3261, "20.16"},
	ViolationCSeqLarge:       {"cseq-large", "the number in CSeq is not below 2**31", 3261, "8.1.1.5"},
	ViolationCSeqMethod:      {"cseq-method", "CSeq has another method than the request", 3261, "8.1.1.5"},
	ViolationMaxForwards:     {"max-forwards", "Max-Forwards is not a number from 0 to 255", 3261, "20.22"},
	ViolationTooManyHops:     {"too-many-hops", "Max-Forwards is 0, so that the request goes no further", 3261, "16.3"},
	ViolationNumber:          {"number", "the value is not a number below 2**32", 3261, "20.19"},
	ViolationQValue:          {"q-value", "q is not from 0 to 1 with three decimals", 3261, "20.10"},
	ViolationDate:            {"date", "Date is not a date in GMT", 3261, "20.17"},
	ViolationWarning:         {"warning", "Warning is not three digits, an agent and a text in quotes", 3261, "20.43"},
	ViolationToken:           {"token", "a value of the list is not a token", 3261, "25.1"},
	ViolationMethodUnknown:   {"method-unknown", "the method is not known here", 3261, "21.5.2"},
	ViolationMethodRefused:   {"method-refused", "the method is known and not allowed here", 3261, "8.2.1"},
	ViolationScheme:          {"scheme", "the scheme of the Request-URI is not supported here", 3261, "8.2.2.1"},
	ViolationRequire:         {"require", "Require names an extension that is not supported here", 3261, "8.2.2.3"},
	ViolationProxyRequire:    {"proxy-require", "Proxy-Require names an extension that is not supported here", 3261, "16.3"},
	ViolationCredentials:     {"credentials", "the request has no credentials of a scheme that is accepted here", 3261, "22.1"},
	ViolationNoContentType:   {"no-content-type", "a message with a body must have a Content-Type", 3261, "20.15"},
	ViolationContentType:     {"content-type", "Content-Type does not follow the grammar", 3261, "20.15"},
	ViolationMediaType:       {"media-type", "the type of the body is not supported here", 3261, "8.2.3"},
	ViolationContentEncoding: {"content-encoding", "the encoding of the body is not supported here", 3261, "8.2.3"},
	ViolationAccept:          {"accept", "the sender of the INVITE does not accept application/sdp", 3261, "21.4.7"},
	ViolationRecordAddress:   {"record-address", "the address of record in To is not a SIP or SIPS URI", 3261, "10.2"},
	ViolationStar:            {"star", "Contact: * stands alone, and with Expires: 0", 3261, "10.3"},
}

// String returns the name of the code, in lower case with hyphens.
func (c ViolationCode) String() string {
	if c < violationCodes {
		return violationRules[c].name
	}
	return ""
}

// Action is what to do with a message.
type Action uint8

const (
	// ActionAccept: process it.
	ActionAccept Action = iota
	// ActionReject: answer it with a status code.
	ActionReject
	// ActionDrop: discard it without a word: a response, or an ACK.
	ActionDrop
	// ActionRejectOrRepair: answer it (or discard it, if Status is 0), or mend what is wrong and process it; never forward what is wrong.
	ActionRejectOrRepair
)

var actionNames = [...]string{"accept", "reject", "drop", "reject-or-repair"}

// String returns the name in lower case with hyphens.
func (a Action) String() string {
	if int(a) < len(actionNames) {
		return actionNames[a]
	}
	return ""
}

// Verdict is what the violations of a message come to.
type Verdict struct {
	Action Action
	// Status is the status code owed, 0 if none is.
	Status int
	// Because is the violation that decides; its Code is ViolationNone if the message is accepted.
	Because Violation
}

// Judge draws the verdict from the violations of one message, in the order in which Validate gives them: the first fatal one decides,
// and without one the first that could be repaired.
func Judge(violations []Violation) Verdict {
	verdict := Verdict{}
	for _, v := range violations {
		switch {
		case v.Severity == SeverityFatal && v.Status == 0:
			return Verdict{ActionDrop, 0, v}
		case v.Severity == SeverityFatal:
			return Verdict{ActionReject, v.Status, v}
		case v.Severity == SeverityRepairable && verdict.Action == ActionAccept:
			verdict = Verdict{ActionRejectOrRepair, v.Status, v}
		}
	}
	return verdict
}
