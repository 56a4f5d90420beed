package sip

import (
	"os"
	"path/filepath"
	"testing"
)

// sharedDir returns the folder of outside material beside the module, or the one that SIPSCRIBE_SHARED names.
func sharedDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("SIPSCRIBE_SHARED")
	if dir == "" {
		root, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
				break
			}
			up := filepath.Dir(root)
			if up == root {
				t.Skip("no go.mod above the test: where the shared folder is, is not known")
			}
			root = up
		}
		dir = filepath.Join(root, "..", "shared")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no shared folder: ", err)
	}
	return dir
}
