// Command mkexamples writes the logs and the capture that sipscribe is tried on.
//
//	$ go run ./internal/workload/cmd/mkexamples examples
//	wrote examples: 9 files
//
// They are put together by code, message by message, in the shapes that devices, proxies and collectors give them, and are the same
// to the byte each time. What happens in them is made up; the first call is the one with which sipscribe began, an adapter that
// gives up before anybody answers.
//
//	seedcall.go    the seed call      seed-call.log          sysklogd without its limit: whole messages
//	                                  seed-call-cut.log      sysklogd: long messages are cut, and the log ends at the CANCEL
//	                                  seed-call-rsyslog.log  rsyslog, which takes the method of a request for the host
//	                                  seed-call-syslog-ng.log  syslog-ng, which keeps line ends
//	                                  seed-call-kiwi.log     Kiwi Syslog
//	                                  seed-call.pcap         the wire
//	dayathome.go   an afternoon       day-at-home.log        an adapter's calls, with what it says of its handset
//	twoproxies.go  two proxies        two-proxies.txt        every hop of a call, labelled as in RFC 3665
//	console.go     a PBX              asterisk.log           the console of Asterisk with "sip set debug" on
//
// The exit status is 0, or 2 if it could not run.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

// run is main with its surroundings passed in. It returns the exit status.
func run(args []string, stderr io.Writer) int {
	if len(args) != 1 || args[0] == "" || args[0][0] == '-' {
		fmt.Fprintln(stderr, "mkexamples: want one argument, the folder to write into")
		return 2
	}
	files, err := examples()
	if err == nil {
		err = os.MkdirAll(args[0], 0o777)
	}
	for _, f := range files {
		if err == nil {
			err = os.WriteFile(filepath.Join(args[0], f.name), f.data, 0o666)
		}
	}
	if err != nil {
		fmt.Fprintf(stderr, "mkexamples: %v\n", err)
		return 2
	}
	fmt.Fprintf(stderr, "wrote %s: %d files\n", args[0], len(files))
	return 0
}

// file is an example: its name, and what stands in it.
type file struct {
	name string
	data []byte
}

// examples makes all of them.
func examples() ([]file, error) {
	seed := seedCall()
	capture, err := pcap(seed)
	if err != nil {
		return nil, err
	}
	return []file{
		{"seed-call.log", sysklogd(seed, false)},
		{"seed-call-cut.log", sysklogd(seed[:throughCancel], true)},
		{"seed-call-rsyslog.log", rsyslog(seed)},
		{"seed-call-syslog-ng.log", syslogNG(seed)},
		{"seed-call-kiwi.log", kiwi(seed)},
		{"seed-call.pcap", capture},
		{"day-at-home.log", sysklogd(dayAtHome(), false)},
		{"two-proxies.txt", []byte(twoProxies().out.String())},
		{"asterisk.log", []byte(asteriskConsole().out.String())},
	}, nil
}
