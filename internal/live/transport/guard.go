package transport

import "net/netip"

// Loopback is the guard that lets only loopback addresses through: Config.Allow of tests and of the lab.
func Loopback(a netip.AddrPort) bool { return a.Addr().Unmap().IsLoopback() }
