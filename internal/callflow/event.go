package callflow

// eventID is the catalogue name of a device's event, kept as a small number.
type eventID uint8

// eventNames are the names that package spalog gives, in its words.
var eventNames = [...]string{"", "off-hook", "on-hook", "hook-flash", "calling", "call-progress", "answered", "failed",
	"audio-released", "ringback", "audio-allocated", "rtp-up", "debug-option", "boot", "reboot", "other"}

func (e eventID) String() string { return eventNames[min(int(e), len(eventNames)-1)] }

func eventOf(name string) eventID {
	for i, n := range eventNames {
		if n == name && i > 0 {
			return eventID(i)
		}
	}
	return eventID(len(eventNames) - 1)
}

// beforeCall reports whether the event comes before the first message of the call that it belongs to.
func (e eventID) beforeCall() bool {
	switch e.String() {
	case "off-hook", "calling":
		return true
	}
	return false
}

// ofCall reports whether the event belongs to a call at all, not to the device.
func (e eventID) ofCall() bool {
	switch e.String() {
	case "off-hook", "on-hook", "hook-flash", "calling", "call-progress", "answered", "failed", "audio-released", "ringback",
		"audio-allocated", "rtp-up":
		return true
	}
	return false
}
