package main

import (
	"bufio"
	"context"
	"os"
	"runtime"
	"strings"
)

// machine is where the figures are from.
type machine struct {
	cpu   string
	cores int
	os    string
	goes  string // version of Go
}

func thisMachine(ctx context.Context) machine {
	m := machine{cpu: cpuModel(ctx), cores: runtime.NumCPU(), os: runtime.GOOS + "/" + runtime.GOARCH, goes: runtime.Version()}
	if m.cpu == "" {
		m.cpu = "unknown processor"
	}
	return m
}

// cpuModel returns the name of the processor, "" if the system does not tell.
func cpuModel(ctx context.Context) string {
	if runtime.GOOS == "darwin" {
		return firstLine(ctx, "/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string")
	}
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return os.Getenv("PROCESSOR_IDENTIFIER") // Windows
	}
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		if name, value, ok := strings.Cut(in.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
