// Package neterror says in plain words why the network, or the system on its behalf, refused something. What package net says is written for whoever wrote the program:
//
//	listen udp4 127.0.0.1:5060: bind: address already in use       another program has that port
//	listen tcp4 0.0.0.0:53: bind: permission denied                it is not permitted, as ports below 1024 often are not
//	dial tcp 127.0.0.1:5061: connect: connection refused           nobody listens at that port
//	lookup nosuch.invalid on 127.0.0.53:53: no such host           there is no such name
//	read udp 127.0.0.1:4711->127.0.0.1:53: i/o timeout             no answer in time
//
// Address and operation are left out: whoever tells the error names what was tried, as the user called it.
package neterror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
)

// plain is an error told in other words. It wraps the error, so that a program can still ask which it was.
type plain struct {
	words string
	err   error
}

func (e *plain) Error() string { return e.words }
func (e *plain) Unwrap() error { return e.err }

// Worded returns err, told in the words given.
func Worded(words string, err error) error { return &plain{words, err} }

// Plain returns err with plain words in the place of those of package net; what stands before these in its text stays. An error that is none of the network, or was made
// plain already, is returned as it is.
func Plain(err error) error {
	var done *plain
	if err == nil || errors.As(err, &done) {
		return err
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if _, file := e.(*fs.PathError); file {
			return err // files have words of their own, that everybody knows
		}
		if why, ok := words(e); ok {
			return &plain{strings.Replace(err.Error(), e.Error(), why, 1), err}
		}
	}
	return err
}

// words says why, if e itself, and not what it wraps, is an error of the network.
func words(e error) (why string, ok bool) {
	switch e := e.(type) {
	case *net.DNSError:
		return ofName(e), true
	case *net.AddrError:
		return ofAddress(e), true
	case *net.OpError:
		if name := new(net.DNSError); errors.As(e.Err, &name) {
			return ofName(name), true
		}
		if addr := new(net.AddrError); errors.As(e.Err, &addr) {
			return ofAddress(addr), true
		}
		if e.Op == "listen" && Forbidden(e) {
			return "it is not permitted, as ports below 1024 often are not", true
		}
		if e.Timeout() {
			return noAnswer, true
		}
		return ofSystem(e), true
	case *os.SyscallError, syscall.Errno:
		return ofSystem(e), true
	}
	switch e {
	case context.DeadlineExceeded, os.ErrDeadlineExceeded:
		return noAnswer, true
	case io.EOF, io.ErrUnexpectedEOF:
		return "the other side closed the connection", true
	case net.ErrClosed:
		return "it was closed here", true
	}
	return "", false
}

const noAnswer = "no answer in time"

// ofName says why the system found no address for a name.
func ofName(e *net.DNSError) string {
	switch {
	case e.Err == "unknown port":
		return "there is no such port"
	case e.IsNotFound:
		return "there is no such name"
	case e.IsTimeout, strings.HasSuffix(e.Err, "connection refused"), strings.HasSuffix(e.Err, "unreachable"):
		return "no name server answers"
	}
	return "the name server cannot say (" + e.Err + ")"
}

// ofAddress says what is wrong with an address as it is written.
func ofAddress(e *net.AddrError) string {
	switch e.Err {
	case "missing port in address":
		return "the port is missing"
	case "invalid port":
		return fmt.Sprintf("%q is no port", e.Addr)
	case "too many colons in address":
		return "it has too many colons; an IPv6 address with a port is written [2001:db8::1]:5060"
	case "no suitable address found":
		return "it has no address that can be reached from here"
	}
	return e.Err
}

// system are the errors of the system that have words. The second number is what Windows calls it (WSA…); on other systems it means nothing.
var system = []struct {
	errno, windows syscall.Errno
	words          string
}{
	{syscall.EADDRINUSE, 10048, "another program has that port"},
	{syscall.EADDRNOTAVAIL, 10049, "this machine has no such address"},
	{syscall.EACCES, 10013, forbidden},
	{syscall.EPERM, 10013, forbidden},
	{syscall.ECONNREFUSED, 10061, "nobody listens at that port"},
	{syscall.ECONNRESET, 10054, "the other side broke it off"},
	{syscall.ECONNABORTED, 10053, "it was broken off"},
	{syscall.EPIPE, 10058, "the other side had closed the connection"},
	{syscall.EHOSTUNREACH, 10065, "no way leads to that host"},
	{syscall.ENETUNREACH, 10051, "no way leads to that network from here"},
	{syscall.ENETDOWN, 10050, "the network is down"},
	{syscall.ETIMEDOUT, 10060, noAnswer},
	{syscall.EMSGSIZE, 10040, "it is too large for a datagram"},
	{syscall.EAFNOSUPPORT, 10047, "this machine does not know that kind of address"},
	{syscall.EMFILE, 10024, "too many files and connections are open here"},
	{syscall.ENOBUFS, 10055, "the system has no room for it at the moment"},
}

const forbidden = "this machine does not permit it (a firewall?)"

// is reports whether err is an error of the system, by either number.
func is(err error, want syscall.Errno) bool {
	for i := range system {
		if s := &system[i]; s.errno == want {
			return errors.Is(err, s.errno) || errors.Is(err, s.windows)
		}
	}
	return errors.Is(err, want)
}

// ofSystem says why the system refused.
func ofSystem(err error) string {
	for i := range system {
		if is(err, system[i].errno) {
			return system[i].words
		}
	}
	for _, e := range []error{io.EOF, net.ErrClosed} {
		if errors.Is(err, e) {
			why, _ := words(e)
			return why
		}
	}
	// The innermost says most; "tls:" and the like only where it was found.
	for e := err; e != nil; e = errors.Unwrap(e) {
		err = e
	}
	return strings.TrimPrefix(err.Error(), "tls: ")
}

// InUse reports whether another program has the port.
func InUse(err error) bool { return is(err, syscall.EADDRINUSE) }

// NoSuchAddress reports whether the machine has no such address.
func NoSuchAddress(err error) bool { return is(err, syscall.EADDRNOTAVAIL) }

// Forbidden reports whether the user may not do it.
func Forbidden(err error) bool { return errors.Is(err, os.ErrPermission) || is(err, syscall.EACCES) }

// Refused reports whether the host says that nobody is there for it: no such port, or no such protocol.
func Refused(err error) bool {
	return is(err, syscall.ECONNREFUSED) || is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPROTONOSUPPORT) || errors.Is(err, syscall.ENOPROTOOPT)
}
