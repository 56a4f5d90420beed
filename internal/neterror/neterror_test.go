package neterror_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"sipscribe/internal/neterror"
)

// failed is an operation of package net that the system refused.
func failed(op, call string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5060}, Err: os.NewSyscallError(call, err)}
}

// TestPlain: each error of the network has plain words, keeps what was said before it, and can still be asked which it is.
func TestPlain(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{failed("listen", "bind", syscall.EADDRINUSE), "another program has that port"},
		{failed("listen", "bind", syscall.Errno(10048)), "another program has that port"},
		{failed("listen", "bind", syscall.EADDRNOTAVAIL), "this machine has no such address"},
		{failed("listen", "bind", syscall.EACCES), "it is not permitted, as ports below 1024 often are not"},
		{failed("listen", "bind", syscall.Errno(10013)), "it is not permitted, as ports below 1024 often are not"},
		{failed("dial", "connect", syscall.EACCES), "this machine does not permit it (a firewall?)"},
		{failed("write", "sendto", syscall.EPERM), "this machine does not permit it (a firewall?)"},
		{failed("dial", "connect", syscall.ECONNREFUSED), "nobody listens at that port"},
		{failed("dial", "connect", syscall.EHOSTUNREACH), "no way leads to that host"},
		{failed("dial", "connect", syscall.ENETUNREACH), "no way leads to that network from here"},
		{failed("dial", "connect", syscall.ETIMEDOUT), "no answer in time"},
		{failed("dial", "socket", syscall.EMFILE), "too many files and connections are open here"},
		{failed("read", "read", syscall.ECONNRESET), "the other side broke it off"},
		{failed("write", "write", syscall.EPIPE), "the other side had closed the connection"},
		{&net.OpError{Op: "read", Net: "udp", Err: os.ErrDeadlineExceeded}, "no answer in time"},
		{&net.OpError{Op: "accept", Net: "tcp", Err: net.ErrClosed}, "it was closed here"},
		{&net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")}, "bad certificate"},
		{context.DeadlineExceeded, "no answer in time"},
		{io.EOF, "the other side closed the connection"},
		{syscall.ECONNREFUSED, "nobody listens at that port"},
		{syscall.ENOENT, syscall.ENOENT.Error()}, // which has words enough
		{&net.DNSError{Err: "no such host", Name: "nosuch.invalid", Server: "127.0.0.53:53", IsNotFound: true}, "there is no such name"},
		{&net.DNSError{Err: "i/o timeout", Name: "a.example", Server: "127.0.0.53:53", IsTimeout: true}, "no name server answers"},
		{&net.DNSError{Err: "read udp 127.0.0.1:1->127.0.0.1:53: read: connection refused", Name: "a.example", IsTemporary: true}, "no name server answers"},
		{&net.DNSError{Err: "server misbehaving", Name: "a.example", IsTemporary: true}, "the name server cannot say (server misbehaving)"},
		{&net.OpError{Op: "dial", Net: "udp", Err: &net.DNSError{Err: "no such host", Name: "nosuch.invalid", IsNotFound: true}}, "there is no such name"},
		{&net.OpError{Op: "dial", Net: "udp", Err: &net.AddrError{Err: "missing port in address", Addr: "a"}}, "the port is missing"},
		{fmt.Errorf("reading at home: %w", failed("read", "recvfrom", syscall.ENETUNREACH)), "reading at home: no way leads to that network from here"},
	} {
		got := neterror.Plain(c.err)
		if got.Error() != c.want {
			t.Errorf("%v: got %q, want %q", c.err, got, c.want)
		}
		if !errors.Is(got, c.err) {
			t.Errorf("%q no longer is what it was", got)
		}
		if again := neterror.Plain(fmt.Errorf("told before: %w", got)); again.Error() != "told before: "+c.want {
			t.Errorf("told twice: %q", again)
		}
	}
	other := errors.New("the dial plan refuses the number")
	file := &fs.PathError{Op: "open", Path: "key.pem", Err: syscall.EACCES}
	for _, err := range []error{nil, other, file} {
		if got := neterror.Plain(err); got != err {
			t.Errorf("%v has become %v", err, got)
		}
	}
}

// TestPlainOfSystem: what the system itself makes of it on loopback is what the words are for.
func TestPlainOfSystem(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	_, err = net.Listen("tcp4", at)
	if got := neterror.Plain(err); got.Error() != "another program has that port" || !neterror.InUse(got) || neterror.NoSuchAddress(got) || neterror.Forbidden(got) {
		t.Errorf("%v: %v", err, got)
	}
	l.Close()
	_, err = net.Dial("tcp4", at)
	if got := neterror.Plain(err); got.Error() != "nobody listens at that port" || !neterror.Refused(got) {
		t.Errorf("%v: %v", err, got)
	}
	_, err = net.Listen("tcp4", netip.AddrPortFrom(netip.MustParseAddr("203.0.113.1"), 0).String())
	if got := neterror.Plain(err); got.Error() != "this machine has no such address" || !neterror.NoSuchAddress(got) || neterror.Refused(got) {
		t.Errorf("%v: %v", err, got)
	}
	for written, want := range map[string]string{
		"127.0.0.1":        "the port is missing",
		"127.0.0.1:99999":  `"99999" is no port`,
		"127.0.0.1:nosuch": "there is no such port",
		"2001:db8::1:5060": "it has too many colons; an IPv6 address with a port is written [2001:db8::1]:5060",
	} {
		_, err := net.Dial("udp", written)
		if got := neterror.Plain(err); got == nil || got.Error() != want {
			t.Errorf("%s: %v: got %v, want %q", written, err, got, want)
		}
	}
	_, err = (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}}).Dial("tcp", "[::1]:1")
	if got := neterror.Plain(err); got == nil || strings.Contains(got.Error(), "dial") || strings.Contains(got.Error(), "suitable") {
		t.Errorf("%v: %v", err, got)
	}
}
