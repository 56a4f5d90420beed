//go:build interop

package main

import (
	"errors"
	"os/exec"
)

// tell writes a line to the program's standard input.
func (p *process) tell(line string) error {
	_, err := p.in.Write([]byte(line + "\n"))
	return err
}

// exitStatus returns the exit status of a program that has ended, -1 if it was killed.
func (p *process) exitStatus() int {
	var exit *exec.ExitError
	switch {
	case p.err == nil:
		return 0
	case errors.As(p.err, &exit):
		return exit.ExitCode()
	}
	return -1
}
