package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		args string
		code int
		want string
	}{
		{"some schedules", context.Background(), "-schedules 20 -seed 7", 0, "20 schedules, "},
		{"ended before it began, it tells what is known", ended, "-schedules 20", 0, "stopped before 20 of them"},
		{"one seed", context.Background(), "-replay 7", 0, "every invariant holds"},
		{"one seed, with its ladder", context.Background(), "-replay 7 -v", 0, "─▶"},
		{"no schedules", context.Background(), "-schedules 0", 2, "must be 1 or more"},
		{"an argument too many", context.Background(), "seven", 2, "unexpected argument"},
	} {
		var out, talk bytes.Buffer
		code := run(c.ctx, strings.Fields(c.args), &out, &talk, false)
		if code != c.code || !strings.Contains(out.String()+talk.String(), c.want) {
			t.Errorf("%s: exit status %d, %s%s", c.name, code, out.String(), talk.String())
		}
	}
}
