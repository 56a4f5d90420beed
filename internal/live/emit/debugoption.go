package emit

import (
	"fmt"
	"strings"

	"sipscribe/sip"
)

// DebugOption is the SIP Debug Option of a line of an SPA: which of its SIP messages are logged, and how much of each (Linksys SPA9000
// Administrator Guide, chapter 6, Line Tab). The values are in the order in which the device offers them.
type DebugOption uint8

const (
	DebugNone           DebugOption = iota // the device's default
	DebugOneLine                           // the start line of every message
	DebugOneLineExclOPT                    // … but of OPTIONS and their responses
	DebugOneLineExclNTFY
	DebugOneLineExclREG
	DebugOneLineExclAll // excl. OPT|NTFY|REG
	DebugFull           // every message, whole
	DebugFullExclOPT
	DebugFullExclNTFY
	DebugFullExclREG
	DebugFullExclAll
)

var debugOptionNames = [...]string{
	"none",
	"1-line", "1-line excl. OPT", "1-line excl. NTFY", "1-line excl. REG", "1-line excl. OPT|NTFY|REG",
	"full", "full excl. OPT", "full excl. NTFY", "full excl. REG", "full excl. OPT|NTFY|REG",
}

// DebugOptions lists the names of all values, as the device's web page has them.
func DebugOptions() []string { return append([]string(nil), debugOptionNames[:]...) }

// ParseDebugOption reads a name as the device's web page has it. Case and blanks do not count, nor whether the full stop is there.
func ParseDebugOption(name string) (DebugOption, error) {
	for i, s := range debugOptionNames {
		if squeeze(s) == squeeze(name) {
			return DebugOption(i), nil
		}
	}
	return DebugNone, fmt.Errorf("there is no SIP Debug Option %q; there are %s", name, strings.Join(debugOptionNames[:], ", "))
}

// squeeze takes out what people write in several ways.
func squeeze(s string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", ".", "", "\t", "").Replace(s))
}

// String returns the name as the device's web page has it.
func (o DebugOption) String() string {
	if int(o) < len(debugOptionNames) {
		return debugOptionNames[o]
	}
	return "unknown"
}

// OneLine reports whether only start lines are logged.
func (o DebugOption) OneLine() bool { return o >= DebugOneLine && o <= DebugOneLineExclAll }

// Logs reports whether messages of a method are logged: requests, and the responses to them.
func (o DebugOption) Logs(m sip.Method) bool {
	switch o {
	case DebugOneLine, DebugFull:
		return true
	case DebugOneLineExclOPT, DebugFullExclOPT:
		return m != sip.MethodOptions
	case DebugOneLineExclNTFY, DebugFullExclNTFY:
		return m != sip.MethodNotify
	case DebugOneLineExclREG, DebugFullExclREG:
		return m != sip.MethodRegister
	case DebugOneLineExclAll, DebugFullExclAll:
		return m != sip.MethodOptions && m != sip.MethodNotify && m != sip.MethodRegister
	}
	return false
}
