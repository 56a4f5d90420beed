package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// usage is what a process and those below it have taken.
type usage struct {
	user, system time.Duration
	memory       int64 // proportional set size in bytes: what processes share is counted once
}

func (u usage) cpu() time.Duration { return u.user + u.system }

// since returns what was taken after another look. Memory is what there is now.
func (u usage) since(before usage) usage {
	return usage{u.user - before.user, u.system - before.system, u.memory}
}

// tree returns a process and those below it.
func tree(pid int) []int {
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", all[i]))
		if err != nil {
			continue
		}
		for _, t := range tasks {
			b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", all[i], t.Name()))
			for _, f := range strings.Fields(string(b)) {
				if n, err := strconv.Atoi(f); err == nil {
					all = append(all, n)
				}
			}
		}
	}
	return all
}

// usageOf reads the usage of a process and those below it from /proc.
func usageOf(pid int) (usage, error) {
	var u usage
	for _, p := range tree(pid) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p))
		if err != nil {
			return u, err
		}
		// The name of the program is in parentheses and may hold anything; utime and stime are fields 14 and 15 (proc(5)).
		f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(f) < 13 {
			return u, errors.New("/proc/PID/stat is too short")
		}
		user, _ := strconv.ParseInt(f[11], 10, 64)
		system, _ := strconv.ParseInt(f[12], 10, 64)
		const tick = time.Second / 100 // USER_HZ
		u.user += time.Duration(user) * tick
		u.system += time.Duration(system) * tick
		u.memory += memoryOf(p)
	}
	return u, nil
}

// memoryOf returns the proportional set size of a process, 0 if it cannot be read.
func memoryOf(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(b), "\n") {
		if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
			if f := strings.Fields(rest); len(f) > 0 {
				n, _ := strconv.ParseInt(f[0], 10, 64)
				return n << 10
			}
		}
	}
	return 0
}

// kamailioPath finds Kamailio, which stands where only root looks.
func kamailioPath() (string, error) {
	for _, name := range []string{"kamailio", "/usr/sbin/kamailio", "/usr/local/sbin/kamailio"} {
		if p, err := exec.LookPath(name); err == nil {
			return p, nil
		}
	}
	return "", errors.New("kamailio is not here")
}

func kamailioVersion() string {
	path, err := kamailioPath()
	if err != nil {
		return ""
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	b, _ := exec.CommandContext(ctx, path, "-v").Output()
	line, _, _ := strings.Cut(string(b), "\n")
	line, _, _ = strings.Cut(line, " (")
	return strings.TrimPrefix(line, "version: ")
}
