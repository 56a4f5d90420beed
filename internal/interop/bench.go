package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"sipscribe/internal/figures"
)

// errLost says that our proxy lost calls at a rate at which Kamailio lost none.
var errLost = errors.New("calls were lost through sipscribe at a rate at which Kamailio lost none")

// bench is one run of the program.
type bench struct {
	settings
	stdout, stderr io.Writer

	dir string
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.stderr, "interop: "+format+"\n", args...)
}

// sample is one load on one proxy.
type sample struct {
	usage
	counts
	callee counts
}

// lost is how many calls did not come to their end at both sides.
func (s *sample) lost(calls int) int { return calls - min(s.succeeded, s.callee.succeeded) }

// proxies are those that are measured, in the order of their turns.
func (b *bench) proxies() []string {
	all := []string{"sipscribe", "Kamailio"}
	switch b.only {
	case "sipscribe":
		return all[:1]
	case "kamailio":
		return all[1:]
	}
	if _, err := kamailioPath(); err != nil {
		b.say("%v: nothing is compared with it", err)
		return all[:1]
	}
	return all
}

func (b *bench) run(ctx context.Context) (err error) {
	if b.keep != "" {
		if b.dir, err = filepath.Abs(b.keep); err != nil {
			return err
		}
		if err := os.MkdirAll(b.dir, 0o777); err != nil {
			return err
		}
	} else {
		if b.dir, err = os.MkdirTemp("", "sipscribe-interop-*"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	}
	proxies := b.proxies()
	samples := map[string][]sample{} // "Kamailio 200"
	for run := range b.runs {
		for _, rate := range b.rates {
			for _, name := range proxies {
				b.say("turn %d of %d: %d calls at %d a second through %s", run+1, b.runs, b.settings.calls, rate, name)
				s, err := b.load(ctx, name, rate, b.settings.calls, nil)
				if err != nil {
					return err
				}
				key := fmt.Sprint(name, " ", rate)
				samples[key] = append(samples[key], s)
			}
		}
	}
	var syscalls map[string]float64
	if b.count {
		syscalls = b.countSyscalls(ctx, proxies)
	}
	return b.write(proxies, samples, syscalls)
}

// start starts a proxy in a folder of its own.
func (b *bench) start(name string) (*server, error) {
	dir := filepath.Join(b.dir, fmt.Sprintf("%s-%d", strings.ToLower(name), runs.Add(1)))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	if name == "Kamailio" {
		return startKamailio(dir, 2)
	}
	// Kamailio does not count what one address sends; ours must not either, since all load comes from one. The others' clients know MD5 alone.
	return startSipscribe(b.program, dir, append([]string{"--rate", "off", "--algorithms", "MD5"}, b.more...)...)
}

// load places calls through a proxy and returns what that took. attend, if there, is called when the proxy is warm, and what it returns when the
// calls are over.
func (b *bench) load(ctx context.Context, name string, rate, calls int, attend func(*server) func()) (sample, error) {
	var s sample
	proxy, err := b.start(name)
	if err != nil {
		return s, err
	}
	defer proxy.stop()
	register := sipp{scenario: "register", port: 6060, user: "bob", service: "bob", calls: 1}
	if err := register.start(b.dir, proxy.addr); err != nil {
		return s, err
	}
	if _, err := register.finish(ctx); err != nil {
		return s, err
	}
	// Some calls first, so that what happens once is not counted.
	if _, err := b.calls(ctx, proxy, min(rate, 50), 20); err != nil {
		return s, fmt.Errorf("%s: %w", name, err)
	}
	var over func()
	if attend != nil {
		over = attend(proxy)
	}
	before, err := usageOf(proxy.cmd.Process.Pid)
	if err != nil {
		return s, err
	}
	s, err = b.calls(ctx, proxy, rate, calls)
	if over != nil {
		over()
	}
	var bad *callsFailed
	if err != nil && !errors.As(err, &bad) {
		return s, err
	}
	after, uerr := usageOf(proxy.cmd.Process.Pid)
	if uerr != nil {
		return s, fmt.Errorf("%s: %w\n%s", name, uerr, proxy.said.String())
	}
	if err != nil {
		b.say("%v", err)
	}
	s.usage = after.since(before)
	return s, nil
}

// callsFailed says that some calls did not come to their end, which a measurement counts.
type callsFailed struct{ error }

// calls has SIPp place calls and be called.
func (b *bench) calls(ctx context.Context, proxy *server, rate, calls int) (sample, error) {
	var s sample
	patience := time.Duration(calls/rate+40) * time.Second
	callee := sipp{scenario: "uas-cancelled", port: 6060, user: "bob", service: "bob", calls: calls, patience: patience, load: true}
	if err := callee.start(b.dir, proxy.addr); err != nil {
		return s, err
	}
	defer callee.stop()
	if err := callee.listening(ctx); err != nil {
		return s, err
	}
	caller := sipp{scenario: "cancel", port: 7070, user: "alice", service: "bob", calls: calls, rate: rate, limit: 4 * rate, patience: patience, load: true}
	if err := caller.start(b.dir, proxy.addr); err != nil {
		return s, err
	}
	defer caller.stop()
	var err1, err2 error
	s.counts, err1 = caller.finish(ctx)
	s.callee, err2 = callee.finish(ctx)
	if err := errors.Join(err1, err2); err != nil {
		return s, &callsFailed{err}
	}
	return s, nil
}

// countSyscalls counts the system calls a call in a run of its own, since being watched slows a program down.
func (b *bench) countSyscalls(ctx context.Context, proxies []string) map[string]float64 {
	strace, err := exec.LookPath("strace")
	if err != nil {
		b.say("strace is not installed: system calls are not counted")
		return nil
	}
	const rate = 200
	calls := min(b.settings.calls, 1000)
	out := map[string]float64{}
	for _, name := range proxies {
		b.say("counting system calls of %s", name)
		total := 0
		var problem error
		_, err := b.load(ctx, name, rate, calls, func(s *server) func() {
			file := filepath.Join(b.dir, fmt.Sprintf("strace-%d", runs.Add(1)))
			args := []string{"-f", "-c", "-U", "calls,name", "-o", file}
			for _, pid := range tree(s.cmd.Process.Pid) {
				args = append(args, "-p", strconv.Itoa(pid))
			}
			watcher, err := start(b.dir, nil, strace, args...)
			if err != nil {
				problem = err
				return nil
			}
			problem = watcher.await("attached", 1, 10*time.Second)
			return func() {
				watcher.interrupt()
				total, err = readStrace(file)
				problem = errors.Join(problem, err)
			}
		})
		if err = errors.Join(err, problem); err != nil {
			b.say("%s: system calls are not counted: %v", name, err)
			continue
		}
		out[name] = float64(total) / float64(calls)
	}
	return out
}

// readStrace returns the sum of strace's table, of the lines "  123 futex".
func readStrace(name string) (int, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	total := 0
	for _, line := range strings.Split(string(b), "\n") {
		f := strings.Fields(line)
		if len(f) != 2 || f[1] == "total" {
			continue
		}
		if n, err := strconv.Atoi(f[0]); err == nil {
			total += n
		}
	}
	if total == 0 {
		return 0, errors.New("strace counted nothing")
	}
	return total, nil
}

// goal is that of DESIGN.md: our processor time a call, of Kamailio's.
const goal = 0.5

// write writes the table as Markdown, as it stands in docs/measurements.md.
func (b *bench) write(proxies []string, samples map[string][]sample, syscalls map[string]float64) error {
	out := &strings.Builder{}
	out.WriteString(figures.Machine())
	if slices.Contains(proxies, "Kamailio") {
		fmt.Fprintf(out, ", %s", kamailioVersion())
	}
	fmt.Fprintf(out, "\nthe seed call, authenticated and cancelled, over UDP; %d calls at each rate; median of %d turns\n\n", b.settings.calls, b.runs)
	rows := [][]string{{"calls/s", "proxy", "CPU ms a call", "least to most", "user, system", "of Kamailio's", "goal", "lost", "sent again", "memory MB"}}
	var failed error
	for _, rate := range b.rates {
		theirs := time.Duration(0)
		theirsLost := -1
		if k := samples[fmt.Sprint("Kamailio ", rate)]; len(k) > 0 {
			theirs = middle(k).cpu()
			theirsLost = lostIn(k, b.settings.calls)
		}
		for _, name := range proxies {
			all := samples[fmt.Sprint(name, " ", rate)]
			m := middle(all)
			least, most := all[0].cpu(), all[0].cpu()
			again := 0
			for i := range all {
				least, most = min(least, all[i].cpu()), max(most, all[i].cpu())
				again += all[i].repeats + all[i].callee.repeats
			}
			n := time.Duration(b.settings.calls)
			lost := lostIn(all, b.settings.calls)
			row := []string{strconv.Itoa(rate), name, millis(m.cpu() / n), millis(least/n) + " to " + millis(most/n), millis(m.user/n) + ", " + millis(m.system/n), "", "",
				strconv.Itoa(lost), strconv.Itoa(again), strconv.FormatFloat(float64(m.memory)/1e6, 'f', 0, 64)}
			if name == "sipscribe" {
				row[6] = strconv.FormatFloat(goal, 'f', 2, 64)
				if theirs > 0 {
					row[5] = strconv.FormatFloat(float64(m.cpu())/float64(theirs), 'f', 2, 64)
				}
				if lost > 0 && theirsLost == 0 {
					failed = errLost
				}
			}
			rows = append(rows, row)
		}
	}
	out.WriteString(figures.Table(rows))
	if len(syscalls) > 0 {
		fmt.Fprintf(out, "\nSystem calls a call, at 200 calls/s:")
		for i, name := range proxies {
			if i > 0 {
				out.WriteByte(',')
			}
			fmt.Fprintf(out, " %s %.1f", name, syscalls[name])
		}
		out.WriteByte('\n')
	}
	if b.settings.calls < 1000 {
		out.WriteString("\nSo few calls show that everything runs; the figures say little.\n")
	}
	if _, err := io.WriteString(b.stdout, out.String()); err != nil {
		return err
	}
	return failed
}

func lostIn(all []sample, calls int) (n int) {
	for i := range all {
		n += all[i].lost(calls)
	}
	return n
}

// middle returns the sample with the median of the processor time.
func middle(all []sample) *sample {
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(a, b sample) int { return int(a.cpu() - b.cpu()) })
	return &sorted[(len(sorted)-1)/2]
}

func millis(d time.Duration) string {
	return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 3, 64)
}
