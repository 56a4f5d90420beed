package archtest

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"
)

// TestTree runs every check over the module itself.
func TestTree(t *testing.T) {
	root := moduleRoot(t)
	tree, err := Load(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Packages()) < 10 || !tree.Exists("go.mod") {
		t.Fatalf("read %d packages below %s: that is not the whole tree", len(tree.Packages()), root)
	}
	for _, c := range Checks {
		t.Run(c.Name, func(t *testing.T) {
			for _, v := range c.Run(tree) {
				t.Error(v)
			}
			if t.Failed() {
				t.Logf("what should hold: %s", c.Title)
			}
		})
	}
}

// TestPlanted runs each check over the trees of testdata in which its kind of fault is planted. An archive names its check by the first
// word of its own name (floors_up.txtar); its member "want" holds the violations, in order, and the rest is the tree, in which
// what is right stands beside what is wrong. "{SLASH}" stands for a slash that this repository should not see.
func TestPlanted(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	fails := map[string]bool{}
	for _, name := range files {
		stem := strings.TrimSuffix(filepath.Base(name), ".txtar")
		check, _, _ := strings.Cut(stem, "_")
		i := slices.IndexFunc(Checks, func(c Check) bool { return c.Name == check })
		if i < 0 {
			t.Errorf("%s: there is no check %q", name, check)
			continue
		}
		t.Run(stem, func(t *testing.T) {
			tree, want := plant(t, name)
			if want != "" {
				fails[check] = true
			}
			var got strings.Builder
			for _, v := range Checks[i].Run(tree) {
				got.WriteString(v.String() + "\n")
			}
			if got.String() != want {
				t.Errorf("got:\n%swant:\n%s", got.String(), want)
			}
		})
	}
	for _, c := range Checks {
		if !fails[c.Name] {
			t.Errorf("no archive shows that the check %q can fail", c.Name)
		}
	}
}

// plant reads an archive into a tree and the violations that it wants.
func plant(t *testing.T, name string) (*Tree, string) {
	t.Helper()
	ar, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{}
	want, found := "", false
	for _, f := range ar.Files {
		// A checkout that turned line ends must not turn the result.
		data := bytes.ReplaceAll(bytes.ReplaceAll(f.Data, []byte("\r\n"), []byte("\n")), []byte("{SLASH}"), []byte("/"))
		if f.Name == "want" {
			want, found = string(data), true
			continue
		}
		fsys[f.Name] = &fstest.MapFile{Data: data}
	}
	if !found {
		t.Fatalf("%s has no member want", name)
	}
	tree, err := Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return tree, want
}

func TestDocumentsAreThere(t *testing.T) {
	root := moduleRoot(t)
	for _, name := range documents {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			t.Errorf("%v: without it the check docpaths reads nothing of it", err)
		}
	}
}

func TestChecksAreNamedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Checks {
		if c.Name == "" || c.Title == "" || c.Run == nil || seen[c.Name] || strings.Contains(c.Name, "_") {
			t.Errorf("check %q: name %t, title %q, run %t", c.Name, !seen[c.Name], c.Title, c.Run != nil)
		}
		seen[c.Name] = true
	}
}

// TestPlan holds the table itself to its form: no folder on two floors, every step with its reason.
func TestPlan(t *testing.T) {
	seen := map[string]int{}
	for i, f := range Plan.Floors {
		if f.Number != i {
			t.Errorf("floor %d stands at place %d", f.Number, i)
		}
		for _, p := range f.Packages {
			if other, again := seen[p]; again {
				t.Errorf("%s stands on floors %d and %d", p, other, f.Number)
			}
			seen[p] = f.Number
		}
	}
	for _, s := range slices.Concat(Plan.Steps, Plan.Forbidden, Plan.Foreign) {
		if s.Reason == "" {
			t.Errorf("%s → %s: no reason", s.From, s.To)
		}
	}
	for _, c := range []struct {
		dir   string
		floor int
		ok    bool
	}{
		{"sip", 0, true}, {"internal/decode", 2, true}, {"internal/decode/spa", 3, true}, {"internal/decode/all", 4, true},
		{"internal/render/svg", 6, true}, {"internal/render/svg/deep", 0, false}, {"internal/nowhere", 0, false}, {"cmd/sipscribe", 10, true},
	} {
		if floor, ok := Plan.Of(c.dir); floor != c.floor || ok != c.ok {
			t.Errorf("Of(%q) = %d, %t; want %d, %t", c.dir, floor, ok, c.floor, c.ok)
		}
	}
}

func TestIgnore(t *testing.T) {
	list, err := parseIgnore([]byte("# made\n/sipscribe\n/bin/\r\n\n*.test\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		dir     bool
		ignored bool
	}{
		{"sipscribe", false, true}, {"cmd/sipscribe", true, false}, {"bin", true, true}, {"bin", false, false},
		{"internal/bin", true, false}, {"sip/sip.test", false, true}, {"sip/sip_test.go", false, false},
	} {
		if got := list.match(c.name, c.dir); got != c.ignored {
			t.Errorf("match(%q, %t) = %t", c.name, c.dir, got)
		}
	}
	for _, bad := range []string{"!keep", "a/**/b", "a/b", "[x"} {
		if _, err := parseIgnore([]byte(bad)); err == nil {
			t.Errorf("a pattern that is not understood is taken: %q", bad)
		}
	}
}

// moduleRoot returns the folder of go.mod.
func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}
