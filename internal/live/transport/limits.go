package transport

import "time"

// Limits bound what others can make the driver hold. A field that is zero has the value that stands behind it.
type Limits struct {
	Datagram             int           // longest request over UDP; a longer one goes over TCP (RFC 3261 §18.1.1). 1300; negative: no limit
	Message              int           // longest message of a stream, in bytes. 65,535
	Connections          int           // connections accepted at a time, and as many made. 8192
	ConnectionsPerSource int           // accepted from one address (IPv6: one /64) at a time. 512
	FirstMessage         time.Duration // until the first message of an accepted connection is whole, the TLS handshake included. 10 s
	HalfMessage          time.Duration // from the first byte of a message to its last. 10 s
	Idle                 time.Duration // without a byte in either direction, then the connection is closed (RFC 3261 §18: at least 64·T1). 15 min
	Connect              time.Duration // until a connection is made, the TLS handshake included. 5 s
	Write                time.Duration // until the other side takes what is written to it. 10 s
	WriteQueue           int           // bytes that wait to be written to a connection; past them it is closed. 256 KiB
	Lookups              int           // of the Resolver at a time; past them a target has no address. 256
	ReceiveBuffer        int           // of a UDP socket, in bytes, as far as the system lets us. 4 MiB
}

func (l Limits) filled() Limits {
	for _, f := range []struct {
		at    *int
		value int
	}{{&l.Datagram, 1300}, {&l.Message, 65535}, {&l.Connections, 8192}, {&l.ConnectionsPerSource, 512}, {&l.WriteQueue, 256 << 10}, {&l.Lookups, 256},
		{&l.ReceiveBuffer, 4 << 20}} {
		if *f.at == 0 {
			*f.at = f.value
		}
	}
	for _, f := range []struct {
		at    *time.Duration
		value time.Duration
	}{{&l.FirstMessage, 10 * time.Second}, {&l.HalfMessage, 10 * time.Second}, {&l.Idle, 15 * time.Minute}, {&l.Connect, 5 * time.Second}, {&l.Write, 10 * time.Second}} {
		if *f.at == 0 {
			*f.at = f.value
		}
	}
	return l
}
