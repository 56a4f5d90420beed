//go:build interop

package main

// tell writes a line to the program's standard input.
func (p *process) tell(line string) error {
	_, err := p.in.Write([]byte(line + "\n"))
	return err
}
