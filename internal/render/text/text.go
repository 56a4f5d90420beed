// Package text draws a call for a terminal or a file of text:
//
//	Call 1 · Aug 20 16:40:00 (the log gives no year and no zone) · spa1 "Good Body" calls a number that this log hides
//	Cancelled by the caller after 16 s of ringing. The end of the call is not in this log.
//
//	Facts read from this log
//	  Device address  192.168.0.2  who logged, and top Via                               line 17
//	  …
//
//	What happened
//	  F1  16:40:00  SPA ──▶ proxy  INVITE  The SPA tries to call …
//
//	How it ends
//	  The log stops here. …
//
//	What happened to the log
//	  line 20  cut by the logger: …
//
// Where a line is too long for the width it goes on below, indented; where the width is too small for columns, each sentence stands
// on lines of its own. What comes out of a log is escaped before it gets here or here: no control character passes.
package text

import (
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"sipscribe/internal/capture"
	"sipscribe/internal/diagnose"
	"sipscribe/internal/explain"
	"sipscribe/internal/report"
)

// Options say how to draw.
type Options struct {
	// Width is the number of columns, 0: no limit.
	Width int
	// Color: use colours (ANSI escapes).
	Color bool
	// ASCII: draw arrows with - and > only.
	ASCII bool
	// Sources are the names of the sources; with several each place is told with its source.
	Sources []report.Source
	// Number is the number of the call, from 1. 0: the head begins without "Call n", which whoever puts the texts in their order
	// writes before it.
	Number int
	// UTC: the sources write their times in different forms; those that can be told are shown in UTC.
	UTC bool
	// Brief leaves out facts and notes.
	Brief bool
}

// Render writes a call.
func Render(w io.Writer, c *report.Call, o Options) error {
	_, err := w.Write(Append(nil, c, o))
	return err
}

// Append appends a call to dst.
func Append(dst []byte, c *report.Call, o Options) []byte { return new(Printer).Append(dst, c, o) }

// Printer draws calls, one after the other: what it makes of one it uses again for the next. The zero value is ready.
type Printer struct {
	out     []byte
	o       Options
	rows    []row
	lines   []line
	ways    []way
	drawn   []byte // their texts, one behind the other
	clock   []byte // the times of the steps, one behind the other
	places  []byte // where the facts, or the steps, stand
	scratch []byte
}

// Append appends a call to dst.
func (p *Printer) Append(dst []byte, c *report.Call, o Options) []byte {
	p.out, p.o = slices.Grow(dst, length(c)), o
	p.head(c)
	if !o.Brief {
		p.facts(c.Story.Facts)
	}
	if !o.Brief {
		p.parties(c.Story.Parties)
	}
	p.story(c)
	p.section("How it ends")
	p.paragraph("  ", c.Story.Ending.Text)
	if !o.Brief {
		p.notes("What happened to the log", c.Notes)
	}
	p.notes("What is worth knowing", c.Findings)
	out := p.out
	p.out, p.o = nil, Options{} // the caller's, who may keep them
	return out
}

// length is about how many bytes a call takes.
func length(c *report.Call) int {
	n := 512 + len(c.Story.Headline) + len(c.Story.Summary) + len(c.Story.Ending.Text) + 96*len(c.Story.Facts) + 160*(len(c.Notes)+len(c.Findings))
	for i := range c.Story.Steps {
		n += len(c.Story.Steps[i].Text) + 64
	}
	return n
}

// The palette: requests blue, responses by their class as Homer has them (grey, green, purple, orange, red); faint what is secondary. Nothing is said by colour alone.
const (
	bold    = "\x1b[1m"
	faint   = "\x1b[2m"
	red     = "\x1b[31m"
	green   = "\x1b[32m"
	yellow  = "\x1b[33m"
	blue    = "\x1b[34m"
	purple  = "\x1b[35m"
	neutral = "\x1b[0m"
)

// colorOf returns the colour of a message's method or status.
func colorOf(status int) string {
	switch status / 100 {
	case 0:
		return blue
	case 1:
		return faint
	case 2:
		return green
	case 3:
		return purple
	case 4:
		return yellow
	}
	return red
}

func (p *Printer) colored(color, s string) {
	if p.o.Color {
		p.out = append(p.out, color...)
		p.out = append(p.out, s...)
		p.out = append(p.out, neutral...)
		return
	}
	p.out = append(p.out, s...)
}

func (p *Printer) write(s string) { p.out = append(p.out, s...) }

// newline ends a line. Blanks at its end are of no use to anybody.
func (p *Printer) newline() {
	n := len(p.out)
	for n > 0 && p.out[n-1] == ' ' {
		n--
	}
	p.out = append(p.out[:n], '\n')
}

func (p *Printer) section(title string) {
	p.newline()
	p.colored(bold, title)
	p.newline()
}

// head writes who called whom, when, and how it went.
func (p *Printer) head(c *report.Call) {
	b := p.scratch[:0]
	sep := "· "
	if p.o.ASCII {
		sep = "- "
	}
	if t := c.Flow.Start(); !t.IsZero() {
		b = append(b, sep...)
		shown := p.shownTime(t)
		b = shown.Stamp.AppendText(b)
		b = append(append(b, clockNote(t, shown.Stamp != t.Stamp)...), ' ')
	}
	b = append(append(b, sep...), c.Story.Headline...)
	p.scratch = b
	if p.o.Number > 0 {
		p.colored(bold, "Call "+strconv.Itoa(p.o.Number))
	}
	p.write(" ")
	p.wrapBytes(9, "  ", b, bold)
	p.paragraph("", c.Story.Summary)
}

// shownTime returns a time in the form in which it is shown.
func (p *Printer) shownTime(t capture.Time) capture.Time {
	if p.o.UTC {
		return t.InUTC()
	}
	return t
}

// clockNote says what the time does not say; inUTC, that it is shown in UTC.
func clockNote(t capture.Time, inUTC bool) string {
	switch {
	case inUTC && t.Basis == capture.BasisAssumed:
		return " (as you supplied)"
	case inUTC && t.Basis == capture.BasisBeside:
		return " (by another of the files)"
	case t.Basis == capture.BasisAssumed:
		utc, _ := t.UTC()
		return " (" + utc.Format("2006-01-02 15:04:05") + " UTC, as you supplied)"
	case t.Basis == capture.BasisBeside:
		utc, _ := t.UTC()
		return " (" + utc.Format("2006-01-02 15:04:05") + " UTC, by another of the files)"
	case t.Basis == capture.BasisTwice:
		return " (the zone has this time twice, or not at all)"
	case t.Basis == capture.BasisNoDay:
		return " (its year has no such day)"
	case t.Basis != capture.BasisNone:
		return ""
	case !t.Stamp.HasDate():
		return " (the log gives no date)"
	case t.Stamp.Year == 0:
		return " (the log gives no year and no zone)"
	}
	return " (the log gives no zone)"
}

// appendPlace appends where something stands: "line 17", "frame 3", with several sources "a.log:17".
func (p *Printer) appendPlace(dst []byte, e *capture.Evidence) []byte {
	switch {
	case len(p.o.Sources) > 1 && int(e.Source) < len(p.o.Sources):
		dst = append(dst, explain.Shown([]byte(p.o.Sources[e.Source].Name), 60)...)
		if e.Unit == capture.Frame {
			dst = append(dst, '#')
		} else {
			dst = append(dst, ':')
		}
	case e.Unit == capture.Frame:
		dst = append(dst, "frame "...)
	default:
		dst = append(dst, "line "...)
	}
	return appendNumber(dst, e.Number)
}

// placeWidth is the width of what appendPlace appended: without the name of a source it is ASCII.
func (p *Printer) placeWidth(place []byte) int {
	if len(p.o.Sources) <= 1 {
		return len(place)
	}
	return Width(place)
}

// appendPlaces appends where several things stand: "line 17", "lines 17 to 23".
func (p *Printer) appendPlaces(dst []byte, list []capture.Evidence) []byte {
	if len(list) == 0 {
		return dst
	}
	first, last := &list[0], &list[len(list)-1]
	if first.Number == last.Number || first.Source != last.Source || len(p.o.Sources) > 1 {
		return p.appendPlace(dst, first)
	}
	unit := "lines "
	if first.Unit == capture.Frame {
		unit = "frames "
	}
	dst = appendNumber(append(dst, unit...), first.Number)
	return appendNumber(append(dst, " to "...), last.Number)
}

// appendNumber appends a number in digits. There are three to a line, and most are short.
func appendNumber(dst []byte, n int64) []byte {
	if n < 0 || n >= 1e9 {
		return strconv.AppendInt(dst, n, 10)
	}
	var digits [9]byte
	i := len(digits) - 1
	rest := uint32(n)
	for ; rest >= 10; i-- {
		digits[i] = byte('0' + rest%10)
		rest /= 10
	}
	digits[i] = byte('0' + rest)
	return append(dst, digits[i:]...)
}

// facts writes the facts as a table: label, value, where it was read, place.
func (p *Printer) facts(facts []explain.Fact) {
	if len(facts) == 0 {
		return
	}
	p.section("Facts read from this log")
	label, value := 0, 0
	// What stands in the columns, made once: all places where facts were read are one text.
	rows, places := p.rows[:0], p.places[:0]
	for i := range facts {
		f := &facts[i]
		r := row{value: factValue(f)}
		r.width = Width(r.value)
		if f.Hidden && explain.Assumable(f.Name) {
			places = append(places, "supply it with --assume "...)
			places = append(places, f.Name...)
			places = append(places, "=VALUE"...)
		} else {
			places = append(places, f.Where...)
		}
		if len(f.Evidence) > 0 {
			places = append(places, ", "...)
			places = p.appendPlace(places, &f.Evidence[0])
		}
		r.end = len(places)
		rows = append(rows, r)
		label = max(label, len(f.Label))
		// A few long values must not push the last column out of the drawing.
		if r.width <= 26 || p.o.Width == 0 || p.o.Width >= 96 && r.width <= 40 {
			value = max(value, r.width)
		}
	}
	p.rows, p.places = rows, places
	at := 0
	head := label + 4 // the columns before the value
	for i := range facts {
		f, r := &facts[i], &rows[i]
		v := r.value
		where := places[at:r.end]
		at = r.end
		if p.o.Width > 0 && p.o.Width < label+value+26 {
			// Too narrow for three columns: the label, then the rest below.
			p.paragraph("  ", f.Label+": "+v)
			p.wrap("    ", "    ", string(where), faint)
			continue
		}
		p.write("  ")
		p.write(f.Label) // our own words, of ASCII
		p.write(spaces(label - len(f.Label) + 2))
		color := ""
		if f.Hidden || f.Assumed {
			color = yellow
		}
		if p.o.Width > 0 && head+r.width > p.o.Width {
			// A value that no line holds goes on below, and where it was read stands after it.
			p.wrapFrom(head, spaces(head), v, color)
			p.wrap(spaces(head+value+2), spaces(head+value+2), string(where), faint)
			continue
		}
		if color != "" {
			p.colored(color, v)
		} else {
			p.write(v)
		}
		p.write(spaces(max(value-r.width, 0) + 2))
		col, last := head+max(value, r.width)+2, head+value+2
		if col > last && p.o.Width > 0 && col+Width(where) > p.o.Width {
			p.newline()
			p.write(spaces(last))
			col = last
		}
		p.wrapBytes(col, spaces(last), where, faint)
	}
}

// row is a fact in the table: its value, the columns that it takes, and where the text ends that says where it was read. Of a finding there is only that text, and
// the columns are its own.
type row struct {
	value      string
	width, end int
}

func factValue(f *explain.Fact) string {
	switch {
	case f.Hidden:
		return "hidden"
	case f.Assumed:
		return f.Value + " (assumed)"
	}
	return f.Value
}

// parties writes who is behind which address, where there are more than two, or the source states addresses.
func (p *Printer) parties(parties []explain.Party) {
	names, stated := 0, 0
	for i := range parties {
		names = max(names, Width(parties[i].Name))
		if len(parties[i].Endpoints) > 0 {
			stated++
		}
	}
	if len(parties) < 2 || stated < 2 {
		return
	}
	p.section("Who takes part")
	for i := range parties {
		q := &parties[i]
		where := "address not in this log"
		if q.SentBy != "" {
			where = q.SentBy + " (its Via)"
		}
		if len(q.Endpoints) > 0 {
			where = strings.Join(q.Endpoints[:min(len(q.Endpoints), 4)], ", ")
			if n := len(q.Endpoints) - 4; n > 0 {
				where += " and " + strconv.Itoa(n) + " more"
			}
		}
		p.write("  ")
		p.write(q.Name)
		p.write(spaces(names - Width(q.Name) + 2))
		p.wrapFrom(names+4, spaces(min(names+4, 12)), where, faint)
	}
}

// story writes a line for each step.
func (p *Printer) story(c *report.Call) {
	steps := c.Story.Steps
	if len(steps) == 0 {
		return
	}
	p.section("What happened")
	parties := c.Story.Parties
	base := -1
	for i := range steps {
		// Where a log and a capture were read, from the first that has the finer clock: so much after a whole second would say more than is known.
		if t := steps[i].Time; !t.IsZero() && (base < 0 || t.Precision() < time.Second) {
			if base = i; t.Precision() < time.Second {
				break
			}
		}
	}
	// What stands in the columns, made once; most steps go between the same few parties.
	var cols columns
	lines, clock, places := p.lines[:0], p.clock[:0], p.places[:0]
	p.ways, p.drawn = p.ways[:0], p.drawn[:0]
	for i := range steps {
		s := &steps[i]
		l := line{time: len(clock), place: len(places), what: what(s), way: p.way(parties, s)}
		clock = p.time(clock, steps, base, i)
		if len(s.Evidence) > 0 {
			places = p.appendPlace(places, &s.Evidence[0])
			cols.place = max(cols.place, p.placeWidth(places[l.place:]))
		}
		cols.label = max(cols.label, len(s.Label))
		cols.time = max(cols.time, len(clock)-l.time)
		cols.who = max(cols.who, p.ways[l.way].width)
		cols.what = max(cols.what, len(l.what))
		lines = append(lines, l)
	}
	lines = append(lines, line{time: len(clock), place: len(places)}) // where the last ones end
	p.lines, p.clock, p.places = lines, clock, places
	cols.text = 2 + cols.label + 2 + cols.place + 2 + cols.time + 2 + cols.who + 2 + cols.what + 2
	if cols.time == 0 {
		cols.text -= 2
	}
	roomy := p.o.Width == 0 || p.o.Width-cols.text >= 44
	if !roomy || cols.place == 0 {
		// No room for a column of places: each stands behind its sentence.
		cols.text -= cols.place + 2
		cols.place = 0
	}
	for i := 0; i < len(steps); i++ {
		l := &lines[i]
		p.step(&steps[i], l, clock[l.time:lines[i+1].time], places[l.place:lines[i+1].place], &p.ways[l.way], &cols, roomy)
		if run := repeatRun(steps, i); run > 3 {
			// Many repeats of one message: the first and the last say it all.
			below := spaces(cols.label + 4)
			p.wrap(below, below, "and "+strconv.Itoa(run-2)+" more times, the last:", faint)
			i += run - 2
		}
	}
}

// columns are the widths of the story's columns. text is where the sentences begin.
type columns struct{ label, place, time, who, what, text int }

// line is what a step has in the columns: where its time begins and the place that proves it, its way, and its method or status.
type line struct {
	time, place, way int
	what             string
}

// way is between whom a message went, drawn.
type way struct {
	from, to int
	event    bool
	text     []byte
	width    int
}

// way returns the index of a step's way among those that were drawn, drawing it if it is new.
func (p *Printer) way(parties []explain.Party, s *explain.Step) int {
	event := s.Kind != capture.KindMessage
	for i := range p.ways {
		if w := &p.ways[i]; w.from == s.From && w.to == s.To && w.event == event {
			return i
		}
	}
	at := len(p.drawn)
	w := way{from: s.From, to: s.To, event: event}
	p.drawn, w.width = p.appendWho(p.drawn, parties, s)
	w.text = p.drawn[at:len(p.drawn):len(p.drawn)]
	p.ways = append(p.ways, w)
	return len(p.ways) - 1
}

// repeatRun returns how many steps from i on repeat the same message, one behind the other.
func repeatRun(steps []explain.Step, i int) int {
	if steps[i].RepeatOf == "" {
		return 0
	}
	n := 1
	for i+n < len(steps) && steps[i+n].RepeatOf == steps[i].RepeatOf {
		n++
	}
	return n
}

func (p *Printer) step(s *explain.Step, l *line, clock, place []byte, w *way, cols *columns, roomy bool) {
	what := l.what
	p.write("  ")
	p.padded(bold, s.Label, cols.label+2)
	text := s.Text
	if cols.place > 0 {
		if p.o.Color {
			p.write(faint)
		}
		p.out = append(p.out, place...)
		if p.o.Color {
			p.write(neutral)
		}
		p.write(spaces(cols.place - p.placeWidth(place) + 2))
	} else if len(place) > 0 {
		text += " (" + string(place) + ")"
	}
	if cols.time > 0 {
		p.out = append(p.out, clock...)
		p.write(spaces(cols.time - len(clock) + 2))
	}
	color := colorOf(s.Status)
	if roomy {
		p.out = append(p.out, w.text...)
		p.write(spaces(cols.who - w.width + 2))
		p.colored(color, what)
		p.write(spaces(cols.what - len(what) + 2))
		p.wrapFrom(cols.text, spaces(cols.text), text, "")
		return
	}
	below := spaces(cols.label + 4)
	switch col := cols.text - cols.who - cols.what - 4; {
	case len(w.text) == 0:
		p.colored(color, what)
		p.newline()
	case col+w.width+2+len(what) <= p.o.Width:
		p.out = append(p.out, w.text...)
		p.write("  ")
		p.colored(color, what)
		p.newline()
	default:
		// Not even that fits: what it is, and below it between whom.
		p.colored(color, what)
		p.newline()
		p.wrap(below, below, string(w.text), "")
	}
	p.wrap(below, below, text, "")
}

// padded writes a text of our own, of ASCII, and blanks up to n columns.
func (p *Printer) padded(color, s string, n int) {
	p.colored(color, s)
	p.write(spaces(n - len(s)))
}

// what names a message in a word: its method, or its status. A method may have any name (RFC 3261 §25.1, extension-method); a long one is whole in the sentence, and its
// beginning stands for it here.
func what(s *explain.Step) string {
	const longest = len("SUBSCRIBE") + 7
	switch {
	case s.Kind == capture.KindEvent:
		return "event"
	case s.Status != 0:
		return explain.StatusCode(s.Status)
	case len(s.Method) > longest:
		return s.Method[:longest-len("...")] + "..."
	}
	return s.Method
}

// appendWho draws the way of a message, and returns how many columns it takes. Between two parties the first stays on the left.
func (p *Printer) appendWho(dst []byte, parties []explain.Party, s *explain.Step) ([]byte, int) {
	name := func(i int) string {
		if i < 0 || i >= len(parties) {
			return "?"
		}
		return parties[i].Name
	}
	if s.Kind != capture.KindMessage {
		if s.From < 0 {
			return dst, 0
		}
		return append(dst, name(s.From)...), Width(name(s.From))
	}
	if s.From < 0 && s.To < 0 {
		return dst, 0
	}
	right, left := " ──▶ ", " ◀── "
	if p.o.ASCII {
		right, left = " --> ", " <-- "
	}
	from, arrow, to := name(s.From), right, name(s.To)
	if len(parties) == 2 && s.From == 1 && s.To == 0 {
		from, arrow, to = to, left, from
	}
	dst = append(append(append(dst, from...), arrow...), to...)
	return dst, Width(from) + len(" --> ") + Width(to)
}

// time appends the time of the first step, and of the others how long after it they came.
func (p *Printer) time(dst []byte, steps []explain.Step, base, i int) []byte {
	t := steps[i].Time
	if base < 0 || t.IsZero() {
		return dst
	}
	first := steps[base].Time
	if i == base || first.Domain() != t.Domain() {
		shown := p.shownTime(t)
		return shown.Stamp.AppendClock(dst)
	}
	d := t.Sub(first)
	back := d < 0
	if back {
		d = -d
	}
	fine := t.Precision() < time.Second
	if fine = fine && d < 10*time.Minute; !fine {
		d = (d + time.Second/2) / time.Second * time.Second // a thousandth says little now
	} else {
		d = (d + time.Millisecond/2) / time.Millisecond * time.Millisecond
	}
	if back && d > 0 {
		dst = append(dst, '-')
	} else {
		dst = append(dst, '+')
	}
	// As the sentences have it: from 100 s on in minutes.
	if d >= 100*time.Second {
		if d >= time.Hour {
			dst = strconv.AppendInt(dst, int64(d/time.Hour), 10)
			dst = append(dst, " h "...)
		}
		dst = strconv.AppendInt(dst, int64(d%time.Hour/time.Minute), 10)
		dst = append(dst, " min "...)
		d %= time.Minute
	}
	dst = strconv.AppendInt(dst, int64(d/time.Second), 10)
	if fine {
		ms := d % time.Second / time.Millisecond
		dst = append(dst, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
	}
	return append(dst, " s"...)
}

// notes writes findings, each with its place.
func (p *Printer) notes(title string, list []diagnose.Finding) {
	if len(list) == 0 {
		return
	}
	p.section(title)
	col := 0
	rows, places := p.rows[:0], p.places[:0]
	for i := range list {
		at := len(places)
		places = p.appendPlaces(places, list[i].Evidence)
		rows = append(rows, row{width: Width(places[at:]), end: len(places)})
		col = max(col, rows[i].width)
	}
	p.rows, p.places = rows, places
	at := 0
	for i := range list {
		f, r := &list[i], &rows[i]
		where := places[at:r.end]
		at = r.end
		text := append(p.scratch[:0], f.Text...)
		if f.Why != "" {
			text = append(append(append(text, " ("...), f.Why...), ')')
		}
		if f.Mend != "" && f.Rule.Severity > diagnose.SeverityNote {
			text = append(append(text, "; to mend it: "...), f.Mend...) // of a note, "rules CODE" tells
		}
		p.scratch = text
		if p.o.Width > 0 && p.o.Width < col+34 {
			p.wrap("  ", "    ", string(where)+": "+string(text), "")
			continue
		}
		p.write("  ")
		p.colored(faint, string(where)+spaces(col-r.width))
		p.write("  ")
		p.wrapBytes(col+4, spaces(col+4), text, "")
	}
}

func (p *Printer) paragraph(indent, text string) { p.wrap(indent, indent, text, "") }

// wrap writes text, its first line behind first and the others behind rest.
func (p *Printer) wrap(first, rest, text, color string) {
	p.write(first)
	p.wrapFrom(Width(first), rest, text, color)
}

// wrapBytes is wrapFrom for a text that is not kept.
func (p *Printer) wrapBytes(col int, rest string, text []byte, color string) {
	if p.o.Width > 0 && col+Width(text) > p.o.Width {
		p.wrapFrom(col, rest, string(text), color)
		return
	}
	if color = p.color(color); color != "" {
		p.write(color)
	}
	p.out = append(p.out, text...)
	if color != "" {
		p.write(neutral)
	}
	p.newline()
}

// color is a colour if there are to be any.
func (p *Printer) color(color string) string {
	if !p.o.Color {
		return ""
	}
	return color
}

// wrapFrom writes text from column col on, and goes on behind rest.
func (p *Printer) wrapFrom(col int, rest, text, color string) {
	if p.o.Color && color != "" {
		p.write(color)
	}
	if p.o.Width <= 0 || col+Width(text) <= p.o.Width {
		p.write(text)
	} else {
		start := col
		for len(text) > 0 {
			word := text
			if i := strings.IndexByte(text, ' '); i >= 0 {
				word, text = text[:i], text[i+1:]
			} else {
				text = ""
			}
			n := Width(word)
			if col > start && col+1+n > p.o.Width {
				p.newline()
				p.write(rest)
				col = Width(rest)
				start = col
			}
			if col > start {
				p.write(" ")
				col++
			}
			// A word longer than a line is cut: nothing runs over the edge.
			for room := max(p.o.Width-col, 8); n > room; n = Width(word) {
				cut := byteOffset(word, room)
				p.write(word[:cut])
				p.newline()
				p.write(rest)
				word = word[cut:]
				col = Width(rest)
				room = max(p.o.Width-col, 8)
			}
			p.write(word)
			col += n
		}
	}
	if p.o.Color && color != "" {
		p.write(neutral)
	}
	p.newline()
}

const blanks = "                                                                                "

func spaces(n int) string {
	if n <= 0 {
		return ""
	}
	if n <= len(blanks) {
		return blanks[:n]
	}
	return strings.Repeat(" ", n)
}
