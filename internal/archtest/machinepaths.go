package archtest

import (
	"regexp"
	"strings"
)

// machinePath matches the beginning of a path that is somebody's own: a home folder, a work folder in the root. A path that goes on from something else
// ("net/home/") is not meant, nor the path of a URL.
var machinePath = regexp.MustCompile(`(?:^|[^A-Za-z0-9_.~/\\})>*-])(/(?:home|Users)/[A-Za-z0-9_.-]+|/(?:root|work)/[A-Za-z0-9_.-]*|[A-Za-z]:\\(?:Users|Documents and Settings)\\)`)

// planted is the folder whose files have such paths on purpose.
const planted = "internal/archtest/testdata/"

// machinePaths finds files that name an absolute path of a machine: it would be wrong on every other.
func machinePaths(t *Tree) []Violation {
	var out []Violation
	for _, f := range t.Files {
		if strings.HasPrefix(f.Path, planted) {
			continue
		}
		for _, m := range machinePath.FindAllSubmatchIndex(f.Data, -1) {
			out = append(out, Violation{f.Path, lineOf(f.Data, m[2]), "names " + string(f.Data[m[2]:m[3]]) + ", a place on one machine"})
		}
	}
	return out
}
