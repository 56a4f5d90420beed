package explain

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sipscribe/internal/callflow"
	"sipscribe/internal/proof/calls"
)

// marked returns the catalogue with each sentence and word naming itself: "‹bye›The SPA hangs up.".
func marked(c catalogue) catalogue {
	m := catalogue{}
	for key, tpl := range c {
		parts := slices.Clone(tpl.parts)
		mark := "‹" + key + "›"
		if len(parts) > 0 && parts[0].place == literal {
			parts[0].text = mark + parts[0].text
		} else {
			parts = append([]part{{text: mark}}, parts...)
		}
		m[key] = template{parts}
	}
	return m
}

var mark = regexp.MustCompile(`‹([a-z0-9.-]+(?:\.[0-9a-z]+)*)›`)

// TestEveryKeyIsTold tells all fixtures with a catalogue whose sentences name themselves: each key of the catalogue is in at least one
// story.
func TestEveryKeyIsTold(t *testing.T) {
	plain := catalogueEN
	catalogueEN = marked(plain)
	defer func() { catalogueEN = plain }()
	told := map[string]int{}
	count := func(s string) {
		for _, m := range mark.FindAllStringSubmatch(s, -1) {
			told[strings.Clone(m[1])]++
		}
	}
	for _, f := range fixtures(t) {
		teller := NewTeller(f.assume)
		calls.Read(t, f.log, calls.Options{}, func(c *callflow.Call) {
			s := teller.Tell(c)
			count(s.Headline + s.Summary + s.Ending.Text)
			for i := range s.Steps {
				count(s.Steps[i].Text)
			}
			for i := range s.Parties {
				count(s.Parties[i].Name)
			}
			for _, text := range teller.Incomplete() {
				count(text)
			}
		})
	}
	var never []string
	for key := range plain {
		if told[key] == 0 && notInAFixture[key] == "" && !strings.HasPrefix(key, "cause.") { // TestReasonText tells those
			never = append(never, key)
		}
	}
	slices.Sort(never)
	if len(never) > 0 {
		t.Errorf("%d of %d keys are in no story:\n%s", len(never), len(plain), strings.Join(never, "\n"))
	}
	for key, why := range notInAFixture {
		if _, ok := plain[key]; !ok || told[key] > 0 {
			t.Errorf("notInAFixture[%q] (%s) is out of date", key, why)
		}
	}
}

// notInAFixture are the keys that no log of a sensible size brings about, each with the test that does.
var notInAFixture = map[string]string{
	"end.evicted":     "TestEndingOfParts",
	"end.continued":   "TestEndingOfParts",
	"end.resumed":     "TestEndingOfParts",
	"log.cut.capture": "TestCutCapture",
}

// TestEveryKeyIsUsed reads the sources: each key that the code says is in the catalogue, and each key of the catalogue is said
// somewhere, as it is or as the beginning of one that is put together.
func TestEveryKeyIsUsed(t *testing.T) {
	fset := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	used := map[string]bool{}
	prefixes := map[string]bool{}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if b, ok := n.(*ast.BinaryExpr); ok && b.Op == token.ADD {
				if l, ok := b.X.(*ast.BasicLit); ok && l.Kind == token.STRING {
					if s, _ := strconv.Unquote(l.Value); strings.HasSuffix(s, ".") {
						prefixes[s] = true
					}
				}
			}
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				s, _ := strconv.Unquote(l.Value)
				used[s] = true
			}
			// say, word and phrase with a literal: the key exists.
			if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 1 {
				name := ""
				switch fn := call.Fun.(type) {
				case *ast.SelectorExpr:
					name = fn.Sel.Name
				case *ast.Ident:
					name = fn.Name
				}
				if l, ok := call.Args[0].(*ast.BasicLit); ok && l.Kind == token.STRING && (name == "say" || name == "word" || name == "phrase") {
					key, _ := strconv.Unquote(l.Value)
					if _, ok := catalogueEN[key]; !ok {
						t.Errorf("%s: the catalogue has no %q", fset.Position(l.Pos()), key)
					}
				}
			}
			return true
		})
	}
	for key := range catalogueEN {
		ok := used[key]
		for p := range prefixes {
			ok = ok || strings.HasPrefix(key, p)
		}
		if !ok {
			t.Errorf("nothing in the code says %q", key)
		}
	}
	if len(used) < 200 || len(prefixes) < 3 {
		t.Errorf("only %d strings and %d prefixes found in the sources", len(used), len(prefixes))
	}
}

// TestCatalogueIsClean holds the sentences to their form.
func TestCatalogueIsClean(t *testing.T) {
	for key, tpl := range catalogueEN {
		var b strings.Builder
		for _, p := range tpl.parts {
			if p.place == literal {
				b.WriteString(p.text)
			} else {
				b.WriteString("x")
			}
		}
		s := b.String()
		if s == "" || s != strings.TrimSpace(s) || strings.Contains(s, "  ") {
			t.Errorf("%s: %q", key, s)
		}
		sentence := !strings.HasPrefix(key, "word.") && !strings.HasPrefix(key, "missing.") && !strings.HasPrefix(key, "head.") && !strings.HasPrefix(key, "cause.") &&
			key != "sum.ring" && key != "sum.early" && key != "sum.talk"
		if end := s[len(s)-1:]; sentence != (end == "." || end == ")" || key == "event.other") && sentence {
			t.Errorf("%s does not end as a sentence: %q", key, s)
		}
	}
}

func TestCatalogueRefusesMistakes(t *testing.T) {
	for name, text := range map[string]string{
		"twice":         "a b\na c\n",
		"no such place": "a {nowhere}\n",
		"open brace":    "a {from\n",
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: taken", name)
				}
			}()
			mustCatalogue(text)
		}()
	}
}
