package transport

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"sipscribe/internal/live"
)

// Driver drives an element. Its methods may be called by several goroutines at a time.
type Driver struct{}

// ErrClosed is returned by Do once the driver has stopped.
var ErrClosed = errors.New("the transport is closed")

// New makes a driver and binds all its sockets; from then on the kernel takes what arrives, which Run hands to the element. The error
// says which address could not be had and what to do about it.
func New(cfg Config, element live.Element) (*Driver, error) {
	return nil, errors.New("internal/live/transport: being written")
}

// Run drives the element until ctx ends, then closes every socket and connection and waits for everything that it started. It may
// be called once. The error is nil unless a socket failed by itself.
func (d *Driver) Run(ctx context.Context) error { return nil }

// Close releases the sockets of a driver that is not run.
func (d *Driver) Close() {}

// Do calls f as the element is called: alone, and what f puts into out is carried out before Do returns. Neither the element nor the tap
// may call it. It works from New on.
func (d *Driver) Do(f func(now time.Time, out *live.Outbox)) error { return ErrClosed }

// Listeners returns what the driver listens at, in the order of Config.Listen, with the ports that port 0 became.
func (d *Driver) Listeners() []Listener { return nil }

// Counters returns the counters of the driver; they may be read at any time.
func (d *Driver) Counters() *Counters { return nil }

// Loopback is the guard that lets only loopback addresses through.
func Loopback(a netip.AddrPort) bool { return a.Addr().Unmap().IsLoopback() }
