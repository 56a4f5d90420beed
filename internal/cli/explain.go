package cli

import (
	"bufio"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"sipscribe/internal/app"
	"sipscribe/internal/callflow"
	"sipscribe/internal/diagnose/rules"
	"sipscribe/internal/explain"
	"sipscribe/internal/render/text"
	"sipscribe/internal/report"
)

func newExplain(t *terminal) *cobra.Command {
	var read readFlags
	var assume []string
	var format string
	draw := newDrawing()
	cmd := &cobra.Command{
		Use:   "explain FILE…",
		Short: "Tell what happened in each call: facts, story, how it ended",
		Long: `Tells what happened in each call of a log or capture: the facts that it shows, a sentence for each message, how it ended, and what the log itself did
to the messages. Every fact and sentence has the line or frame that proves it.

Files may be compressed (gzip, Zstandard); several are merged by time; "-" is standard input.`,
		Example: `  sipscribe explain adapter.log
  sipscribe explain --assume callee=1-800-555-1212 --year 2009 page.txt
  sipscribe explain --where outcome=failed --format ndjson *.log.gz`,
		Args: needFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := read.config(t, args)
			if err != nil {
				return err
			}
			facts, err := assumptions(assume, t.talk)
			if err != nil {
				return err
			}
			filter, err := parseFilter(read.where)
			if err != nil {
				return err
			}
			options, err := draw.options(t)
			if err != nil {
				return err
			}
			defer t.done()
			if read.unrecognised {
				read.listUnrecognised(&cfg, t)
				return read.onlyUnrecognised(cmd.Context(), cfg)
			}
			var sources []report.Source
			opened := cfg.Opened
			cfg.Opened = func(s report.Source) {
				sources = append(sources, s)
				if opened != nil {
					opened(s)
				}
			}
			e := &explainer{out: bufio.NewWriterSize(t, 64<<10), filter: filter, builder: report.NewBuilder(facts, rules.All),
				assumed: facts, logs: map[string]int{},
				options: options, sources: &sources}
			switch format {
			case "text":
				e.write = e.text
			case "json":
				e.write = e.json
			case "ndjson":
				e.write = e.ndjson
			default:
				return fmt.Errorf("--format: there is no format %q; there are text, json, ndjson", format)
			}
			return e.run(cmd, cfg, t, &read, format)
		},
	}
	read.register(cmd)
	fl := cmd.Flags()
	fl.StringVar(&format, "format", "text", "text, json (one document) or ndjson (one call a line)")
	fl.StringArrayVar(&assume, "assume", nil, "supply a fact that the log hides, as name=value (proxy=…, callee=…); what rests on it is marked")
	draw.register(fl)
	return cmd
}

// explainer writes the calls of one run.
type explainer struct {
	out     *bufio.Writer
	ordered *app.Ordered
	builder *report.Builder
	rower   report.Rower
	filter  *filter
	options text.Options
	printer text.Printer
	sources *[]report.Source
	calls   int
	told    int
	// logs counts, for each assumption, the calls of which the log itself says it: there it was not needed.
	assumed explain.Assumptions
	logs    map[string]int
	built   int
	write   func(dst []byte, c *report.Call) ([]byte, error)
}

func (e *explainer) run(cmd *cobra.Command, cfg app.ReadConfig, t *terminal, read *readFlags, format string) error {
	e.ordered = app.NewOrdered(numbered{e, format}, app.OrderedBudget)
	cfg.Begun = func(mixed bool) { e.options.UTC = mixed }
	res, err := app.Read(cmd.Context(), cfg, func(c *callflow.Call, oldest int64) error {
		e.calls++
		read.notice(c)
		if !e.filter.all() {
			row := e.rower.Row(c)
			if e.options.UTC {
				row.Time = row.Time.InUTC() // as list has it
			}
			if !e.filter.match(&row, *e.sources) {
				return e.ordered.Put(c.Seq, nil, oldest)
			}
		}
		told := e.builder.Build(c)
		e.noticeFacts(told)
		b, err := e.write(e.ordered.Buffer(), told)
		if err != nil {
			return err
		}
		return e.ordered.Put(c.Seq, b, oldest)
	})
	if cerr := e.ordered.Close(); err == nil {
		err = cerr
	}
	if format != "text" && len(res.Sources) > 0 {
		if werr := e.closeJSON(res, format); err == nil {
			err = werr
		}
	}
	if ferr := e.out.Flush(); err == nil {
		err = ferr
	}
	if err != nil {
		return err
	}
	if e.calls == 0 {
		return nothingFound(res)
	}
	if e.told == 0 {
		t.noneFits(e.calls)
	}
	e.tellUnneeded(t)
	read.tellRest(t, res)
	return readAll(res)
}

// noticeFacts counts the facts of a call that the log says though the user supplied them.
func (e *explainer) noticeFacts(c *report.Call) {
	e.built++
	if len(e.assumed) == 0 {
		return
	}
	for i := range c.Story.Facts {
		f := &c.Story.Facts[i]
		if _, ok := e.assumed[f.Name]; ok && !f.Assumed {
			e.logs[f.Name]++
		}
	}
}

// tellUnneeded says which assumptions were not needed.
func (e *explainer) tellUnneeded(t *terminal) {
	for _, name := range slices.Sorted(maps.Keys(e.logs)) {
		where := fmt.Sprintf("in %d of %d calls", e.logs[name], e.built)
		switch {
		case e.built == 1:
			where = "in the call"
		case e.logs[name] == e.built:
			where = fmt.Sprintf("in all %d calls", e.built)
		}
		t.talk("--assume %s: the log itself says it %s, and its word stands there", name, where)
	}
}

// numbered writes the texts of calls in their order, with what stands between them.
type numbered struct {
	e      *explainer
	format string
}

func (n numbered) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	e := n.e
	e.told++
	switch n.format {
	case "text":
		if e.told > 1 {
			_ = e.out.WriteByte('\n')
			_ = e.out.WriteByte('\n')
		}
		_, _ = e.out.Write(appendCallNumber(e.out.AvailableBuffer(), e.told, e.options.Color))
	case "json":
		sep := ",\n"
		if e.told == 1 {
			e.openJSON()
			sep = ""
		}
		_, _ = e.out.WriteString(sep)
	}
	return e.out.Write(p)
}

// appendCallNumber begins the heading of a call, in bold as the rest of it is.
func appendCallNumber(dst []byte, n int, color bool) []byte {
	if color {
		return append(strconv.AppendInt(append(dst, "\x1b[1mCall "...), int64(n), 10), "\x1b[0m"...)
	}
	return strconv.AppendInt(append(dst, "Call "...), int64(n), 10)
}

func (e *explainer) text(dst []byte, c *report.Call) ([]byte, error) {
	o := e.options
	o.Sources = *e.sources
	return e.printer.Append(dst, c, o), nil
}

func (e *explainer) json(dst []byte, c *report.Call) ([]byte, error) {
	return report.AppendJSON(dst, c.JSON())
}

func (e *explainer) ndjson(dst []byte, c *report.Call) ([]byte, error) {
	b, err := e.json(dst, c)
	return append(b, '\n'), err
}

// openJSON begins the one document of --format json.
func (e *explainer) openJSON() {
	sources, err := report.AppendJSON(nil, *e.sources)
	if err != nil {
		panic("cli: internal error: the sources cannot be written: " + err.Error())
	}
	fmt.Fprintf(e.out, "{\"schema\":%d,\"sources\":%s,\"calls\":[\n", report.Schema, sources)
}

func (e *explainer) closeJSON(res *app.ReadResult, format string) error {
	summary := struct {
		Schema       int                 `json:"schema"`
		Sources      []report.Source     `json:"sources"`
		Calls        int                 `json:"calls"`
		Unrecognised report.Unrecognised `json:"unrecognised"`
	}{report.Schema, res.Sources, e.told, res.Unrecognised}
	if format == "ndjson" {
		b, err := report.AppendJSON(nil, map[string]any{"summary": summary})
		if err != nil {
			return err
		}
		_, err = e.out.Write(append(b, '\n'))
		return err
	}
	if e.told == 0 {
		e.openJSON()
	}
	u, err := report.AppendJSON(nil, res.Unrecognised)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.out, "\n],\"unrecognised\":%s}\n", u)
	return err
}
