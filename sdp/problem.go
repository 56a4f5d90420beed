package sdp

// Problem is a defect in a description, met while it was parsed. Many are harmless, and a description that a log has cut
// has problems that its sender is not to blame for: to judge is the business of whoever knows where the bytes come from.
type Problem struct {
	Code ProblemCode
	Span Span // where; empty, at the end of the section, for a line that is missing
}

// ProblemCode says what is wrong.
type ProblemCode uint8

const (
	// ProblemNone is not a problem.
	ProblemNone ProblemCode = iota
	// ProblemEmpty: there are no bytes at all.
	ProblemEmpty
	// ProblemBareLF: a line ends in LF without CR (RFC 8866 §5 asks parsers to accept it). Told once, at the first.
	ProblemBareLF
	// ProblemBareCR: a line ends in CR without LF, or in several CR. Told once, at the first.
	ProblemBareCR
	// ProblemNoLineEnd: the last line has no line end; it may be cut.
	ProblemNoLineEnd
	// ProblemEmptyLine: there is nothing in the line.
	ProblemEmptyLine
	// ProblemNotALine: the line does not begin with a letter and "=" (RFC 8866 §5).
	ProblemNotALine
	// ProblemUnknownType: the letter is not one of vosiuepcbtrzkam (RFC 8866 §5).
	ProblemUnknownType
	// ProblemOrder: the line does not belong here (RFC 8866 §5, §9).
	ProblemOrder
	// ProblemRepeated: a second line of a type that may come once in its section (RFC 8866 §9).
	ProblemRepeated
	// ProblemNoVersion: there is no v= line.
	ProblemNoVersion
	// ProblemNoOrigin: there is no o= line.
	ProblemNoOrigin
	// ProblemNoName: there is no s= line.
	ProblemNoName
	// ProblemNoTime: there is no t= line.
	ProblemNoTime
	// ProblemNoConnection: a media section without c=, and none for the session (RFC 8866 §5.7).
	ProblemNoConnection
	// ProblemForbiddenByte: a NUL (RFC 8866 §9, byte-string). Told once a line.
	ProblemForbiddenByte
	// ProblemSpacing: subfields are not parted by one blank each, or a blank stands at the end (RFC 8866 §5).
	ProblemSpacing
	// ProblemEmptyName: s= with nothing in it (RFC 8866 §5.3), as RFC 3264 §10 itself writes it.
	ProblemEmptyName
	// ProblemEmptyValue: i=, u=, e=, p= or k= with nothing in it.
	ProblemEmptyValue
	// ProblemVersion: the version is not 0 (RFC 8866 §5.1).
	ProblemVersion
	// ProblemOrigin: o= is not a name, two numbers, a network type, an address type and an address (RFC 8866 §5.2).
	ProblemOrigin
	// ProblemConnection: c= is not a network type, an address type and an address (RFC 8866 §5.7).
	ProblemConnection
	// ProblemBandwidth: b= is not a type, a colon and a number (RFC 8866 §5.8).
	ProblemBandwidth
	// ProblemTime: t= is not two numbers (RFC 8866 §5.9).
	ProblemTime
	// ProblemRepeat: r= is not three or more times (RFC 8866 §5.10).
	ProblemRepeat
	// ProblemZone: z= is not pairs of a time and an offset (RFC 8866 §5.11).
	ProblemZone
	// ProblemAttribute: a= has no name, a name that is not a token, or a colon with nothing after it (RFC 8866 §5.13).
	ProblemAttribute
	// ProblemAttributeCase: an attribute that this package reads is written in other capitals; names are case-significant (RFC 8866 §5).
	ProblemAttributeCase
	// ProblemMedia: m= is not a media type, a port, a protocol and formats (RFC 8866 §5.14).
	ProblemMedia
	// ProblemPort: the port in m= is not a number up to 65535.
	ProblemPort
	// ProblemPayloadType: a format of an RTP stream is not a number up to 127 (RFC 8866 §5.14, §6.6).
	ProblemPayloadType
	// ProblemFormatRepeated: a payload type comes twice in one m= line.
	ProblemFormatRepeated
	// ProblemRTPMap: a=rtpmap is not a payload type, a name and a clock rate (RFC 8866 §6.6).
	ProblemRTPMap
	// ProblemRTPMapRepeated: a second a=rtpmap of the same payload type (RFC 8866 §6.6: up to one).
	ProblemRTPMapRepeated
	// ProblemFMTP: a=fmtp is not a format and its parameters (RFC 8866 §6.15).
	ProblemFMTP
	// ProblemUnlisted: a=rtpmap or a=fmtp is of a payload type that the m= line does not list.
	ProblemUnlisted
	// ProblemNoRTPMap: a payload type without a=rtpmap to which RFC 3551 §6 gives no meaning either.
	ProblemNoRTPMap
	// ProblemPacketTime: a=ptime or a=maxptime is not a number above zero (RFC 8866 §6.4, §6.5).
	ProblemPacketTime
	// ProblemDirectionRepeated: more than one direction attribute in one section (RFC 8866 §6.7).
	ProblemDirectionRepeated
	// ProblemTooManyMedia: more than MaxMedia media sections; the others are kept as lines only.
	ProblemTooManyMedia
	// ProblemTooManyFormats: more than MaxFormats formats in one m= line; the codecs of the others are not told.
	ProblemTooManyFormats
	// ProblemTooManyLines: more than MaxLines lines; the rest is kept as one.
	ProblemTooManyLines
	// ProblemTooManyProblems: more than MaxProblems problems; the others are not listed.
	ProblemTooManyProblems

	problemCodes // the number of codes
)

var problemTexts = [problemCodes]string{
	ProblemNone:              "no problem",
	ProblemEmpty:             "the description is empty",
	ProblemBareLF:            "lines end in LF without CR",
	ProblemBareCR:            "lines end in CR without LF",
	ProblemNoLineEnd:         "the last line has no line end",
	ProblemEmptyLine:         "an empty line",
	ProblemNotALine:          "a line does not begin with a letter and an equals sign",
	ProblemUnknownType:       "the type of a line is unknown",
	ProblemOrder:             "a line stands in the wrong place",
	ProblemRepeated:          "a second line of a type that may come once",
	ProblemNoVersion:         "no version line (v=)",
	ProblemNoOrigin:          "no origin line (o=)",
	ProblemNoName:            "no session name line (s=)",
	ProblemNoTime:            "no time line (t=)",
	ProblemNoConnection:      "no connection line (c=) for a media section",
	ProblemForbiddenByte:     "a line contains a NUL byte",
	ProblemSpacing:           "white space other than one blank between two subfields, or at the end",
	ProblemEmptyName:         "the session name is empty",
	ProblemEmptyValue:        "a line has no value",
	ProblemVersion:           "the version is not 0",
	ProblemOrigin:            "the origin line is malformed",
	ProblemConnection:        "a connection line is malformed",
	ProblemBandwidth:         "a bandwidth line is malformed",
	ProblemTime:              "a time line is malformed",
	ProblemRepeat:            "a repeat line is malformed",
	ProblemZone:              "a time zone line is malformed",
	ProblemAttribute:         "an attribute is malformed",
	ProblemAttributeCase:     "an attribute name is written in other capitals",
	ProblemMedia:             "a media line is malformed",
	ProblemPort:              "a port is not a number up to 65535",
	ProblemPayloadType:       "a payload type is not a number up to 127",
	ProblemFormatRepeated:    "a media line lists the same payload type twice",
	ProblemRTPMap:            "an rtpmap attribute is malformed",
	ProblemRTPMapRepeated:    "a second rtpmap attribute for one payload type",
	ProblemFMTP:              "an fmtp attribute is malformed",
	ProblemUnlisted:          "an attribute describes a payload type that the media line does not list",
	ProblemNoRTPMap:          "a payload type without rtpmap attribute and without static meaning",
	ProblemPacketTime:        "a packet time is not a number above zero",
	ProblemDirectionRepeated: "more than one direction in one section",
	ProblemTooManyMedia:      "too many media sections",
	ProblemTooManyFormats:    "too many formats in a media line",
	ProblemTooManyLines:      "too many lines",
	ProblemTooManyProblems:   "too many problems",
}

// String returns a short clause for people.
func (c ProblemCode) String() string {
	if c < problemCodes {
		return problemTexts[c]
	}
	return ""
}
