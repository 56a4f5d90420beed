//go:build unix

package transport

import (
	"net"
	"syscall"
)

// writeNow writes what the system takes at once.
func writeNow(c *net.TCPConn, b []byte) (n int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	err = raw.Write(func(fd uintptr) bool {
		for len(b) > n {
			k, err := syscall.Write(int(fd), b[n:])
			switch err {
			case nil:
				n += k
			case syscall.EINTR:
			case syscall.EAGAIN:
				return true // and not wait
			default:
				failed = err
				return true
			}
		}
		return true
	})
	if err == nil {
		err = failed
	}
	return n, err
}
