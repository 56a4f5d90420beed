package sip

// Field is one header field row (RFC 3261 §6: a header field *row* is one line, folded lines included; the header field is all rows
// of a name). All spans are ranges of the message.
type Field struct {
	Name  Span // as written, without white space around it; empty if the row has no colon
	Value Span // without white space around it; may hold folded lines
	Row   Span // the whole row with its line end or ends
	ID    FieldID
	// Folded: the value goes over several lines (RFC 3261 §7.3.1).
	Folded bool
}

// FieldID names a header field that sipscribe knows.
type FieldID uint8

// The header fields that are looked up by name somewhere in sipscribe. The compact form counts as the same field (RFC 3261 §7.3.3).
const (
	FieldOther FieldID = iota // any other name, or a row without a colon
	FieldVia
	FieldFrom
	FieldTo
	FieldCallID
	FieldCSeq
	FieldMaxForwards
	FieldContact
	FieldContentLength
	FieldContentType
	FieldContentEncoding
	FieldContentDisposition
	FieldRoute
	FieldRecordRoute
	FieldExpires
	FieldMinExpires
	FieldUserAgent
	FieldServer
	FieldAllow
	FieldSupported
	FieldRequire
	FieldProxyRequire
	FieldUnsupported
	FieldAuthorization
	FieldWWWAuthenticate
	FieldProxyAuthorization
	FieldProxyAuthenticate
	FieldEvent
	FieldSubscriptionState
	FieldReferTo
	FieldReferredBy
	FieldReplaces
	FieldReason
	FieldRetryAfter
	FieldWarning
	FieldDate
	FieldRSeq
	FieldRAck
	FieldSessionExpires
	FieldMinSE
	FieldPath
	FieldServiceRoute
	FieldAccept
	FieldSubject
	FieldPAssertedIdentity
	FieldPPreferredIdentity
	FieldRemotePartyID
	FieldDiversion
	FieldHistoryInfo
	FieldSessionID
	FieldAlertInfo
	FieldMaxBreadth
	FieldTimestamp
	FieldSIPETag
	FieldSIPIfMatch
	FieldAuthenticationInfo
	FieldInReplyTo
	FieldJoin
	FieldPrivacy
	FieldErrorInfo
	fieldIDs // the number of them
)

// fieldNames gives each field's name as the RFCs write it, and its compact form.
var fieldNames = [fieldIDs]struct {
	name    string
	compact byte
}{
	FieldVia: {"Via", 'v'}, FieldFrom: {"From", 'f'}, FieldTo: {"To", 't'}, FieldCallID: {"Call-ID", 'i'},
	FieldCSeq: {"CSeq", 0}, FieldMaxForwards: {"Max-Forwards", 0}, FieldContact: {"Contact", 'm'},
	FieldContentLength: {"Content-Length", 'l'}, FieldContentType: {"Content-Type", 'c'},
	FieldContentEncoding: {"Content-Encoding", 'e'}, FieldContentDisposition: {"Content-Disposition", 0},
	FieldRoute: {"Route", 0}, FieldRecordRoute: {"Record-Route", 0}, FieldExpires: {"Expires", 0},
	FieldMinExpires: {"Min-Expires", 0}, FieldUserAgent: {"User-Agent", 0}, FieldServer: {"Server", 0},
	FieldAllow: {"Allow", 0}, FieldSupported: {"Supported", 'k'}, FieldRequire: {"Require", 0},
	FieldProxyRequire: {"Proxy-Require", 0}, FieldUnsupported: {"Unsupported", 0},
	FieldAuthorization: {"Authorization", 0}, FieldWWWAuthenticate: {"WWW-Authenticate", 0},
	FieldProxyAuthorization: {"Proxy-Authorization", 0}, FieldProxyAuthenticate: {"Proxy-Authenticate", 0},
	FieldEvent: {"Event", 'o'}, FieldSubscriptionState: {"Subscription-State", 0}, FieldReferTo: {"Refer-To", 'r'},
	FieldReferredBy: {"Referred-By", 'b'}, FieldReplaces: {"Replaces", 0}, FieldReason: {"Reason", 0},
	FieldRetryAfter: {"Retry-After", 0}, FieldWarning: {"Warning", 0}, FieldDate: {"Date", 0},
	FieldRSeq: {"RSeq", 0}, FieldRAck: {"RAck", 0}, FieldSessionExpires: {"Session-Expires", 'x'},
	FieldMinSE: {"Min-SE", 0}, FieldPath: {"Path", 0}, FieldServiceRoute: {"Service-Route", 0},
	FieldAccept: {"Accept", 0}, FieldSubject: {"Subject", 's'}, FieldPAssertedIdentity: {"P-Asserted-Identity", 0},
	FieldPPreferredIdentity: {"P-Preferred-Identity", 0}, FieldRemotePartyID: {"Remote-Party-ID", 0},
	FieldDiversion: {"Diversion", 0}, FieldHistoryInfo: {"History-Info", 0}, FieldSessionID: {"Session-ID", 0},
	FieldAlertInfo: {"Alert-Info", 0}, FieldMaxBreadth: {"Max-Breadth", 0}, FieldTimestamp: {"Timestamp", 0},
	FieldSIPETag: {"SIP-ETag", 0}, FieldSIPIfMatch: {"SIP-If-Match", 0},
	FieldAuthenticationInfo: {"Authentication-Info", 0}, FieldInReplyTo: {"In-Reply-To", 0}, FieldJoin: {"Join", 0},
	FieldPrivacy: {"Privacy", 0}, FieldErrorInfo: {"Error-Info", 0},
}

// String returns the name as the RFCs write it; "" for FieldOther.
func (id FieldID) String() string {
	if id < fieldIDs {
		return fieldNames[id].name
	}
	return ""
}

// fieldBuckets finds candidates by length and first letter, so that most names are compared once.
var fieldBuckets = func() (t [32][32][]FieldID) {
	for id := FieldOther + 1; id < fieldIDs; id++ {
		n := fieldNames[id].name
		l, c := len(n), (n[0]|0x20)&31
		t[l][c] = append(t[l][c], id)
		if k := fieldNames[id].compact; k != 0 {
			t[1][k&31] = append(t[1][k&31], id)
		}
	}
	return t
}()

// LookupField returns the field that a name, in any case or in its compact form, stands for (RFC 3261 §7.3.1, §7.3.3).
func LookupField(name []byte) FieldID {
	if len(name) == 0 || len(name) >= len(fieldBuckets) {
		return FieldOther
	}
	c := name[0] | 0x20
	if c < 'a' || c > 'z' {
		return FieldOther
	}
	for _, id := range fieldBuckets[len(name)][c&31] {
		if len(name) == 1 || string(name) == fieldNames[id].name || equalFold(name, fieldNames[id].name) {
			return id
		}
	}
	return FieldOther
}

// equalFold compares ASCII without regard to case.
func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		x, y := b[i], s[i]
		if x == y {
			continue
		}
		if x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z' {
			return false
		}
	}
	return true
}

// list reports whether the header field is a comma-separated list, so that one row may hold several values
// (RFC 3261 §7.3.1). Authentication fields are excepted there: their commas separate parameters.
func (id FieldID) list() bool {
	switch id {
	case FieldVia, FieldContact, FieldRoute, FieldRecordRoute, FieldAllow, FieldSupported, FieldRequire, FieldProxyRequire,
		FieldUnsupported, FieldPath, FieldServiceRoute, FieldAccept, FieldPAssertedIdentity, FieldPPreferredIdentity,
		FieldDiversion, FieldHistoryInfo, FieldReason, FieldWarning, FieldContentEncoding, FieldAlertInfo, FieldInReplyTo,
		FieldErrorInfo, FieldRemotePartyID:
		return true
	}
	return false
}
