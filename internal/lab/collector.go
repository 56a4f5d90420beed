package lab

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"sipscribe/internal/live/emit"
	"sipscribe/internal/neterror"
)

// collector is a syslog daemon that takes datagrams and writes what sysklogd would.
type collector struct {
	addr netip.AddrPort
	conn *net.UDPConn
	file bytes.Buffer
	emit emit.Collector
	done chan struct{}

	mu        sync.Mutex
	datagrams int
}

func newCollector(zone *time.Location, limit int) (*collector, error) {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
	if err != nil {
		return nil, fmt.Errorf("the syslog collector cannot listen at %s: %w", loopback, neterror.Plain(err))
	}
	_ = conn.SetReadBuffer(4 << 20)
	c := &collector{addr: conn.LocalAddr().(*net.UDPAddr).AddrPort(), conn: conn, done: make(chan struct{})}
	c.emit = emit.Collector{W: &c.file, Style: emit.Sysklogd, Location: zone, Limit: limit}
	go c.run()
	return c, nil
}

func (c *collector) run() {
	defer close(c.done)
	buf := make([]byte, 65535)
	for {
		n, from, err := c.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return // closed
		}
		c.mu.Lock()
		c.datagrams++
		// A bytes.Buffer takes everything.
		_ = c.emit.Receive(time.Now(), from.Addr().Unmap().String(), buf[:n])
		c.mu.Unlock()
	}
}

// drain waits until as many datagrams have come as were sent, but not for long: on loopback they are there at once, or lost.
func (c *collector) drain(sent int) {
	for range 100 {
		c.mu.Lock()
		n := c.datagrams
		c.mu.Unlock()
		if n >= sent {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// close ends the daemon and returns its file and how many datagrams came.
func (c *collector) close() ([]byte, int) {
	_ = c.conn.Close()
	<-c.done
	return c.file.Bytes(), c.datagrams
}
