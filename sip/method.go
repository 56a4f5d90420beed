package sip

// Method is a request method (RFC 3261 §7.1). Methods are case-sensitive; a word that is not one of the known methods is
// MethodOther, and Message.MethodName tells how it was written.
type Method uint8

const (
	// MethodUnknown: there is no method, as in a response without CSeq.
	MethodUnknown   Method = iota
	MethodInvite           // RFC 3261
	MethodAck              // RFC 3261
	MethodBye              // RFC 3261
	MethodCancel           // RFC 3261
	MethodOptions          // RFC 3261
	MethodRegister         // RFC 3261
	MethodPrack            // RFC 3262
	MethodSubscribe        // RFC 6665
	MethodNotify           // RFC 6665
	MethodPublish          // RFC 3903
	MethodInfo             // RFC 6086
	MethodRefer            // RFC 3515
	MethodMessage          // RFC 3428
	MethodUpdate           // RFC 3311
	// MethodOther is any other token.
	MethodOther
)

var methodNames = [...]string{
	MethodInvite: "INVITE", MethodAck: "ACK", MethodBye: "BYE", MethodCancel: "CANCEL", MethodOptions: "OPTIONS",
	MethodRegister: "REGISTER", MethodPrack: "PRACK", MethodSubscribe: "SUBSCRIBE", MethodNotify: "NOTIFY",
	MethodPublish: "PUBLISH", MethodInfo: "INFO", MethodRefer: "REFER", MethodMessage: "MESSAGE", MethodUpdate: "UPDATE",
	MethodOther: "",
}

// String returns the method as it is written on the wire; "" for MethodUnknown and MethodOther.
func (m Method) String() string {
	if int(m) < len(methodNames) {
		return methodNames[m]
	}
	return ""
}

// ParseMethod returns the method that b names exactly.
func ParseMethod(b []byte) Method {
	// The switch on a converted slice does not allocate.
	switch string(b) {
	case "INVITE":
		return MethodInvite
	case "ACK":
		return MethodAck
	case "BYE":
		return MethodBye
	case "CANCEL":
		return MethodCancel
	case "OPTIONS":
		return MethodOptions
	case "REGISTER":
		return MethodRegister
	case "PRACK":
		return MethodPrack
	case "SUBSCRIBE":
		return MethodSubscribe
	case "NOTIFY":
		return MethodNotify
	case "PUBLISH":
		return MethodPublish
	case "INFO":
		return MethodInfo
	case "REFER":
		return MethodRefer
	case "MESSAGE":
		return MethodMessage
	case "UPDATE":
		return MethodUpdate
	case "":
		return MethodUnknown
	}
	return MethodOther
}
