package proof

import (
	"os"
	"path/filepath"
	"testing"
)

// The material is where SIPSCRIBE_SHARED says, or beside the checkout; what is not there is not found.
func TestFind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("SIPSCRIBE_SHARED", dir)
	if _, ok := Find("corpus", "flows"); ok {
		t.Error("found in an empty folder")
	}
	want := filepath.Join(dir, "corpus", "flows")
	if err := os.MkdirAll(want, 0o777); err != nil {
		t.Fatal(err)
	}
	if got, ok := Find("corpus", "flows"); !ok || got != want {
		t.Errorf("%s, %v", got, ok)
	}
	if got := Material(t, "corpus", "flows"); got != want {
		t.Error(got)
	}
	t.Setenv("SIPSCRIBE_SHARED", "")
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if got := shared(); got != filepath.Join(root, "..", "shared") {
		t.Error(got)
	}
}
