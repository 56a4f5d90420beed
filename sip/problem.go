package sip

// Problem is a defect in the bytes of a message, met while it was parsed. The parser goes on after each; whether a defect
// matters, and what a server owes for it, is the validator's business.
type Problem struct {
	Code ProblemCode
	Span Span // where in the message
}

// ProblemCode says what is wrong.
type ProblemCode uint8

const (
	// ProblemNone is not a problem.
	ProblemNone ProblemCode = iota
	// ProblemNotSIP: no start line was found at all.
	ProblemNotSIP
	// ProblemJunkBefore: there are other bytes than line ends before the start line (RFC 3261 §7.5 allows only CRLF).
	ProblemJunkBefore
	// ProblemStartLine: the start line is readable but not in the form of RFC 3261 §7.1 or §7.2.
	ProblemStartLine
	// ProblemNoMethod: the request line begins at the URI; the method was taken from CSeq.
	ProblemNoMethod
	// ProblemVersion: the version is not SIP/2.0.
	ProblemVersion
	// ProblemBareLF: lines end in LF instead of CRLF. Reported once a message, at the first.
	ProblemBareLF
	// ProblemNoColon: a header line has no colon.
	ProblemNoColon
	// ProblemBlankBeforeColon: white space before the colon. Legal (RFC 3261 §25.1, HCOLON), and told because other parsers trip over it.
	ProblemBlankBeforeColon
	// ProblemNoBlankLine: the header is not closed by an empty line.
	ProblemNoBlankLine
	// ProblemCutInLine: the message ends in the middle of a header line.
	ProblemCutInLine
	// ProblemFoldedFirst: a line begins with white space but there is no header field that it could continue.
	ProblemFoldedFirst
	// ProblemContentLength: Content-Length is not a number, or two of them differ.
	ProblemContentLength
	// ProblemBodyShort: the body is shorter than Content-Length.
	ProblemBodyShort
	// ProblemBodyLong: there are bytes after the body that Content-Length announces.
	ProblemBodyLong
	// ProblemTooManyFields: the header has more than MaxFields rows; the rest of it is kept in one row without a name.
	ProblemTooManyFields
	// ProblemTooLong: the message is longer than MaxMessage; only the beginning was parsed.
	ProblemTooLong
	// ProblemFieldName: what stands before the colon is not a token, or there is nothing.
	ProblemFieldName
)

var problemTexts = [...]string{
	ProblemNone:             "no problem",
	ProblemNotSIP:           "no SIP start line",
	ProblemJunkBefore:       "other bytes before the start line",
	ProblemStartLine:        "the start line is malformed",
	ProblemNoMethod:         "the request line has no method",
	ProblemVersion:          "the version is not SIP/2.0",
	ProblemBareLF:           "lines end in LF without CR",
	ProblemNoColon:          "a header line has no colon",
	ProblemBlankBeforeColon: "white space before the colon of a header field",
	ProblemNoBlankLine:      "no empty line between header and body",
	ProblemCutInLine:        "the message ends in the middle of a header line",
	ProblemFoldedFirst:      "a continuation line with nothing before it to continue",
	ProblemContentLength:    "Content-Length is not one number",
	ProblemBodyShort:        "the body is shorter than Content-Length",
	ProblemBodyLong:         "bytes follow after the body",
	ProblemTooManyFields:    "too many header lines",
	ProblemTooLong:          "the message is too long",
	ProblemFieldName:        "the name of a header field is not a token",
}

// String returns a short clause for people.
func (c ProblemCode) String() string {
	if int(c) < len(problemTexts) {
		return problemTexts[c]
	}
	return ""
}
