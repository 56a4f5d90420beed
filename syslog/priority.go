package syslog

import "strconv"

// Priority is the PRI of a record: facility times 8 plus severity, 0 to 191 (RFC 3164 §4.1.1, RFC 5424 §6.2.1).
type Priority int16

// NoPriority: the record has no PRI.
const NoPriority Priority = -1

// MaxPriority is local7.debug, the highest there is.
const MaxPriority Priority = 191

// Facility is the kind of program that a record is from, 0 to 23 (RFC 5424 table 1).
type Facility uint8

// Severity is how grave a record is, 0 (emergency) to 7 (debug) (RFC 5424 table 2).
type Severity uint8

// The facilities, by the names that syslog.conf uses.
const (
	Kern Facility = iota
	User
	Mail
	Daemon
	Auth
	Syslog
	LPR
	News
	UUCP
	Cron
	AuthPriv
	FTP
	NTP
	Audit
	LogAlert
	Clock
	Local0
	Local1
	Local2
	Local3
	Local4
	Local5
	Local6
	Local7
)

// The severities.
const (
	Emergency Severity = iota
	Alert
	Critical
	Error
	Warning
	Notice
	Informational
	Debug
)

var facilityNames = [...]string{
	"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
	"ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
}

var severityNames = [...]string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}

// Other names for the same, as Kiwi and older configurations write them.
var facilityAliases = [...]struct {
	name string
	f    Facility
}{{"kernel", Kern}, {"security", Auth}}

var severityAliases = [...]struct {
	name string
	s    Severity
}{
	{"emergency", Emergency}, {"panic", Emergency}, {"critical", Critical}, {"error", Error}, {"warn", Warning},
	{"informational", Informational},
}

// MakePriority returns the priority of a facility and a severity; NoPriority if one of them is out of range.
func MakePriority(f Facility, s Severity) Priority {
	if f > Local7 || s > Debug {
		return NoPriority
	}
	return Priority(f)<<3 | Priority(s)
}

// Valid reports whether p is 0 to 191.
func (p Priority) Valid() bool { return p >= 0 && p <= MaxPriority }

// Facility returns the facility; User, which RFC 3164 §4.3.3 supplies, if p is not valid.
func (p Priority) Facility() Facility {
	if !p.Valid() {
		return User
	}
	return Facility(p >> 3)
}

// Severity returns the severity; Notice, which RFC 3164 §4.3.3 supplies, if p is not valid.
func (p Priority) Severity() Severity {
	if !p.Valid() {
		return Notice
	}
	return Severity(p & 7)
}

// String returns "local2.debug", or "" if p is not valid.
func (p Priority) String() string {
	if !p.Valid() {
		return ""
	}
	return p.Facility().String() + "." + p.Severity().String()
}

// String returns the name as in syslog.conf: "local2".
func (f Facility) String() string {
	if int(f) < len(facilityNames) {
		return facilityNames[f]
	}
	return "facility" + strconv.Itoa(int(f))
}

// String returns the name as in syslog.conf: "debug".
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return "severity" + strconv.Itoa(int(s))
}

// ParseFacility reads a name in any case ("Local2", "kernel").
func ParseFacility(name []byte) (Facility, bool) {
	for i, n := range facilityNames {
		if equalFold(name, n) {
			return Facility(i), true
		}
	}
	for _, a := range facilityAliases {
		if equalFold(name, a.name) {
			return a.f, true
		}
	}
	return 0, false
}

// ParseSeverity reads a name in any case ("Debug", "error").
func ParseSeverity(name []byte) (Severity, bool) {
	for i, n := range severityNames {
		if equalFold(name, n) {
			return Severity(i), true
		}
	}
	for _, a := range severityAliases {
		if equalFold(name, a.name) {
			return a.s, true
		}
	}
	return 0, false
}

// ParsePriority reads "Local2.Debug", the form of Kiwi and of syslog.conf.
func ParsePriority(name []byte) (Priority, bool) {
	for i, c := range name {
		if c != '.' {
			continue
		}
		f, ok1 := ParseFacility(name[:i])
		s, ok2 := ParseSeverity(name[i+1:])
		if !ok1 || !ok2 {
			return NoPriority, false
		}
		return MakePriority(f, s), true
	}
	return NoPriority, false
}

// AppendPRI appends "<134>"; nothing if p is not valid.
func (p Priority) AppendPRI(dst []byte) []byte {
	if !p.Valid() {
		return dst
	}
	dst = append(dst, '<')
	dst = strconv.AppendUint(dst, uint64(p), 10)
	return append(dst, '>')
}

// ParsePRI reads the PRI at the beginning of b and returns it with its length, 3 to 5; NoPriority and 0 if there is none.
// A leading zero makes it none: RFC 5424 §6.2.1 forbids it, and what looks so is Kiwi's escape "<013>".
func ParsePRI(b []byte) (Priority, int) {
	if len(b) < 3 || b[0] != '<' || b[1]-'0' > 9 {
		return NoPriority, 0
	}
	p, n := Priority(b[1]-'0'), 2
	for n < len(b) && n < 4 && b[n]-'0' <= 9 {
		p = p*10 + Priority(b[n]-'0')
		n++
	}
	if n == len(b) || b[n] != '>' || p > MaxPriority || b[1] == '0' && n > 2 {
		return NoPriority, 0
	}
	return p, n + 1
}

// equalFold compares b without regard to the case of ASCII letters with a word in lower case.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
