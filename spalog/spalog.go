// Package spalog reads and writes what a Sipura, Linksys or Cisco SPA adapter says in its syslog beside SIP.
//
// Each line is a datagram of its own. n is the line of the adapter, from 0 on the wire and from 1 in an Event:
//
//	[n]Off Hook                       off-hook         the handset was lifted
//	[n]On Hook                        on-hook
//	[n]Hook Flash                     hook-flash
//	Calling:<number>@<host>           calling          which line calls is said in the NEXT datagram
//	CC:CallProgress                   call-progress
//	CC:Ringback                       ringback
//	CC:Remote Resume                  answered
//	CC:Failed w/ Calling …            failed           which line it was is said in the PREVIOUS datagram
//	[n]AUD ALLOC CALL                 audio-allocated
//	[n]AUD Rel Call                   audio-released
//	[n]RTP Rx Up                      rtp-up
//	[n]RSE_DEBUG …                    rse-debug
//	[n] lcfg->ucAdpDebugOpt1:4        debug-option     4: the SIP messages are logged in full
//	SYSCFG:WARMBOOT 24 83             boot
//	system request reboot             reboot
//	[0:5060]<<…  [0]->ip:port…        direction        a message was received, is sent; SIP may follow
//	fu:1:36e4, 0083 0001              other            as anything else that begins with [n], CC:, SYSCFG:, AUD or RTP
//
// rsyslog takes a word before a colon for the TAG of a syslog header and puts a blank behind it, and one before a text that begins
// with a bracket. So a log of rsyslog has "CC: CallProgress", "Calling: <number>@<host>" and " [n]Off Hook", which are read, too.
//
// CC:Ringback, AUD ALLOC CALL, RTP Rx Up, RSE_DEBUG and the direction markers were in no log that could be examined; they
// are read in case they come.
package spalog

import (
	"bytes"
	"strconv"
)

// Kind is what a line tells.
type Kind uint8

const (
	// Unknown is the zero value: not a line of an SPA.
	Unknown Kind = iota
	// OffHook: the handset of Line was lifted.
	OffHook
	// OnHook: the handset of Line was put back.
	OnHook
	// HookFlash: the hook of Line was pressed for a moment.
	HookFlash
	// Calling: a call goes out to Number at Host. The line has no line number; the next datagram has it.
	Calling
	// CallProgress: a provisional response came.
	CallProgress
	// Ringback: the adapter plays the ringing tone.
	Ringback
	// Answered: the other end took the call ("Remote Resume").
	Answered
	// Failed: the call did not come about. Text is the reason. The line has no line number; the previous datagram has it.
	Failed
	// AudioAllocated: the adapter made ready to send and receive audio for Line.
	AudioAllocated
	// AudioReleased: the audio of Line was released.
	AudioReleased
	// RTPUp: audio comes in.
	RTPUp
	// RSEDebug is debug output; Text is what follows its name.
	RSEDebug
	// DebugOption: Text is the name of a debug option, Number its value.
	DebugOption
	// Boot: the adapter started; Text is how ("WARMBOOT 24 83").
	Boot
	// Reboot: the adapter was told to start anew.
	Reboot
	// Direction marks a SIP message as sent or received.
	Direction
	// Other is a line of an SPA whose meaning is not known; Text is all of it but the line number.
	Other
)

var kindNames = [...]string{
	"unknown", "off-hook", "on-hook", "hook-flash", "calling", "call-progress", "ringback", "answered", "failed",
	"audio-allocated", "audio-released", "rtp-up", "rse-debug", "debug-option", "boot", "reboot", "direction", "other",
}

// String returns the name of the catalogue: "off-hook".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Way is the direction that a marker states, as the adapter sees it.
type Way uint8

const (
	// WayUnknown: the line is not a direction marker.
	WayUnknown Way = iota
	// Sent: "->" or ">>".
	Sent
	// Received: "<<" or "<-".
	Received
)

// String returns "sent", "received" or "unknown".
func (w Way) String() string {
	switch w {
	case Sent:
		return "sent"
	case Received:
		return "received"
	}
	return "unknown"
}

// Event is one line. The slices borrow the text that was parsed.
type Event struct {
	Kind Kind
	Line int // of the adapter, from 1; 0: the line does not say
	// Number is the number called (all before the last '@'), or the value of a debug option.
	Number []byte
	Host   []byte // where the call goes, with a port if the line has one
	Text   []byte // what stands behind the words that tell the kind; for Other all
	// Way, Port and Endpoint are those of a direction marker: the adapter's own port (0: not said) and the other end's
	// "ip:port" (empty: not said).
	Way      Way
	Port     int
	Endpoint []byte
	// Blank is the offset in the text parsed of the blank that rsyslog put behind a colon ("CC: CallProgress"); 0: there is none. Without
	// this byte the text is as it was sent.
	Blank int
	// SIPStart is where in the text parsed the SIP message begins that follows a direction marker; 0 if none does.
	SIPStart int
}

// words are the lines that are told by how they begin, behind a line number if there is one.
var words = [...]struct {
	text string
	kind Kind
	more bool // text may follow
}{
	{"Off Hook", OffHook, false},
	{"On Hook", OnHook, false},
	{"Hook Flash", HookFlash, false},
	{"CC:CallProgress", CallProgress, true},
	{"CC:Ringback", Ringback, true},
	{"CC:Remote Resume", Answered, true},
	{"CC:Failed", Failed, true},
	{"AUD ALLOC CALL", AudioAllocated, true},
	{"AUD Rel Call", AudioReleased, true},
	{"RTP Rx Up", RTPUp, true},
	{"RSE_DEBUG", RSEDebug, true},
	{"system request reboot", Reboot, false},
}

// families are how lines begin that are an SPA's whatever follows.
var families = [...]string{"CC:", "SYSCFG:", "AUD ", "RTP ", "fu:"}

// maxLine bounds the number in brackets: no adapter has more lines than two digits can count.
const maxLine = 99

// Parse reads the text of one datagram, without its header; blanks before it and blanks and line ends at its end do not count. It
// reports false if the text is none of an SPA's lines (a SIP message, for example). It does not allocate.
func Parse(text []byte) (Event, bool) {
	all, lead := text, 0
	text = bytes.TrimRight(text, " \t\r\n\x00")
	for len(text) > 0 && text[0] == ' ' {
		text = text[1:]
		lead++
	}
	var e Event
	rest := text
	if n, line, port := bracket(text); n > 0 {
		e.Line, e.Port = line, port
		rest = bytes.TrimLeft(text[n:], " ")
		if way := marker(rest); way != WayUnknown {
			e.Kind, e.Way = Direction, way
			e.follow(all, lead+len(text)-len(rest)+2)
			return e, true
		}
		if port != 0 {
			return Event{}, false
		}
		if len(rest) == 0 {
			return Event{}, false
		}
	}
	colon := 0
	if e.Line == 0 {
		colon = tag(rest)
	}
	for i := range words {
		w := &words[i]
		n, broken := wordLen(rest, w.text, colon)
		if n == 0 {
			continue
		}
		more := rest[n:]
		if len(more) > 0 && (!w.more || more[0] != ' ' && w.kind != RSEDebug) {
			continue
		}
		e.Kind, e.Text = w.kind, bytes.TrimLeft(more, " ")
		if broken {
			e.Blank = lead + colon + 1
		}
		return e, true
	}
	if n, broken := wordLen(rest, "Calling:", colon); n > 0 {
		number := rest[n:]
		if i := bytes.LastIndexByte(number, '@'); i >= 0 && bytes.IndexByte(number, ' ') < 0 {
			e.Kind, e.Number, e.Host = Calling, number[:i], number[i+1:]
			if broken {
				e.Blank = lead + colon + 1
			}
			return e, true
		}
	}
	if option, ok := bytes.CutPrefix(rest, []byte("lcfg->")); ok {
		if i := bytes.LastIndexByte(option, ':'); i > 0 && i+1 < len(option) {
			e.Kind, e.Text, e.Number = DebugOption, option[:i], option[i+1:]
			if colon == len(rest)-len(option)+i {
				e.Number, e.Blank = e.Number[1:], lead+colon+1
			}
			return e, true
		}
	}
	if n, broken := wordLen(rest, "SYSCFG:", colon); n > 0 {
		boot := rest[n:]
		word := boot
		if i := bytes.IndexByte(boot, ' '); i >= 0 {
			word = boot[:i]
		}
		if bytes.HasSuffix(word, []byte("BOOT")) {
			e.Kind, e.Text = Boot, boot
			if broken {
				e.Blank = lead + colon + 1
			}
			return e, true
		}
	}
	known := e.Line > 0
	for _, f := range families {
		if len(rest) >= len(f) && string(rest[:len(f)]) == f {
			known = true
			if colon == len(f)-1 && colon > 0 {
				e.Blank = lead + colon + 1
			}
		}
	}
	if !known {
		return Event{}, false
	}
	e.Kind, e.Text = Other, rest
	return e, true
}

// tag returns the offset of the first colon in b, if it has one blank behind it and then something else; 0 if not.
func tag(b []byte) int {
	if i := bytes.IndexByte(b, ':'); i > 0 && i+2 < len(b) && b[i+1] == ' ' && b[i+2] > ' ' {
		return i
	}
	return 0
}

// wordLen returns how much of b a word takes that b begins with; 0 if it does not. broken: with a blank behind the colon at b[colon].
func wordLen(b []byte, word string, colon int) (n int, broken bool) {
	if len(b) >= len(word) && string(b[:len(word)]) == word {
		if colon == len(word)-1 && colon > 0 {
			return colon + 2, true
		}
		return len(word), false
	}
	if k := colon + 1; colon > 0 && k < len(word) && len(b) > len(word) && string(b[:k]) == word[:k] && string(b[k+1:len(word)+1]) == word[k:] {
		return len(word) + 1, true
	}
	return 0, false
}

// bracket reads "[n]" or "[n:port]" at the beginning of b: its length, the line from 1 and the port. The length is 0 if there is none.
func bracket(b []byte) (n, line, port int) {
	if len(b) < 3 || b[0] != '[' {
		return 0, 0, 0
	}
	v, k := number(b[1:])
	if k == 0 || v >= maxLine {
		return 0, 0, 0
	}
	n = 1 + k
	if n < len(b) && b[n] == ':' {
		p, k := number(b[n+1:])
		if k == 0 || p == 0 || p > 65535 {
			return 0, 0, 0
		}
		port = p
		n += 1 + k
	}
	if n >= len(b) || b[n] != ']' {
		return 0, 0, 0
	}
	return n + 1, v + 1, port
}

// number reads up to five digits without a needless zero.
func number(b []byte) (v, n int) {
	for n < len(b) && n < 5 && b[n]-'0' <= 9 {
		v = 10*v + int(b[n]-'0')
		n++
	}
	if n > 1 && b[0] == '0' {
		return 0, 0
	}
	return v, n
}

func marker(b []byte) Way {
	if len(b) < 2 {
		return WayUnknown
	}
	switch string(b[:2]) {
	case "->", ">>":
		return Sent
	case "<<", "<-":
		return Received
	}
	return WayUnknown
}

// follow reads what is behind the marker at text[at:]: the other end, the length in parentheses that some versions write, and SIP or
// another text.
func (e *Event) follow(text []byte, at int) {
	at += blanks(text[at:])
	if n := endpointLen(text[at:]); n > 0 {
		e.Endpoint = text[at : at+n]
		at += n
		if at < len(text) && text[at] == '(' {
			if _, k := number(text[at+1:]); k > 0 && at+k+1 < len(text) && text[at+k+1] == ')' {
				at += k + 2
			}
		}
	}
	at += blanks(text[at:])
	if isSIP(text[at:]) {
		e.SIPStart = at
		return
	}
	e.Text = bytes.TrimRight(text[at:], " \t\r\n\x00")
}

func blanks(b []byte) int { return len(b) - len(bytes.TrimLeft(b, " \t\r\n")) }

// endpointLen returns the length of an address, with or without a port, at the beginning of b: digits and dots, or brackets with
// IPv6 in them; 0 if there is none.
func endpointLen(b []byte) int {
	n, dots := 0, 0
	if len(b) > 0 && b[0] == '[' {
		for n = 1; n < len(b) && (isHex(b[n]) || b[n] == ':' || b[n] == '.'); n++ {
			if b[n] == ':' {
				dots++
			}
		}
		if n == len(b) || b[n] != ']' || dots < 2 {
			return 0
		}
		n++
	} else {
		for ; n < len(b) && n < 15 && (b[n]-'0' <= 9 || b[n] == '.'); n++ {
			if b[n] == '.' {
				dots++
			}
		}
		if dots != 3 {
			return 0
		}
	}
	if n < len(b) && b[n] == ':' {
		if p, k := number(b[n+1:]); k > 0 && p <= 65535 {
			n += 1 + k
		}
	}
	if n < len(b) && b[n] > ' ' && b[n] != '(' {
		return 0
	}
	return n
}

func isHex(c byte) bool { return c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'f' }

// isSIP reports whether b begins as a SIP message does (RFC 3261 §7.1, §7.2): "SIP/2.0 " or a method and a URI.
func isSIP(b []byte) bool {
	if bytes.HasPrefix(b, []byte("SIP/2.0 ")) {
		return true
	}
	n := 0
	for n < len(b) && n < 16 && b[n] >= 'A' && b[n] <= 'Z' {
		n++
	}
	if n < 2 || n == len(b) || b[n] != ' ' {
		return false
	}
	b = b[n+1:]
	return bytes.HasPrefix(b, []byte("sip:")) || bytes.HasPrefix(b, []byte("sips:")) || bytes.HasPrefix(b, []byte("tel:"))
}

// Append appends the line that tells e, without a line end. Parse reads it back, if e is one that Parse can return: SIPStart
// is not written (the caller appends the message), and of a Calling or Failed the line number is, if it is set, though an
// adapter does not say it there. Nothing is appended for Unknown.
func Append(dst []byte, e Event) []byte {
	if e.Kind == Unknown || int(e.Kind) >= len(kindNames) {
		return dst
	}
	if e.Line > 0 {
		dst = append(dst, '[')
		dst = strconv.AppendInt(dst, int64(e.Line-1), 10)
		if e.Kind == Direction && e.Port > 0 {
			dst = append(dst, ':')
			dst = strconv.AppendInt(dst, int64(e.Port), 10)
		}
		dst = append(dst, ']')
	}
	switch e.Kind {
	case Calling:
		dst = append(dst, "Calling:"...)
		dst = append(dst, e.Number...)
		dst = append(dst, '@')
		return append(dst, e.Host...)
	case DebugOption:
		dst = append(dst, " lcfg->"...)
		dst = append(dst, e.Text...)
		dst = append(dst, ':')
		return append(dst, e.Number...)
	case Boot:
		dst = append(dst, "SYSCFG:"...)
		return append(dst, e.Text...)
	case Other:
		return append(dst, e.Text...)
	case Direction:
		mark := "->"
		if e.Way == Received {
			mark = "<<"
		}
		dst = append(dst, mark...)
		dst = append(dst, e.Endpoint...)
		if len(e.Text) > 0 {
			dst = append(dst, ' ')
			dst = append(dst, e.Text...)
		}
		return dst
	}
	for i := range words {
		if words[i].kind != e.Kind {
			continue
		}
		dst = append(dst, words[i].text...)
		if words[i].more && len(e.Text) > 0 {
			dst = append(dst, ' ')
			dst = append(dst, e.Text...)
		}
	}
	return dst
}
