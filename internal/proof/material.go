// Package proof has what the tests of several packages share: where the outside material lies, and what every decoder of text promises. Nothing but tests
// imports it, and it imports nothing of the module, so that the tests of every package can.
//
//	SIPSCRIBE_SHARED, or the folder shared beside the checkout
//	├─ corpus/flows/  pcaps/  torture/  parse-trees/  …     proof.Material(t, "corpus", "flows")
//	└─ seed/outgoing-invite-cancel.txt                      proof.Material(t, "seed", "outgoing-invite-cancel.txt")
package proof

import (
	"os"
	"path/filepath"
	"testing"
)

// Material returns the path of a file or folder of the outside material, which is not part of the repository; it skips the test where the material is not
// here. What is missing from material that is here fails the test: a misspelt name would skip it for ever.
func Material(t testing.TB, elem ...string) string {
	t.Helper()
	dir := shared()
	if _, err := os.Stat(filepath.Join(dir, "corpus")); err != nil {
		t.Skipf("no outside material in %s; SIPSCRIBE_SHARED says where it is", dir)
	}
	path := filepath.Join(append([]string{dir}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the outside material lacks this: %v", err)
	}
	return path
}

// Find returns the same, and false where it is not here: for seeds, without which a test goes on.
func Find(elem ...string) (string, bool) {
	path := filepath.Join(append([]string{shared()}, elem...)...)
	_, err := os.Stat(path)
	return path, err == nil
}

// shared returns where the outside material would be.
func shared() string {
	if dir := os.Getenv("SIPSCRIBE_SHARED"); dir != "" {
		return dir
	}
	dir, err := os.Getwd() // of the package under test
	if err != nil {
		return "shared"
	}
	for up := dir; ; up = filepath.Dir(up) {
		if _, err := os.Stat(filepath.Join(up, "go.mod")); err == nil {
			return filepath.Join(up, "..", "shared")
		}
		if filepath.Dir(up) == up {
			return filepath.Join(dir, "shared")
		}
	}
}
