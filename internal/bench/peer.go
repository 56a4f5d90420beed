package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
)

// peer is a program that people use today, and what it does here.
type peer struct {
	name    string
	path    string // "" if it is not installed
	version string
	args    []string // of the run that is measured
	// read runs it so that it says how much it has read, and returns that.
	read func(ctx context.Context, p *peer) (int, error)
	want int    // what read must return
	unit string // of want
}

// fields is what tshark is to print: what a list of calls is made from.
var fields = []string{"-T", "fields", "-e", "frame.time_epoch", "-e", "sip.Method", "-e", "sip.Status-Code", "-e", "sip.Call-ID", "-e", "sip.CSeq"}

// findPeers looks for the peers and makes sure that those that are there read the whole capture.
func (b *bench) findPeers(ctx context.Context) {
	// sngrep stops at 20,000 dialogs unless told otherwise, and says nothing. -F: nobody's own configuration.
	limit := strconv.Itoa(2*b.settings.calls + 1000)
	for _, p := range []*peer{
		{name: "sngrep", args: []string{"-F", "-N", "-q", "-l", limit, "-I", b.pcap, "-O", "/dev/null"}, want: b.sum.Calls, unit: "dialogs",
			read: func(ctx context.Context, p *peer) (int, error) { return sngrepDialogs(ctx, p.path, limit, b.pcap) }},
		{name: "tshark", args: append([]string{"-r", b.pcap}, fields...), want: b.sum.Messages, unit: "messages",
			read: func(ctx context.Context, p *peer) (int, error) { return tsharkMessages(ctx, p.path, b.pcap) }},
	} {
		var err error
		if p.path, err = exec.LookPath(p.name); err != nil {
			b.say("%s is not installed: nothing is compared with it", p.name)
			continue
		}
		b.say("checking %s", p.name)
		p.version = firstLine(ctx, p.path, "--version")
		n, err := p.read(ctx, p)
		switch {
		case err != nil:
			b.say("%v: nothing is compared with it", err)
		case n != p.want:
			b.say("%s has read %d %s of %d: nothing is compared with it", p.name, n, p.unit, p.want)
		default:
			b.peers = append(b.peers, p)
		}
	}
}

// sngrepDialogs returns how many dialogs sngrep finds: the last of the counts that it writes, each over the one before.
func sngrepDialogs(ctx context.Context, path, limit, pcap string) (n int, err error) {
	err = read(ctx, path, []string{"-F", "-N", "-l", limit, "-I", pcap, "-O", "/dev/null"}, func(r io.Reader) error {
		var last tail
		if _, err := io.Copy(&last, r); err != nil {
			return err
		}
		const label = "Dialog count: "
		i := bytes.LastIndex(last.b, []byte(label))
		if i < 0 {
			return errors.New("sngrep: it does not say how many dialogs it has read")
		}
		digits := last.b[i+len(label):]
		end := 0
		for end < len(digits) && digits[end] >= '0' && digits[end] <= '9' {
			end++
		}
		n, err = strconv.Atoi(string(digits[:end]))
		return err
	})
	return n, err
}

// tsharkMessages returns how many frames tshark takes for SIP messages: lines with a method or a status.
func tsharkMessages(ctx context.Context, path, pcap string) (n int, err error) {
	err = read(ctx, path, append([]string{"-r", pcap}, fields...), func(r io.Reader) error {
		in := bufio.NewScanner(r)
		in.Buffer(nil, 1<<20)
		for in.Scan() {
			f := strings.Split(in.Text(), "\t")
			if len(f) != 5 {
				return fmt.Errorf("tshark: a line with %d fields, want 5", len(f))
			}
			if f[1] != "" || f[2] != "" {
				n++
			}
		}
		return in.Err()
	})
	return n, err
}

// firstLine returns the first line that is not empty of what a program says about itself, "" if it says nothing.
func firstLine(ctx context.Context, path string, args ...string) string {
	line := ""
	err := read(ctx, path, args, func(r io.Reader) error {
		in := bufio.NewScanner(io.LimitReader(r, 64<<10))
		for in.Scan() && line == "" {
			line = strings.TrimSpace(in.Text())
		}
		return nil
	})
	if err != nil {
		return ""
	}
	return line
}
