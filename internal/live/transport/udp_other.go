//go:build !linux

package transport

// datagramIO is how datagrams are read and written.
type datagramIO = portableIO
