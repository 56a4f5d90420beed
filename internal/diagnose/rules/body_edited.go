package rules

import (
	"bytes"
	"fmt"
	"net/netip"

	"sipscribe/internal/capture"
	"sipscribe/internal/diagnose"
	"sipscribe/sip"
)

// BodyEdited finds bodies whose length shows that somebody replaced addresses in the log.
var BodyEdited = &diagnose.Rule{
	Code:     "body-edited",
	Title:    "Somebody edited this message in the log",
	Severity: diagnose.SeverityNote,
	Text: `The body is whole, but not as long as Content-Length says, by just so much as other addresses of the usual lengths would make up for. Logs
are often made anonymous by hand before they are shown. The addresses in the text are then not those of the call, and equal ones
need not be equal.`,
	Refs:  []diagnose.Ref{diagnose.RFC(3261, "20.14")},
	Mend:  "Replace each address with another of the same length, and the same one each time; or show the log as it is.",
	Since: "0.1.0",
	Run:   runBodyEdited,
}

func runBodyEdited(p *diagnose.Pass) {
	if p.Sound() {
		return
	}
	for i := range p.Call.Hops {
		h := &p.Call.Hops[i]
		if h.Kind != capture.KindMessage || h.Missing != capture.MissingNothing || p.Damaged(i) || h.Duplicate {
			continue
		}
		m := p.Message(i)
		deficit := 0
		if _, short := m.Problem(sip.ProblemBodyShort); short && !lostLineEnd(m) {
			deficit = m.DeclaredLength - m.Body.Len()
		} else if _, long := m.Problem(sip.ProblemBodyLong); long && len(bytes.TrimSpace(m.Text(m.Trail))) > 0 {
			deficit = -m.Trail.Len()
		}
		if deficit == 0 || m.Body.Len() == 0 {
			continue
		}
		have := m.Body.Len() + m.Trail.Len()
		body := m.Raw[m.Body.Start:m.Trail.End]
		how, ok := addressesExplain(body, deficit)
		if !ok || !wholeDescription(body) {
			continue
		}
		p.MarkDamaged(i)
		p.Report(diagnose.Finding{Evidence: p.Evidence(i, m.Body),
			Text: fmt.Sprintf("edited: the body is whole but has %d bytes, not %d; %s would explain it", have, m.DeclaredLength, how)})
	}
}

// wholeDescription reports whether a body is a session description that ends with a whole line.
func wholeDescription(body []byte) bool {
	return isDescription(body) && body[len(body)-1] == '\n' && bytes.Contains(body, []byte("\nm="))
}

// addressesExplain reports whether other addresses in place of those shown can make a body longer by deficit bytes (shorter, if it is negative), and
// says how. IPv4 addresses have 7 to 15 characters.
func addressesExplain(body []byte, deficit int) (string, bool) {
	addresses := findIPv4(body)
	n := len(addresses)
	if n == 0 || deficit == 0 {
		return "", false
	}
	each, word, room := deficit, "shortened", func(a int) int { return 15 - a }
	if deficit < 0 {
		each, word, room = -deficit, "lengthened", func(a int) int { return a - 7 }
	}
	// The likeliest first: all of them were one address, and changed alike.
	if each%n == 0 && fits(addresses, each/n, room) {
		return fmt.Sprintf("%s %s by %s%s", count(n, "address", "addresses"), word, count(each/n, "character", "characters"), eachWord(n)), true
	}
	total := 0
	for _, a := range addresses {
		total += max(0, room(a))
	}
	if each <= total {
		return fmt.Sprintf("addresses %s by %s in all", word, count(each, "character", "characters")), true
	}
	return "", false
}

func eachWord(n int) string {
	if n > 1 {
		return " each"
	}
	return ""
}

func fits(addresses []int, by int, room func(int) int) bool {
	for _, a := range addresses {
		if by > room(a) {
			return false
		}
	}
	return true
}

// findIPv4 returns the lengths of the IPv4 addresses in a body.
func findIPv4(body []byte) []int {
	var out []int
	for i := 0; i < len(body) && len(out) < 32; {
		if body[i] < '0' || body[i] > '9' || i > 0 && (body[i-1] == '.' || body[i-1] >= '0' && body[i-1] <= '9') {
			i++
			continue
		}
		j := i
		for j < len(body) && j-i < 16 && (body[j] == '.' || body[j] >= '0' && body[j] <= '9') {
			j++
		}
		if a, err := netip.ParseAddr(string(body[i:j])); err == nil && a.Is4() {
			out = append(out, j-i)
		}
		i = max(j, i+1)
	}
	return out
}

// numbers as words, as a person writes them.
var words = [...]string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}

func count(n int, one, many string) string {
	noun := many
	if n == 1 {
		noun = one
	}
	if n >= 0 && n < len(words) {
		return words[n] + " " + noun
	}
	return fmt.Sprintf("%d %s", n, noun)
}
