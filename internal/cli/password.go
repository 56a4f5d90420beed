package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"sipscribe/internal/app"
	"sipscribe/internal/proxyd"
)

// passwordFlags say where a password comes from.
type passwordFlags struct {
	password, file string
	given          bool // --password stands on the command line
}

// read returns the password: from the flag, from a file, from the terminal (twice, and not shown), or else the first line of standard input.
func (f *passwordFlags) read(ctx context.Context, t *terminal, whose string) (string, error) {
	switch {
	case f.given && f.file != "":
		return "", errors.New("--password and --password-file both give a password: one is enough")
	case f.given:
		t.talk("a password on the command line is seen by everybody on this machine and stays in the shell's history; --password-file, or no flag at all, keeps it to yourself")
		return f.password, checkPassword(f.password)
	case f.file != "":
		return proxyd.ReadPasswordFile(f.file)
	}
	in, ok := t.stdin.(*os.File)
	if ok && term.IsTerminal(int(in.Fd())) {
		first, err := askPassword(ctx, t, in, fmt.Sprintf("Password of %s: ", printable(whose)))
		if err != nil {
			return "", err
		}
		again, err := askPassword(ctx, t, in, "Once more: ")
		if err != nil {
			return "", err
		}
		if first != again {
			return "", errors.New("the two passwords differ; nothing was changed")
		}
		return first, checkPassword(first)
	}
	line, err := bufio.NewReader(io.LimitReader(app.UntilCancelled(ctx, t.stdin), 4096)).ReadString('\n')
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil && err != io.EOF:
		return "", fmt.Errorf("reading the password from standard input: %w", err)
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", withHint(errors.New("no password: standard input is empty"), "its first line is taken, or that of --password-file FILE")
	}
	return line, checkPassword(line)
}

// askPassword asks on the terminal, without showing what is typed. When the context ends (Ctrl-C) the terminal is as it was.
func askPassword(ctx context.Context, t *terminal, in *os.File, prompt string) (string, error) {
	before, err := term.GetState(int(in.Fd()))
	if err != nil {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	fmt.Fprint(t.stderr, prompt)
	type read struct {
		b   []byte
		err error
	}
	done := make(chan read, 1)
	go func() {
		b, err := term.ReadPassword(int(in.Fd()))
		done <- read{b, err}
	}()
	select {
	case r := <-done:
		fmt.Fprintln(t.stderr)
		if r.err != nil {
			return "", fmt.Errorf("reading the password: %w", r.err)
		}
		return string(r.b), nil
	case <-ctx.Done():
		_ = term.Restore(int(in.Fd()), before)
		fmt.Fprintln(t.stderr)
		return "", ctx.Err()
	}
}

func checkPassword(p string) error {
	if p == "" {
		return errors.New("the password is empty")
	}
	return nil
}
