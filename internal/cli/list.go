package cli

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sipscribe/internal/app"
	"sipscribe/internal/callflow"
	"sipscribe/internal/report"
)

var (
	outcomeWords = callflow.Outcomes()
	kindWords    = []string{"call", "registration", "subscription", "other"}
)

func newList(t *terminal) *cobra.Command {
	var read readFlags
	var asCSV, asJSON bool
	var sortBy string
	width := widthFlag()
	cmd := &cobra.Command{
		Use:   "list FILE…",
		Short: "List the calls, one row each",
		Long: `Lists the calls of a log or capture, one row each, in the order in which they began: time, from, to, outcome, how long it rang and how long they
talked, the number of messages, and the file. Requests that are no call, such as a keep-alive NOTIFY or a REGISTER that was refused, have their method before the outcome;
--where kind=call leaves them out. Files may be compressed; several are merged by time; "-" is standard input.

On a terminal that is too narrow for the table, columns and long names are shortened (…), and in a very narrow one each call stands on lines of its own; into a file or a pipe, and
with --width 0, it has all of it.

In the values of --csv an apostrophe stands before what a spreadsheet would take for a formula, such as '=1+1 for =1+1; telephone numbers, +18005551212
among them, stay as they are.

` + filterHelp,
		Example: `  sipscribe list adapter.log
  sipscribe list --where "outcome=busy" --csv *.log.gz > busy.csv
  sipscribe list --where "from~spa1,ring>10s" --sort=-ring capture.pcap`,
		Args: needFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := read.config(t, args)
			if err != nil {
				return err
			}
			filter, err := parseFilter(read.where)
			if err != nil {
				return err
			}
			if asCSV && asJSON {
				return fmt.Errorf("list: --csv and --json exclude each other")
			}
			order, err := parseOrder(sortBy)
			if err != nil {
				return err
			}
			defer t.done()
			cfg.Rows = true
			if read.unrecognised {
				read.listUnrecognised(&cfg, t)
				return read.onlyUnrecognised(cmd.Context(), cfg)
			}
			l := &lister{out: bufio.NewWriterSize(t, 64<<10), filter: filter}
			cfg.Begun = func(mixed bool) { l.mixed = mixed }
			opened := cfg.Opened
			cfg.Opened = func(s report.Source) {
				l.sources = append(l.sources, s)
				if opened != nil {
					opened(s)
				}
			}
			switch {
			case asCSV:
				l.format = &csvRows{}
			case asJSON:
				l.format = &jsonRows{}
			default:
				l.table = &tableRows{table: table{out: l.out, width: t.width(width.n)}}
				l.format = l.table
				l.rower.WithoutCallID = filter.all()
			}
			res, err := l.run(cmd, cfg, &read, order)
			if err != nil {
				return err
			}
			if l.calls == 0 {
				return nothingFound(res)
			}
			if l.shown == 0 {
				t.noneFits(l.calls)
			}
			read.tellRest(t, res)
			return readAll(res)
		},
	}
	read.register(cmd)
	fl := cmd.Flags()
	fl.BoolVar(&asCSV, "csv", false, "write comma-separated values (RFC 4180)")
	fl.BoolVar(&asJSON, "json", false, "write a JSON array")
	fl.Var(&width, "width", "`columns` to draw the table for; 0: no limit (default: those of the terminal)")
	fl.StringVar(&sortBy, "sort", "time", "order: time, from, to, outcome, ring, talk, messages; with - before it the largest first")
	return cmd
}

// lister writes the rows of one run.
type lister struct {
	out     *bufio.Writer
	filter  *filter
	sources []report.Source
	format  rowFormat
	table   *tableRows // is format, if that is a table
	rower   report.Rower
	row     report.Row // of the newest call
	calls   int
	shown   int
	mixed   bool // the sources write their times in different forms: all that can be told are shown in UTC
}

// rowFormat is a way to write rows.
type rowFormat interface {
	head(dst []byte) []byte
	none(dst []byte) []byte // in place of head and tail, if there is no row
	row(dst []byte, r *report.Row, sources []report.Source) []byte
	tail(dst []byte) []byte
}

func (l *lister) run(cmd *cobra.Command, cfg app.ReadConfig, read *readFlags, order *order) (*app.ReadResult, error) {
	var res *app.ReadResult
	var err error
	if order.streams() {
		ordered := app.NewOrdered(l, app.OrderedBudget)
		res, err = app.Read(cmd.Context(), cfg, func(c *callflow.Call, oldest int64) error {
			l.calls++
			read.notice(c)
			l.makeRow(c)
			b := ordered.Buffer()
			if l.filter.match(&l.row, l.sources) {
				b = l.format.row(b, &l.row, l.sources)
			}
			return ordered.Put(c.Seq, b, oldest)
		})
		if cerr := ordered.Close(); err == nil {
			err = cerr
		}
	} else {
		sorter := newRowSorter(order, maxRowsInMemory)
		defer sorter.close()
		res, err = app.Read(cmd.Context(), cfg, func(c *callflow.Call, _ int64) error {
			l.calls++
			read.notice(c)
			l.makeRow(c)
			if l.filter.match(&l.row, l.sources) {
				return sorter.add(&l.row)
			}
			return nil
		})
		var buf []byte
		serr := sorter.each(func(r *report.Row) error {
			buf = l.format.row(buf[:0], r, l.sources)
			_, err := l.Write(buf)
			return err
		})
		if err == nil {
			err = serr
		}
	}
	if l.table != nil {
		l.table.sources = len(l.sources)
		if terr := l.table.close(l.calls > 0); err == nil {
			err = terr
		}
	}
	switch {
	case l.shown > 0:
		if _, werr := l.out.Write(l.format.tail(nil)); err == nil {
			err = werr
		}
	case len(l.sources) > 0: // else nothing was read, and there is nothing to say of it
		if _, werr := l.out.Write(l.format.none(nil)); err == nil {
			err = werr
		}
	}
	if ferr := l.out.Flush(); err == nil {
		err = ferr
	}
	return res, err
}

// makeRow makes the row of a call.
func (l *lister) makeRow(c *callflow.Call) {
	if l.row = l.rower.Row(c); l.mixed {
		l.row.Time = l.row.Time.InUTC()
	}
}

// Write writes one row.
func (l *lister) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	l.shown++
	if l.table != nil {
		l.table.sources = len(l.sources) // all of them are open before the first row comes
		return len(p), l.table.add(p)
	}
	if l.shown == 1 {
		if _, err := l.out.Write(l.format.head(nil)); err != nil {
			return 0, err
		}
	}
	if j, ok := l.format.(*jsonRows); ok && l.shown > 1 {
		if _, err := l.out.WriteString(j.separator()); err != nil {
			return 0, err
		}
	}
	return l.out.Write(p)
}

// tableRows makes rows of cells, which a table lays out.
type tableRows struct {
	table
	source int32  // of the newest row, and
	name   string // its name, "" before the first
}

func (*tableRows) head(dst []byte) []byte { return dst } // when the widths are known

func (f *tableRows) row(dst []byte, r *report.Row, sources []report.Source) []byte {
	dst = r.Time.Stamp.AppendText(dst)
	dst = append(dst, cellEnd)
	dst = append(dst, dash(r.From)...)
	dst = append(dst, cellEnd)
	dst = append(dst, dash(r.To)...)
	dst = append(dst, cellEnd)
	dst = appendOutcome(dst, r)
	for _, d := range [...]time.Duration{r.Ring, r.Talk} {
		dst = append(dst, cellEnd)
		if d < 0 {
			dst = append(dst, '-')
		}
		dst = report.AppendDuration(dst, d, r.Precision)
	}
	dst = append(dst, cellEnd)
	dst = strconv.AppendInt(dst, int64(r.Messages), 10)
	dst = append(dst, cellEnd)
	if f.name == "" || f.source != r.Source {
		f.source, f.name = r.Source, printable(sourceName(sources, r.Source))
	}
	dst = append(dst, f.name...)
	return append(dst, '\n')
}

// appendOutcome appends how the call ended: the outcome, and the status where it is not the one that goes without saying, a 2xx or the 487 of
// a cancelled call. What is no call has its method first, which a status then follows by itself: "NOTIFY 489", "OPTIONS done"; but for a registration that was made or
// removed, which says what it is.
func appendOutcome(dst []byte, r *report.Row) []byte {
	told := r.Status != 0 && r.Status/100 != 2 && (r.Outcome != callflow.OutcomeCancelled || r.Status != 487)
	lone := r.Method != "" && r.Kind != callflow.KindCall && r.Outcome != callflow.OutcomeRegistered && r.Outcome != callflow.OutcomeUnregistered
	if lone {
		dst = append(dst, r.Method...)
	}
	if !lone || !told {
		if lone {
			dst = append(dst, ' ')
		}
		dst = append(dst, r.Outcome.String()...)
	}
	if told {
		dst = append(dst, ' ')
		dst = strconv.AppendInt(dst, int64(r.Status), 10)
	}
	if r.RedirectedTo != "" {
		dst = append(dst, ", redirected to "...)
		dst = append(dst, r.RedirectedTo...)
	}
	return dst
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (*tableRows) none(dst []byte) []byte { return dst } // the table is laid out by itself

func (*tableRows) tail(dst []byte) []byte { return dst }

// csvRows writes RFC 4180, with LF.
type csvRows struct {
	source int32  // of the newest row, and
	name   []byte // its name as a value, nil before the first
}

func (*csvRows) head(dst []byte) []byte {
	return append(dst, "time,utc,from,to,kind,method,outcome,status,ring_s,talk_s,messages,complete,source,call_id,redirected_to\n"...)
}

func (f *csvRows) row(dst []byte, r *report.Row, sources []report.Source) []byte {
	dst = r.Time.Stamp.AppendText(dst)
	dst = append(dst, ',')
	if utc, ok := r.Time.UTC(); ok {
		dst = utc.AppendFormat(dst, time.RFC3339Nano)
	}
	dst = append(dst, ',')
	dst = appendCSV(dst, r.From)
	dst = append(dst, ',')
	dst = appendCSV(dst, r.To)
	dst = append(dst, ',')
	dst = append(dst, r.Kind.String()...) // words of ours
	dst = append(dst, ',')
	dst = appendCSV(dst, r.Method)
	dst = append(dst, ',')
	dst = append(dst, r.Outcome.String()...)
	dst = append(dst, ',')
	if r.Status != 0 {
		dst = strconv.AppendInt(dst, int64(r.Status), 10)
	}
	for _, d := range [...]time.Duration{r.Ring, r.Talk} {
		dst = append(dst, ',')
		if d >= 0 {
			dst = report.AppendSeconds(dst, d)
		}
	}
	dst = append(dst, ',')
	dst = strconv.AppendInt(dst, int64(r.Messages), 10)
	dst = append(dst, ',')
	dst = strconv.AppendBool(dst, r.Complete)
	dst = append(dst, ',')
	if f.name == nil || f.source != r.Source {
		f.source, f.name = r.Source, appendCSV([]byte{}, printable(sourceName(sources, r.Source)))
	}
	dst = append(dst, f.name...)
	dst = append(dst, ',')
	dst = appendCSV(dst, r.CallID)
	dst = append(dst, ',')
	dst = appendCSV(dst, r.RedirectedTo)
	return append(dst, '\n')
}

// appendCSV appends a value, in quotes where it needs them. A value that a spreadsheet would take for a formula gets an apostrophe before it:
// display names and users come from whoever calls. A telephone number such as "+1 (800) 555-1212" stays as it is.
func appendCSV(dst []byte, s string) []byte {
	guard := formula(s)
	quote := false
	for i := 0; i < len(s); i++ {
		quote = quote || quoted[s[i]]
	}
	if !guard && !quote {
		return append(dst, s...)
	}
	if quote {
		dst = append(dst, '"')
	}
	if guard {
		dst = append(dst, '\'')
	}
	for i := 0; i < len(s); i++ {
		if s[i] == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, s[i])
	}
	if quote {
		dst = append(dst, '"')
	}
	return dst
}

// quoted are the characters for which a value of CSV needs quotes (RFC 4180 §2).
var quoted = [256]bool{',': true, '"': true, '\n': true, '\r': true}

// formula reports whether a spreadsheet might take a value for a formula: it begins with one of the signs that begin one, in the width of ASCII
// or in that of East Asian letters. A sign before nothing but what telephone numbers are written with begins none: the worst that can be made of it is
// a sum.
func formula(s string) bool {
	if s == "" {
		return false
	}
	switch s[0] {
	case '=', '@', '\t', '\r':
		return true
	case '+', '-':
		return strings.Trim(s[1:], "0123456789 .-()") != ""
	}
	if s[0] < 0x80 {
		return false
	}
	for _, sign := range [...]string{"＝", "＋", "－", "＠"} {
		if strings.HasPrefix(s, sign) {
			return true
		}
	}
	return false
}

func (f *csvRows) none(dst []byte) []byte { return f.head(dst) }

func (*csvRows) tail(dst []byte) []byte { return dst }

// jsonRows writes a JSON array, a row a line.
type jsonRows struct{}

type jsonRow struct {
	Time     string   `json:"time"`
	UTC      *string  `json:"utc"`
	From     string   `json:"from"`
	To       string   `json:"to"`
	Kind     string   `json:"kind"`
	Method   string   `json:"method"`
	Outcome  string   `json:"outcome"`
	Status   *int     `json:"status"`
	RingMS   *float64 `json:"ring_ms"`
	TalkMS   *float64 `json:"talk_ms"`
	Messages int      `json:"messages"`
	Complete bool     `json:"complete"`
	Source   string   `json:"source"`
	CallID   string   `json:"call_id"`
	// RedirectedTo is null where no redirection was followed.
	RedirectedTo *string `json:"redirected_to"`
}

func (*jsonRows) head(dst []byte) []byte { return append(dst, "[\n"...) }

func (*jsonRows) separator() string { return ",\n" }

func (*jsonRows) row(dst []byte, r *report.Row, sources []report.Source) []byte {
	j := jsonRow{Time: r.Time.Text(), From: r.From, To: r.To, Kind: r.Kind.String(), Method: r.Method, Outcome: r.Outcome.String(), Messages: r.Messages,
		Complete: r.Complete, Source: sourceName(sources, r.Source), CallID: r.CallID}
	if utc, ok := r.Time.UTC(); ok {
		s := utc.Format(time.RFC3339Nano)
		j.UTC = &s
	}
	if r.Status != 0 {
		j.Status = &r.Status
	}
	if r.RedirectedTo != "" {
		j.RedirectedTo = &r.RedirectedTo
	}
	ms := func(d time.Duration) *float64 {
		if d < 0 {
			return nil
		}
		f := float64(d) / float64(time.Millisecond)
		return &f
	}
	j.RingMS, j.TalkMS = ms(r.Ring), ms(r.Talk)
	b, err := report.AppendJSON(dst, j)
	if err != nil {
		panic("cli: internal error: a row cannot be written: " + err.Error())
	}
	return b
}

func (*jsonRows) none(dst []byte) []byte { return append(dst, "[]\n"...) }

func (*jsonRows) tail(dst []byte) []byte { return append(dst, "\n]\n"...) }
