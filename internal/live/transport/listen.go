package transport

import (
	"fmt"
	"net"
	"net/netip"

	"sipscribe/internal/capture"
	"sipscribe/internal/neterror"
)

// streamListener is a TCP socket that connections come to.
type streamListener struct {
	transport capture.Transport
	addr      netip.AddrPort
	ln        *net.TCPListener
}

// samePortTries is how often a port that is free for UDP is given back since it is not free for TCP.
const samePortTries = 20

// listen binds all sockets of the configuration.
func (d *Driver) listen() error {
	d.bound = make([]Listener, len(d.cfg.Listen))
	done := make([]bool, len(d.cfg.Listen))
	for i, l := range d.cfg.Listen {
		if done[i] {
			continue
		}
		if err := d.cfg.check(l); err != nil {
			return err
		}
		// RFC 3261 §18.2.1: for any port that is listened at for UDP, TCP MUST be listened at, too. Which of UDP and TCP comes first in the
		// list does not matter.
		peer := -1
		if l.Addr.Port() == 0 && l.Transport != capture.TLS {
			for j := i + 1; j < len(d.cfg.Listen); j++ {
				if o := d.cfg.Listen[j]; o.Addr == l.Addr && o.Transport != l.Transport && o.Transport != capture.TLS {
					peer = j
					break
				}
			}
		}
		for try := 1; ; try++ {
			bound, err := d.bind(l)
			if err != nil {
				return &ListenError{l, err}
			}
			d.bound[i] = Listener{l.Transport, bound}
			if peer < 0 {
				break
			}
			o := d.cfg.Listen[peer]
			o.Addr = bound
			if err := d.cfg.check(o); err != nil {
				return err
			}
			if _, err = d.bind(o); err == nil {
				d.bound[peer], done[peer] = o, true
				break
			}
			if try == samePortTries {
				return &ListenError{o, err}
			}
			d.unbindLast(l.Transport)
		}
	}
	for _, l := range d.bound {
		d.cfg.Logger.Info("listening", "transport", l.Transport.String(), "address", l.Addr.String())
	}
	return nil
}

// check says what is wrong with a listener before it is tried.
func (c *Config) check(l Listener) error {
	switch {
	case l.Transport != capture.UDP && l.Transport != capture.TCP && l.Transport != capture.TLS:
		return fmt.Errorf("cannot listen at %s with transport %q: there are UDP, TCP and TLS", l.Addr, l.Transport)
	case !l.Addr.IsValid():
		return fmt.Errorf("cannot listen with %s: no address is given, such as 127.0.0.1:5060", l.Transport)
	case l.Transport == capture.TLS && !c.hasCertificate():
		return fmt.Errorf("cannot listen with TLS at %s: there is no certificate; give one with its key", l.Addr)
	}
	return nil
}

func (d *Driver) bind(l Listener) (netip.AddrPort, error) {
	addr := netip.AddrPortFrom(l.Addr.Addr().Unmap(), l.Addr.Port())
	if l.Transport == capture.UDP {
		io := newDatagramIO()
		if d.cfg.portable {
			io = &portableIO{}
		}
		s, err := listenUDP(addr, d.cfg.Limits, io)
		if err != nil {
			return netip.AddrPort{}, err
		}
		d.udp = append(d.udp, s)
		return s.addr, nil
	}
	network := "tcp4"
	if addr.Addr().Is6() {
		network = "tcp6"
	}
	ln, err := net.ListenTCP(network, net.TCPAddrFromAddrPort(addr))
	if err != nil {
		return netip.AddrPort{}, err
	}
	at := ln.Addr().(*net.TCPAddr).AddrPort()
	at = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
	d.streams = append(d.streams, &streamListener{l.Transport, at, ln})
	return at, nil
}

// unbindLast closes the listener that was bound last.
func (d *Driver) unbindLast(t capture.Transport) {
	if t == capture.UDP {
		d.udp[len(d.udp)-1].conn.Close()
		d.udp = d.udp[:len(d.udp)-1]
		return
	}
	d.streams[len(d.streams)-1].ln.Close()
	d.streams = d.streams[:len(d.streams)-1]
}

// ListenError says that an address could not be had, and why. What to do about it depends on how it was asked for: whoever knows that says it.
type ListenError struct {
	Listener Listener
	Err      error
}

func (e *ListenError) Error() string {
	return fmt.Sprintf("cannot listen at %s over %s: %v", e.Listener.Addr, e.Listener.Transport, neterror.Plain(e.Err))
}

func (e *ListenError) Unwrap() error { return e.Err }

// InUse reports whether another program has the port.
func (e *ListenError) InUse() bool { return neterror.InUse(e.Err) }

// NoSuchAddress reports whether the machine has no such address.
func (e *ListenError) NoSuchAddress() bool { return neterror.NoSuchAddress(e.Err) }

// Forbidden reports whether the user may not have the port.
func (e *ListenError) Forbidden() bool { return neterror.Forbidden(e.Err) }
