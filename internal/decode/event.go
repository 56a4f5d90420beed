package decode

import (
	"sipscribe/internal/capture"
	"sipscribe/spalog"
)

// DeviceEvent recognises what a device of the SPA family says beside SIP.
func DeviceEvent(text []byte) (EventLine, bool) {
	e, ok := spalog.Parse(text)
	if !ok {
		return EventLine{}, false
	}
	if e.Kind == spalog.Direction {
		line := EventLine{Announces: true, Direction: capture.Received, Peer: ParseEndpoint(e.Endpoint)}
		if e.Way == spalog.Sent {
			line.Direction = capture.Sent
		}
		return line, true
	}
	line := EventLine{Event: capture.Event{Name: e.Kind.String(), Line: e.Line}, Blank: e.Blank}
	switch e.Kind {
	case spalog.Calling:
		line.Event.Subject = e.Number
	case spalog.DebugOption:
		line.Event.Subject = e.Text[:len(e.Text)+1+len(e.Number)] // "ucAdpDebugOpt1:4", as it stands in the text
	case spalog.Other:
		line.Weak = true
	default:
		line.Event.Subject = e.Text
	}
	return line, true
}
