package cli

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"sipscribe/internal/app"
	"sipscribe/internal/callflow"
	"sipscribe/internal/capture"
	"sipscribe/internal/decode"
	"sipscribe/internal/explain"
	"sipscribe/internal/report"
)

// readFlags are the flags of all commands that read logs.
type readFlags struct {
	inputFormat  string
	year         number
	timezone     string
	memory       string
	verbose      bool
	unrecognised bool
	where        []string

	zoneAlone bool                  // there is a --timezone and no --year
	yearless  bool                  // a call has a date without a year
	clocks    [capture.Domains]bool // those of the calls
}

func (f *readFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.inputFormat, "input-format", "", "read all files as this format ("+app.FormatNames()+"); without it each is recognised")
	f.year = number{want: "a year from 1970 to 9999", ok: func(n int) bool { return n >= 1970 && n <= 9999 }}
	fl.Var(&f.year, "year", "the `year` of the first message, for logs that do not write it")
	fl.StringVar(&f.timezone, "timezone", "", `the time zone of the log, for logs that do not write it ("Europe/Berlin", "UTC", "+02:00")`)
	fl.StringVar(&f.memory, "memory", "512M", "bounds what calls that are not over take (K, M, G): past it the quietest are told before their end; the whole process takes more")
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "say which format each file was taken for, and why")
	fl.BoolVar(&f.unrecognised, "unrecognised", false, "list what was not recognised instead of the calls")
	fl.StringArrayVar(&f.where, "where", nil, `only calls that fit, such as "outcome=busy" or "from~spa1,ring>10s"; see "sipscribe list --help"`)
}

// config turns the flags into a configuration.
func (f *readFlags) config(t *terminal, files []string) (app.ReadConfig, error) {
	t.interrupted = "; what was read until then is told"
	cfg := app.ReadConfig{Files: files, Stdin: t.stdin, InputFormat: f.inputFormat, Progress: t.progress()}
	rules := decode.ClockRules{}
	rules.Year = f.year.n
	if f.timezone != "" {
		zone, err := zoneNamed(f.timezone)
		if err != nil {
			return cfg, err
		}
		rules.Zone = zone
		f.zoneAlone = !f.year.set
	}
	cfg.Clock = &rules
	memory, err := parseSize(f.memory)
	if err != nil {
		return cfg, withHint(fmt.Errorf("--memory: %w", err), `write it as "512M" or "2G"`)
	}
	cfg.Memory = memory
	if f.inputFormat != "" && !strings.Contains(", "+app.FormatNames()+",", " "+f.inputFormat+",") {
		return cfg, fmt.Errorf("--input-format: there is no format %q; there are %s", f.inputFormat, app.FormatNames())
	}
	if slices.Contains(files, "-") && t.isInteractive() {
		end := "Ctrl-D"
		if runtime.GOOS == "windows" {
			end = "Ctrl-Z and Enter"
		}
		t.talk("reading what is typed or pasted here; %s ends it", end)
	}
	cfg.Warn = func(err error) { t.talk("%s", message(err)) }
	cfg.Loss = func(s report.Source, rec *capture.Record) { t.talk("%s: %s", s.Name, rec.Data) }
	cfg.Turned = func(s report.Source, whole bool) {
		name := s.Name
		if name == "-" {
			name = "standard input"
		}
		if whole {
			t.talk("%s has its newest line first; it is read from its end", name)
		} else {
			t.talk("%s has its newest line first and is too long to be turned round here: what is told of it is not right; turn it round (tac FILE > NEW) and read that", name)
		}
	}
	if f.verbose {
		cfg.Opened = func(s report.Source) { t.talk("%s: %s: %s", s.Name, s.Format, s.Reason) }
	}
	return cfg, nil
}

// parseSize reads a number of bytes with K, M or G.
func parseSize(s string) (int64, error) {
	n := int64(0)
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' && n < 1<<40 {
		n = n*10 + int64(s[i]-'0')
		i++
	}
	shift := 0
	switch strings.ToUpper(s[i:]) {
	case "":
	case "K", "KB", "KIB":
		shift = 10
	case "M", "MB", "MIB":
		shift = 20
	case "G", "GB", "GIB":
		shift = 30
	default:
		return 0, fmt.Errorf("%q is not a size", s)
	}
	if i == 0 || n<<shift < 1<<20 || n<<shift > 1<<44 {
		return 0, fmt.Errorf("%q is not a size of 1M or more", s)
	}
	return n << shift, nil
}

// listUnrecognised writes what was not recognised, a line each: place, a tab, the text.
func (f *readFlags) listUnrecognised(cfg *app.ReadConfig, t *terminal) {
	cfg.Unrecognised = func(s report.Source, rec *capture.Record) error {
		place := ":"
		if rec.Origin.Unit == capture.Frame {
			place = "#"
		}
		_, err := fmt.Fprintf(t, "%s%s%d\t%s\n", explain.Shown([]byte(s.Name), 300), place, rec.Origin.Number, explain.Shown(rec.Data, 300))
		return err
	}
}

// onlyUnrecognised reads for what listUnrecognised writes.
func (f *readFlags) onlyUnrecognised(ctx context.Context, cfg app.ReadConfig) error {
	res, err := app.Read(ctx, cfg, func(*callflow.Call, int64) error { return nil })
	if err != nil {
		return err
	}
	return readAll(res)
}

// notice remembers of a call what tellRest says of all.
func (f *readFlags) notice(c *callflow.Call) {
	if stamp := c.Start().Stamp; stamp.HasDate() && stamp.Year == 0 {
		f.yearless = true
	}
	for _, i := range [...]int{0, len(c.Hops) - 1} { // of two sources with clocks that cannot be compared one is read behind the other
		if i >= 0 && !c.Hops[i].Time.IsZero() {
			f.clocks[c.Hops[i].Time.Domain()] = true
		}
	}
}

// tellRest says on standard error what was read and is in no call, and which flags had no effect.
func (f *readFlags) tellRest(t *terminal, res *app.ReadResult) {
	if f.zoneAlone && f.yearless {
		t.talk("--timezone has no effect without --year on a log that writes no year")
	}
	if len(res.Sources) > 1 && f.clocks[capture.DomainUTC] && (f.clocks[capture.DomainYearless] || f.clocks[capture.DomainWall]) {
		t.talk("some of the files give no year or no zone, others do: their calls are not in the order of time, and a call that is in both may be told twice; " +
			"--year and --timezone mend that")
	}
	if n := res.ToldTwice; n > 0 {
		t.talk("calls to %s stand in a capture, and in a log that has only the first lines of messages: nothing in such a line ties it to a frame, and each of these calls may be told twice",
			counted(int64(n), "number"))
	}
	if n := res.Unrecognised.Lines + res.Unrecognised.Records; n > 0 && !f.unrecognised {
		var parts []string
		if res.Unrecognised.Lines > 0 {
			parts = append(parts, counted(res.Unrecognised.Lines, "line"))
		}
		if k := res.Unrecognised.Records; k > 0 {
			parts = append(parts, counted(k, "record"))
		}
		verb := "were"
		if n == 1 {
			verb = "was"
		}
		t.talk("%s %s not recognised as part of a call (--unrecognised lists them)", strings.Join(parts, " and "), verb)
	}
	if res.Stats.Evicted > 0 {
		t.talk("%s told before the end for lack of memory (--memory allows more)", counted(res.Stats.Evicted, "call"))
	}
	if f.verbose {
		for _, c := range []struct {
			n    int64
			what string
		}{{res.Keepalives, "keep-alive"}, {res.Media, "RTP or RTCP packet"}, {res.Encrypted, "encrypted packet"}, {res.Other, "other packet"},
			{res.Stats.LooseEvents, "event of a device outside any call"}} {
			if c.n > 0 {
				t.talk("passed over: %s", counted(c.n, c.what))
			}
		}
	}
}

// partly is the error of a run that told what it could, and could not read all.
type partly struct{ unread, of int }

func (e *partly) Error() string {
	its := "its"
	if e.unread > 1 {
		its = "their"
	}
	return fmt.Sprintf("%d of %s could not be read, or not to %s end (exit status %d)", e.unread, counted(int64(e.of), "file"), its, exitPartly)
}

// readAll returns an error if not all of the sources were read to their ends.
func readAll(res *app.ReadResult) error {
	if res.Unread == 0 {
		return nil
	}
	return &partly{res.Unread, res.Named}
}

// counted writes a number of things: "1 line of other text", "2 lines of other text", "2 records that are no SIP".
func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if first, rest, ok := strings.Cut(what, " that is "); ok {
		return fmt.Sprintf("%d %ss that are %s", n, first, rest)
	}
	if first, rest, ok := strings.Cut(what, " of "); ok {
		return fmt.Sprintf("%d %ss of %s", n, first, rest)
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// assumptions reads --assume name=value. The last value of a name counts; warn is told of that.
func assumptions(list []string, warn func(format string, args ...any)) (explain.Assumptions, error) {
	out := explain.Assumptions{}
	for _, a := range list {
		name, value, ok := strings.Cut(a, "=")
		if !ok || value == "" {
			return nil, withHint(fmt.Errorf("--assume: %q is not name=value", a), "such as callee=1-800-555-1212")
		}
		known := false
		var names []string
		for _, f := range explain.FactNames {
			if f.Assumable {
				names = append(names, f.Name)
				known = known || f.Name == name
			}
		}
		if !known {
			sort.Strings(names)
			return nil, fmt.Errorf("--assume: there is no fact %q to assume; there are %s", name, strings.Join(names, ", "))
		}
		if before, twice := out[name]; twice {
			warn("--assume: %s is given twice; %q counts, %q does not", name, value, before)
		}
		out[name] = value
	}
	return out, nil
}
