package figures_test

import (
	"regexp"
	"testing"

	"sipscribe/internal/figures"
)

// TestTable: columns are as wide as what is widest in them, in characters and not in bytes.
func TestTable(t *testing.T) {
	got := figures.Table([][]string{{"work", "CPU s"}, {"list --csv", "0.170"}, {"żółw", ""}})
	want := `| work       | CPU s |
|------------|-------|
| list --csv | 0.170 |
| żółw       |       |
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestMachine: a figure without its machine is worth nothing, so that there is always a line, whatever the system tells.
func TestMachine(t *testing.T) {
	if got := figures.Machine(); !regexp.MustCompile(`^\S.*, [1-9][0-9]* cores, [a-z0-9]+/[a-z0-9]+, \S.*$`).MatchString(got) {
		t.Errorf("%q", got)
	}
}
