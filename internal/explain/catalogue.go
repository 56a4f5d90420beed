package explain

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed catalogue.en.txt
var english string

// template is a sentence with places to fill in, cut up once.
type template struct {
	parts []part
}

// part is a literal text or a place.
type part struct {
	text  string
	place place
	upper bool // begins a sentence
}

// place is something to be filled in.
type place uint8

const (
	literal place = iota
	placeFrom
	placeTo
	placeCaller
	placeCallee
	placeTarget
	placeUser
	placeRealm
	placeReason
	placeStatus
	placeDuration
	placeCodecs
	placeNumber
	placeText
	placeCount
	placeMethod
	placePeer
	places
)

var placeNames = [places]string{"", "from", "to", "caller", "callee", "target", "user", "realm", "reason", "status", "duration", "codecs",
	"number", "text", "count", "method", "peer"}

// catalogue holds the templates by key.
type catalogue map[string]template

var catalogueEN = mustCatalogue(english)

// mustCatalogue reads a catalogue: lines of "key  template", comments with #, a line that begins with white space goes on with the
// template before it.
func mustCatalogue(text string) catalogue {
	c := catalogue{}
	key := ""
	var body []string
	flush := func() {
		if key == "" {
			return
		}
		if _, twice := c[key]; twice {
			panic(fmt.Sprintf("explain: internal error: the catalogue has %q twice", key))
		}
		c[key] = parseTemplate(key, strings.Join(body, " "))
	}
	for _, line := range strings.Split(text, "\n") {
		switch {
		case strings.HasPrefix(line, "#"), strings.TrimSpace(line) == "":
		case line[0] == ' ' || line[0] == '\t':
			body = append(body, strings.TrimSpace(line))
		default:
			flush()
			k, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
			key, body = k, []string{}
			if rest = strings.TrimSpace(rest); rest != "" {
				body = append(body, rest)
			}
		}
	}
	flush()
	return c
}

// parseTemplate cuts a template up at its places: "{from}", and "{From}" at the beginning of a sentence.
func parseTemplate(key, raw string) template {
	var t template
	for raw != "" {
		i := strings.IndexByte(raw, '{')
		if i < 0 {
			t.parts = append(t.parts, part{text: raw})
			break
		}
		if i > 0 {
			t.parts = append(t.parts, part{text: raw[:i]})
		}
		j := strings.IndexByte(raw[i:], '}')
		if j < 0 {
			panic(fmt.Sprintf("explain: internal error: %s: an open brace", key))
		}
		name := raw[i+1 : i+j]
		p := part{place: literal}
		for k := placeFrom; k < places; k++ {
			if strings.EqualFold(name, placeNames[k]) {
				p = part{place: k, upper: name[0] >= 'A' && name[0] <= 'Z'}
			}
		}
		if p.place == literal {
			panic(fmt.Sprintf("explain: internal error: %s: no such place: %s", key, name))
		}
		t.parts = append(t.parts, p)
		raw = raw[i+j+1:]
	}
	return t
}
