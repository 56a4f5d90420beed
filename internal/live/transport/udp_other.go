//go:build !linux

package transport

// newDatagramIO returns the way to read and write datagrams that is best here.
func newDatagramIO() datagramIO { return &portableIO{} }
