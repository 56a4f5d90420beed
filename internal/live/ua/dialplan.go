package ua

import (
	"fmt"
	"strings"
	"time"
)

// DialPlan says which digits make a number, in the syntax of the SPA's Dial Plan setting: sequences between parentheses, of which the first
// that fits counts.
//
//	(*xx|[3469]11|0|00|[2-9]xxxxxx|1xxx[2-9]xxxxxxS0|<9:1>xxx.|[2-4]xx!)
//
//	0-9 * #      that key
//	x            any digit
//	[2-46]       one of them
//	.            the element before it, any number of times, also none
//	<9:1>        9 is dialled, 1 is sent; <:1> puts a 1 before what follows
//	,            another dial tone is played here
//	!            at the end: such numbers are refused
//	S0 L12 P5    S: seconds to wait for more when a number is whole (at the end); L: between digits; P: before a hot line is called
type DialPlan struct {
	sequences []sequence
}

// The timers of a dial plan that names none (Interdigit Long Timer, Interdigit Short Timer).
const (
	interdigitLong  = 10 * time.Second
	interdigitShort = 3 * time.Second
)

// Limits of a dial plan and of what is dialled; a plan of an SPA has at most 2047 characters.
const (
	maxDialPlan = 2047
	MaxDigits   = 64
)

// DefaultDialPlan is the one that an SPA comes with.
const DefaultDialPlan = "(*xx|[3469]11|0|00|[2-9]xxxxxx|1xxx[2-9]xxxxxxS0|xxxxxxxxxxxx.)"

type sequence struct {
	elements    []element
	refuse      bool
	long, short time.Duration
	hotline     time.Duration // -1: not one
}

// element is one key, or several of which each will do.
type element struct {
	keys   uint16 // bits 0 to 9 are digits, 10 is '*', 11 is '#'
	repeat bool   // any number of times
	// send is what is sent in place of the key if replace is set.
	send    string
	replace bool
	empty   bool // no key: send goes out before what follows
}

const allDigits = 1<<10 - 1

func keyBit(c byte) (uint16, bool) {
	switch {
	case c >= '0' && c <= '9':
		return 1 << (c - '0'), true
	case c == '*':
		return 1 << 10, true
	case c == '#':
		return 1 << 11, true
	}
	return 0, false
}

// ParseDialPlan reads a dial plan. An error names the column, from 1.
func ParseDialPlan(s string) (*DialPlan, error) {
	if len(s) > maxDialPlan {
		return nil, fmt.Errorf("dial plan of %d characters: an SPA takes at most %d", len(s), maxDialPlan)
	}
	body := strings.TrimSpace(s)
	start := strings.Index(s, body)
	if len(body) < 2 || body[0] != '(' || body[len(body)-1] != ')' {
		return nil, fmt.Errorf("dial plan: it must stand between parentheses, such as (911|xxx.)")
	}
	p := &DialPlan{}
	at := start + 1
	for part := range strings.SplitSeq(body[1:len(body)-1], "|") {
		seq, col, err := parseSequence(part)
		if err != nil {
			return nil, fmt.Errorf("dial plan, column %d: %w", at+col+1, err)
		}
		p.sequences = append(p.sequences, seq)
		at += len(part) + 1
	}
	return p, nil
}

func parseSequence(s string) (seq sequence, col int, err error) {
	seq = sequence{long: interdigitLong, short: interdigitShort, hotline: -1}
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == ',' || c == '-':
			i++ // a tone is the telephone's; blanks and hyphens are for the reader
		case c == '!':
			if i != len(s)-1 {
				return seq, i, fmt.Errorf("%q must stand at the end of a sequence", '!')
			}
			seq.refuse = true
			i++
		case c == 'S' || c == 's' || c == 'L' || c == 'l' || c == 'P' || c == 'p':
			n, j := 0, i+1
			for ; j < len(s) && s[j] >= '0' && s[j] <= '9' && n < 1000; j++ {
				n = n*10 + int(s[j]-'0')
			}
			if j == i+1 && c|0x20 != 'p' {
				return seq, i, fmt.Errorf("%q needs a number of seconds", c)
			}
			d := time.Duration(n) * time.Second
			switch c | 0x20 {
			case 's':
				seq.short = d
			case 'l':
				seq.long = d
			default:
				seq.hotline = d
			}
			i = j
		case c == '<':
			j := strings.IndexByte(s[i:], '>')
			if j < 0 {
				return seq, i, fmt.Errorf("%q without %q", '<', '>')
			}
			from, to, ok := strings.Cut(s[i+1:i+j], ":")
			if !ok {
				return seq, i, fmt.Errorf("%q needs a colon, such as <9:1>", s[i:i+j+1])
			}
			if k := strings.IndexFunc(to, func(r rune) bool { return !strings.ContainsRune("0123456789*#+", r) }); k >= 0 {
				return seq, i + 1 + len(from) + 1 + k, fmt.Errorf("%q cannot be dialled", to[k])
			}
			if from == "" {
				seq.elements = append(seq.elements, element{empty: true, replace: true, send: to})
			}
			for k := 0; k < len(from); k++ {
				keys, n, err := parseKeys(from[k:])
				if err != nil {
					return seq, i + 1 + k, err
				}
				e := element{keys: keys, replace: true}
				if k == 0 {
					e.send = to
				}
				seq.elements = append(seq.elements, e)
				k += n - 1
			}
			i += j + 1
		case c == '.':
			if len(seq.elements) == 0 || seq.elements[len(seq.elements)-1].empty {
				return seq, i, fmt.Errorf("nothing that %q could repeat", '.')
			}
			seq.elements[len(seq.elements)-1].repeat = true
			i++
		default:
			keys, n, err := parseKeys(s[i:])
			if err != nil {
				return seq, i, err
			}
			seq.elements = append(seq.elements, element{keys: keys})
			i += n
		}
	}
	return seq, 0, nil
}

// parseKeys reads one key or set of keys at the beginning of s, which is not empty.
func parseKeys(s string) (keys uint16, n int, err error) {
	if s[0] == 'x' || s[0] == 'X' {
		return allDigits, 1, nil
	}
	if s[0] != '[' {
		keys, ok := keyBit(s[0])
		if !ok {
			return 0, 0, fmt.Errorf("%q is no key", s[0])
		}
		return keys, 1, nil
	}
	end := strings.IndexByte(s, ']')
	if end < 0 {
		return 0, 0, fmt.Errorf("%q without %q", '[', ']')
	}
	set := s[1:end]
	for i := 0; i < len(set); i++ {
		if i+2 < len(set) && set[i+1] == '-' && set[i] >= '0' && set[i] <= set[i+2] && set[i+2] <= '9' {
			for c := set[i]; c <= set[i+2]; c++ {
				keys |= 1 << (c - '0')
			}
			i += 2
			continue
		}
		if set[i] == 'x' || set[i] == 'X' {
			keys |= allDigits
			continue
		}
		k, ok := keyBit(set[i])
		if !ok {
			return 0, 0, fmt.Errorf("%q is no key", set[i])
		}
		keys |= k
	}
	if keys == 0 {
		return 0, 0, fmt.Errorf("an empty set")
	}
	return keys, end + 1, nil
}

// Dialled is what a dial plan makes of the digits so far.
type Dialled struct {
	// Number to be called; empty as long as the digits make none.
	Number string
	// Refused: the plan forbids the number, or no sequence begins like this.
	Refused bool
	// Wait is how long to wait for another digit: then Number is called or, if there is none, the attempt is given up. 0: call now.
	Wait time.Duration
}

// Match says what to do after these digits (keys 0-9, * and #).
func (p *DialPlan) Match(digits string) Dialled {
	if len(digits) > MaxDigits {
		return Dialled{Refused: true}
	}
	var out Dialled
	found, more := false, false
	var long, short time.Duration
	for i := range p.sequences {
		s := &p.sequences[i]
		number, whole, longer := s.match(digits)
		if longer {
			if !more || s.long > long {
				long = s.long
			}
			more = true
		}
		if whole && !found {
			found = true
			out.Number, out.Refused = number, s.refuse
			short = s.short
			if digits == "" && s.hotline >= 0 {
				short = s.hotline
			}
			if s.short == 0 {
				more = false // S0: this sequence does not wait for a longer one
				break
			}
		}
	}
	switch {
	case found && out.Refused && !more:
		return Dialled{Refused: true}
	case found && out.Refused:
		return Dialled{Wait: long}
	case found && digits == "" && out.Number == "":
		return Dialled{Wait: long}
	case found && (more || digits == ""):
		out.Wait = short
		return out
	case found:
		return out
	case more:
		return Dialled{Wait: long}
	}
	return Dialled{Refused: true}
}

// match reports whether the digits are a whole number of the sequence, and whether they may be the beginning of a longer one.
func (s *sequence) match(digits string) (number string, whole, longer bool) {
	type state struct{ element, digit int }
	seen := map[state]bool{}
	var sent []byte
	var walk func(e, d int) bool
	walk = func(e, d int) bool {
		if e == len(s.elements) {
			return d == len(digits)
		}
		at := state{e, d}
		if seen[at] {
			return false
		}
		seen[at] = true
		el := &s.elements[e]
		n := len(sent)
		if el.empty {
			sent = append(sent, el.send...)
			if walk(e+1, d) {
				return true
			}
			sent = sent[:n]
			return false
		}
		if d == len(digits) {
			longer = true
			return el.repeat && walk(e+1, d)
		}
		if k, ok := keyBit(digits[d]); ok && el.keys&k != 0 {
			if el.replace {
				sent = append(sent, el.send...)
			} else {
				sent = append(sent, digits[d])
			}
			next := e + 1
			if el.repeat {
				next = e
			}
			if walk(next, d+1) {
				return true
			}
			sent = sent[:n]
		}
		return el.repeat && walk(e+1, d)
	}
	whole = walk(0, 0)
	return string(sent), whole, longer
}
