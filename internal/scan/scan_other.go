//go:build !amd64 || purego

package scan

const (
	useVector = false
	vectorMin = 0
)

func caretEndsVector(ends []uint64, b []byte) bool { return caretEndsGo(ends, b) }
func newlinesVector(ends []uint64, b []byte)       { newlinesGo(ends, b) }
func plainVector(b []byte) (ascii, ampersand bool) { return plainGo(b) }
func mayBeMaskedVector(b []byte) bool              { return mayBeMaskedGo(b) }
