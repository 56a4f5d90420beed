package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// parsing is what the benchmark of the parser says: an INVITE with SDP of 985 bytes.
type parsing struct {
	mbPerSecond float64 // median
	allocs      float64 // a message, the most of all runs
}

// measureParse runs the benchmark of package sip, which stands beside the parser.
func measureParse(ctx context.Context, root string, smoke bool) (parsing, error) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	times, count := "1s", "5"
	if smoke {
		times, count = "20ms", "1"
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkParseInvite$", "-benchmem", "-benchtime", times, "-count", count, "./sip")
	cmd.Dir = root
	var said tail
	cmd.Stderr = &said
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		return parsing{}, failure("go test ./sip", err, &said)
	}
	return readParsing(out)
}

// readParsing reads the output of go test -bench: pairs of a number and its unit behind the name.
func readParsing(out []byte) (parsing, error) {
	var p parsing
	var speeds []float64
	for in := bufio.NewScanner(bytes.NewReader(out)); in.Scan(); {
		if !strings.HasPrefix(in.Text(), "BenchmarkParseInvite") {
			continue
		}
		f := strings.Fields(in.Text())
		for i := 2; i+1 < len(f); i += 2 {
			n, err := strconv.ParseFloat(f[i], 64)
			if err != nil {
				return p, fmt.Errorf("go test ./sip: %q: %w", in.Text(), err)
			}
			switch f[i+1] {
			case "MB/s":
				speeds = append(speeds, n)
			case "allocs/op":
				p.allocs = max(p.allocs, n)
			}
		}
	}
	if len(speeds) == 0 {
		return p, fmt.Errorf("go test ./sip: no BenchmarkParseInvite in its output")
	}
	slices.Sort(speeds)
	p.mbPerSecond = middle(speeds)
	return p, nil
}
