package sdp

// Direction says which way media flows, as the party sees it that wrote the description (RFC 8866 §6.7).
type Direction uint8

const (
	// DirectionUnknown is no direction; Media.Direction never returns it for a media section.
	DirectionUnknown Direction = iota
	// SendRecv: both ways.
	SendRecv
	// SendOnly: the writer only sends.
	SendOnly
	// RecvOnly: the writer only receives.
	RecvOnly
	// Inactive: neither way.
	Inactive
)

// String returns the attribute's name.
func (d Direction) String() string {
	switch d {
	case SendRecv:
		return "sendrecv"
	case SendOnly:
		return "sendonly"
	case RecvOnly:
		return "recvonly"
	case Inactive:
		return "inactive"
	}
	return "unknown"
}

// Sends reports whether the writer sends.
func (d Direction) Sends() bool { return d == SendRecv || d == SendOnly }

// Receives reports whether the writer receives.
func (d Direction) Receives() bool { return d == SendRecv || d == RecvOnly }

// Fits reports whether an answer may have direction answer to an offer of direction d (RFC 3264 §6.1).
func (d Direction) Fits(answer Direction) bool {
	switch d {
	case SendRecv:
		return answer != DirectionUnknown
	case SendOnly:
		return answer == RecvOnly || answer == Inactive
	case RecvOnly:
		return answer == SendOnly || answer == Inactive
	case Inactive:
		return answer == Inactive
	}
	return false
}

// Direction returns the direction that holds for the section: its own attribute, or else that of the session, or else sendrecv
// (RFC 8866 §6.7). The zero Media has none.
func (m Media) Direction() Direction {
	if m.s == nil {
		return DirectionUnknown
	}
	_, d, ok := m.DirectionAttribute()
	if !ok {
		return SendRecv
	}
	return d
}

// DirectionAttribute returns the attribute that sets the direction of the section, its own or else that of the session, and
// whether there is one.
func (m Media) DirectionAttribute() (Attribute, Direction, bool) {
	if m.s == nil {
		return Attribute{}, DirectionUnknown, false
	}
	for _, lines := range [...][]Line{m.Lines(), m.s.SessionLines()} {
		switch a, id := m.s.firstAttribute(lines, attrSendRecv, attrSendOnly, attrRecvOnly, attrInactive); id {
		case attrSendRecv:
			return a, SendRecv, true
		case attrSendOnly:
			return a, SendOnly, true
		case attrRecvOnly:
			return a, RecvOnly, true
		case attrInactive:
			return a, Inactive, true
		}
	}
	return Attribute{}, DirectionUnknown, false
}

// IsHeld reports whether the stream is one that the writer holds: sendonly or inactive, or with the address 0.0.0.0 as in RFC 2543
// (RFC 3264 §8.4). A rejected stream is not held, nor is one that has 0.0.0.0 because its address comes from ICE candidates or from
// the stream that it is bundled with. Whether it is a hold that somebody pressed can only be told from the description before
// it: a first offer may be inactive for other reasons.
func (m Media) IsHeld() bool {
	return m.s != nil && !m.IsRejected() && m.isHeld()
}

// isHeld is IsHeld of a stream that is in use.
func (m Media) isHeld() bool {
	if d := m.Direction(); d == SendOnly || d == Inactive {
		return true
	}
	c, ok := m.Connection()
	return ok && c.IsNowhere() && !m.HasICE() && !m.has(attrBundleOnly)
}
