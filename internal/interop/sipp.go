package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// scenarios are what SIPp plays; the names of those of a callee begin with "uas".
//
//go:embed scenarios/*.xml
var scenarios embed.FS

// sipp is a run of SIPp.
type sipp struct {
	scenario string // "cancel", or the path of a file
	port     int
	tcp      bool
	user     string // whose credentials
	password string // "": the right one
	service  string // who is called, or who answers
	calls    int
	rate     int // calls a second; 0: 10
	limit    int // calls at a time; 0: as many as it takes
	lose     int // per cent of the datagrams
	patience time.Duration
	load     bool // many calls: messages are not kept

	dir string
	*process
}

// counts are what SIPp says of its calls at the end.
type counts struct {
	made, succeeded, failed, repeats int
}

var runs atomic.Int64

// start starts SIPp against a server, in a folder of its own below dir.
func (s *sipp) start(dir, server string) error {
	path, err := exec.LookPath("sipp")
	if err != nil {
		return fmt.Errorf("SIPp is not here: %w", err)
	}
	s.dir = filepath.Join(dir, fmt.Sprintf("sipp-%d", runs.Add(1)))
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return err
	}
	file := s.scenario
	if !strings.ContainsRune(file, filepath.Separator) {
		b, err := scenarios.ReadFile("scenarios/" + s.scenario + ".xml")
		if err != nil {
			return err
		}
		if s.load && strings.HasPrefix(s.scenario, "uas") {
			// What comes again after a call is over would be a call of its own, and one less that is waited for: the state stays for T4, as Timer I has it (RFC 3261 §17.2.1).
			b = bytes.Replace(b, []byte("</scenario>"), []byte("<timewait milliseconds=\"5000\"/>\n</scenario>"), 1)
		}
		file = filepath.Join(s.dir, s.scenario+".xml")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			return err
		}
	}
	if s.patience == 0 {
		s.patience = 12 * time.Second
	}
	secret := s.password
	if secret == "" {
		secret = password
	}
	transport := "u1"
	if s.tcp {
		transport = "t1"
	}
	rate := s.rate
	if rate == 0 {
		rate = 10
	}
	args := []string{"-sf", file, "-i", "127.0.0.1", "-p", strconv.Itoa(s.port), "-t", transport, "-m", strconv.Itoa(s.calls), "-r", strconv.Itoa(rate),
		"-s", s.service, "-au", s.user, "-ap", secret, "-nostdin", "-timeout", strconv.Itoa(int(s.patience/time.Second)) + "s", "-timeout_error",
		"-buff_size", "4194304", "-trace_stat", "-stf", "stat.csv", "-fd", "1", "-trace_err", "-error_file", "errors.log"}
	if s.limit > 0 {
		args = append(args, "-l", strconv.Itoa(s.limit))
	}
	if s.lose > 0 {
		args = append(args, "-lost", strconv.Itoa(s.lose))
	}
	if s.load {
		args = append(args, "-timer_resol", "5")
	} else {
		args = append(args, "-trace_msg", "-message_file", "messages.log")
	}
	s.process, err = start(s.dir, nil, path, append(args, server)...)
	return err
}

// listening waits until SIPp has its port.
func (s *sipp) listening(ctx context.Context) error {
	for range 500 {
		if taken(s.port, s.tcp) {
			return nil
		}
		select {
		case <-s.done:
			return fmt.Errorf("SIPp has ended: %w\n%s", s.err, s.complaint())
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("SIPp does not listen at port %d", s.port)
}

// taken reports whether somebody has a port of 127.0.0.1, and over TCP listens at it. The kernel is asked: who tried to have the port would take it from under
// SIPp.
func taken(port int, tcp bool) bool {
	name, state := "/proc/net/udp", ""
	if tcp {
		name, state = "/proc/net/tcp", "0A" // LISTEN
	}
	table, err := os.ReadFile(name)
	if err != nil {
		return false
	}
	// A line is "12: 0100007F:17AC 00000000:0000 0A …": the number, the local address, the other side's, the state.
	local := fmt.Sprintf("0100007F:%04X", port)
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); len(f) > 3 && f[1] == local && (state == "" || f[3] == state) {
			return true
		}
	}
	return false
}

// finish waits for the end of a run. The error has what SIPp complained of.
func (s *sipp) finish(ctx context.Context) (counts, error) {
	err := s.wait(ctx, s.patience+10*time.Second)
	c, cerr := readCounts(filepath.Join(s.dir, "stat.csv"))
	switch {
	case err != nil:
		return c, fmt.Errorf("SIPp %s: %w: %d of %d calls went as they should\n%s", filepath.Base(s.scenario), err, c.succeeded, s.calls, s.complaint())
	case cerr != nil:
		return c, cerr
	case c.failed > 0 || c.succeeded != s.calls:
		return c, fmt.Errorf("SIPp %s: %d of %d calls went as they should\n%s", filepath.Base(s.scenario), c.succeeded, s.calls, s.complaint())
	}
	return c, nil
}

// complaint is what SIPp wrote into its files, the end of it.
func (s *sipp) complaint() string {
	var out strings.Builder
	for _, name := range []string{"errors.log", "messages.log"} {
		b, err := os.ReadFile(filepath.Join(s.dir, name))
		if err != nil || len(b) == 0 {
			continue
		}
		fmt.Fprintf(&out, "%s\n", b[max(0, len(b)-8<<10):])
	}
	if out.Len() == 0 {
		b := s.said.String()
		return b[max(0, len(b)-4<<10):]
	}
	return out.String()
}

// readCounts reads the last line of SIPp's statistics.
func readCounts(name string) (counts, error) {
	f, err := os.Open(name)
	if err != nil {
		return counts{}, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = ';', -1, true
	rows, err := r.ReadAll()
	if err != nil {
		return counts{}, err
	}
	if len(rows) < 2 {
		return counts{}, errors.New("SIPp left no statistics")
	}
	last := rows[len(rows)-1]
	column := func(name string) int {
		for i, head := range rows[0] {
			if head == name && i < len(last) {
				n, _ := strconv.Atoi(last[i])
				return n
			}
		}
		return 0
	}
	return counts{made: column("TotalCallCreated"), succeeded: column("SuccessfulCall(C)"), failed: column("FailedCall(C)"), repeats: column("Retransmissions(C)")}, nil
}

// answersOptions asks a server once whether it is there.
func answersOptions(addr string) bool {
	c, err := net.Dial("udp", addr)
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(200 * time.Millisecond))
	local := c.LocalAddr().String()
	n := runs.Add(1)
	_, err = fmt.Fprintf(c, "OPTIONS sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bKready%d\r\nMax-Forwards: 70\r\nFrom: <sip:ready@%s>;tag=r%d\r\nTo: <sip:%s>\r\n"+
		"Call-ID: ready-%d@%s\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n", addr, local, n, domain, n, addr, n, local)
	if err != nil {
		return false
	}
	b := make([]byte, 2048)
	got, err := c.Read(b)
	return err == nil && strings.HasPrefix(string(b[:got]), "SIP/2.0 ")
}
