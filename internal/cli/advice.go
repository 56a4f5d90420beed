package cli

import (
	"errors"
	"io/fs"
	"syscall"

	"sipscribe/internal/live/transport"
)

// hintError is an error with advice.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

func withHint(err error, hint string) error { return &hintError{err, hint} }

// message says an error, and what to do about it if that is known.
func message(err error) string {
	s := err.Error()
	var h *hintError
	if errors.As(err, &h) && h.hint != "" {
		return s + "; " + h.hint
	}
	if hint := fileHint(err); hint != "" {
		return s + "; " + hint
	}
	return s
}

// fileHint says what to do about a file that the system did not give, "" if err is none of that kind.
func fileHint(err error) string {
	var file *fs.PathError
	switch {
	case !errors.As(err, &file):
		return ""
	case errors.Is(err, fs.ErrNotExist):
		return "check the name"
	case errors.Is(err, fs.ErrPermission):
		return "its owner or its mode forbids that"
	case errors.Is(err, syscall.EISDIR):
		return "name a file"
	case errors.Is(err, syscall.ENOTDIR):
		return "a part of that name is a file and no folder"
	case errors.Is(err, syscall.ENOSPC):
		return "make room there, or choose another place"
	}
	return ""
}

// listenHint says what to do about an address that cannot be had; port and address are what they are chosen with.
func listenHint(err *transport.ListenError, port, address string) string {
	switch {
	case err.InUse():
		return "stop that program, or choose another port with " + port
	case err.NoSuchAddress() && address != "":
		return "choose an address that it has with " + address
	case err.Forbidden():
		return "choose a port from 1024 on with " + port + ", or give the program the right to those below"
	}
	return ""
}
