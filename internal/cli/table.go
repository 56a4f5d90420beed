package cli

import (
	"bufio"
	"bytes"
	"strings"
	"unicode/utf8"

	"sipscribe/internal/render/text"
)

// table lays rows out in columns for people:
//
//	TIME             FROM              TO                OUTCOME                RING     TALK  MESSAGES  SOURCE
//	Aug 20 16:41:00  spa1              18005551212       answered                8 s     1:35        10  day.log
//
// A row comes as its cells with cellEnd between them. The columns are as wide as the first rows want them; what is longer after those pushes the rest
// of its row to the right. Where the terminal has not that many columns, the table gives way in this order: room that no cell takes, a long head, fractions of a
// second, the source if there is but one, the beginning of the source, the ends of long names. Where that is not enough either, each
// call stands on lines of its own:
//
//	Aug 20 16:41:00  answered
//	  from spa1 to 18005551212, rang 8 s, talked 1:35, 10 messages, day.log
type table struct {
	out     *bufio.Writer
	width   int // columns of the terminal, 0: no limit
	sources int

	held     []byte // the first rows, until layout knows the widths
	rows     int    // of them
	laid     bool
	stacked  bool
	wholeSec bool // no fractions of a second
	heads    [columnCount]string
	widths   [columnCount]int
	line     []byte
}

// The columns of the table.
const (
	columnTime = iota
	columnFrom
	columnTo
	columnOutcome
	columnRing
	columnTalk
	columnMessages
	columnSource
	columnCount
)

const (
	cellEnd = '\x1f' // between two cells; what a log says has none (explain.Shown)

	// laidBy is how many rows the widths are those of.
	laidBy = 400
	// leastName is how short the name of a party, or of a source, may be made: a telephone number of eleven digits is still whole.
	leastName = 11
	// wideName is up to how many columns one long name makes a column wide.
	wideName = 32
)

var (
	columnHeads = [columnCount]string{"TIME", "FROM", "TO", "OUTCOME", "RING", "TALK", "MESSAGES", "SOURCE"}
	// usualWidths are those where there is room: tables of several logs look alike.
	usualWidths = [columnCount]int{4, 16, 16, 18, 7, 7, 8, 6}
)

// add takes a row.
func (t *table) add(row []byte) error {
	if t.laid {
		return t.write(row)
	}
	t.held = append(t.held, row...)
	if t.rows++; t.rows < laidBy {
		return nil
	}
	return t.lay()
}

// close writes what is held; a table without rows has its heads, if heads says so.
func (t *table) close(heads bool) error {
	if t.laid || t.rows == 0 && !heads {
		return nil
	}
	return t.lay()
}

// cells calls f with each cell of a row.
func cells(row []byte, f func(column int, cell []byte)) {
	if n := len(row); n > 0 && row[n-1] == '\n' {
		row = row[:n-1]
	}
	for i := range columnCount {
		cell := row
		if k := bytes.IndexByte(row, cellEnd); k >= 0 {
			cell, row = row[:k], row[k+1:]
		} else {
			row = nil
		}
		f(i, cell)
	}
}

// lay decides how wide the columns are, and writes the rows that were held.
func (t *table) lay() error {
	t.laid = true
	var natural [columnCount]int
	whole := 0 // columns of the longest time without its fraction
	for rest := t.held; len(rest) > 0; {
		row, after, _ := bytes.Cut(rest, []byte("\n"))
		rest = after
		cells(row, func(i int, cell []byte) {
			natural[i] = max(natural[i], text.Width(cell))
			if i == columnTime {
				whole = max(whole, text.Width(withoutFraction(cell)))
			}
		})
	}
	t.heads = columnHeads
	t.fit(natural, whole)
	if !t.stacked {
		var heads []byte
		for i, h := range t.heads {
			if i > 0 {
				heads = append(heads, cellEnd)
			}
			heads = append(heads, h...)
		}
		if err := t.write(heads); err != nil {
			return err
		}
	}
	for len(t.held) > 0 {
		row, after, _ := bytes.Cut(t.held, []byte("\n"))
		t.held = after
		if err := t.write(row); err != nil {
			return err
		}
	}
	t.held = nil
	return nil
}

// fit chooses the widths by those that the cells have, and by the room that there is.
func (t *table) fit(natural [columnCount]int, wholeTime int) {
	for i := range t.widths {
		t.widths[i] = max(natural[i], usualWidths[i])
	}
	t.widths[columnFrom] = min(t.widths[columnFrom], wideName)
	t.widths[columnTo] = min(t.widths[columnTo], wideName)
	if t.width == 0 || t.over() <= 0 {
		return
	}
	for i, n := range natural {
		t.widths[i] = max(n, len(t.heads[i]))
	}
	if t.over() > 0 {
		t.heads[columnMessages] = "MSGS"
		t.widths[columnMessages] = max(natural[columnMessages], len(t.heads[columnMessages]))
	}
	if t.over() > 0 {
		t.wholeSec = true
		t.widths[columnTime] = max(wholeTime, len(t.heads[columnTime]))
	}
	if t.over() > 0 && t.sources == 1 {
		t.widths[columnSource] = 0
	}
	for _, i := range []int{columnSource, columnFrom, columnTo} {
		if n := t.over(); n > 0 && t.widths[i] > leastName {
			t.widths[i] = max(t.widths[i]-n, leastName)
		}
	}
	t.stacked = t.over() > 0
}

// over returns how many columns too many the table takes.
func (t *table) over() int {
	n := -2
	for _, w := range t.widths {
		if w > 0 {
			n += w + 2
		}
	}
	return n - t.width
}

// write writes a row as it was decided to.
func (t *table) write(row []byte) error {
	dst := t.line[:0]
	if t.stacked {
		dst = t.appendStacked(dst, row)
	} else {
		cells(row, func(i int, cell []byte) { dst = t.appendCell(dst, i, cell) })
		dst = append(bytes.TrimRight(dst, " "), '\n')
	}
	t.line = dst
	_, err := t.out.Write(dst)
	return err
}

// appendCell appends a cell in its column, and two blanks before it.
func (t *table) appendCell(dst []byte, i int, cell []byte) []byte {
	w := t.widths[i]
	if w == 0 {
		return dst
	}
	if i > 0 {
		dst = append(dst, "  "...)
	}
	if i == columnTime && t.wholeSec {
		cell = withoutFraction(cell)
	}
	n := text.Width(cell)
	if n > w && t.width > 0 {
		switch i {
		case columnSource:
			return appendLast(dst, cell, w)
		case columnFrom, columnTo, columnOutcome:
			return appendFirst(dst, cell, w)
		}
	}
	right := i == columnRing || i == columnTalk || i == columnMessages
	if !right {
		dst = append(dst, cell...)
	}
	for ; w-n > len(blanks); n += len(blanks) {
		dst = append(dst, blanks...)
	}
	if n < w {
		dst = append(dst, blanks[:w-n]...)
	}
	if right {
		dst = append(dst, cell...)
	}
	return dst
}

const blanks = "                "

// withoutFraction returns a time without its fraction of a second: 12:00:01.542Z is 12:00:01Z.
func withoutFraction(stamp []byte) []byte {
	digit := func(i int) bool { return i < len(stamp) && stamp[i] >= '0' && stamp[i] <= '9' }
	for i := 3; i < len(stamp); i++ {
		if stamp[i] != '.' && stamp[i] != ',' || stamp[i-3] != ':' || !digit(i-2) || !digit(i-1) || !digit(i+1) {
			continue
		}
		end := i + 1
		for digit(end) {
			end++
		}
		return append(bytes.Clone(stamp[:i]), stamp[end:]...)
	}
	return stamp
}

// appendFirst appends the beginning of a cell, in w columns with the sign that more followed.
func appendFirst(dst, cell []byte, w int) []byte {
	at := 0
	for n := 0; at < len(cell); {
		_, size := utf8.DecodeRune(cell[at:])
		if n += text.Width(cell[at : at+size]); n > w-1 {
			break
		}
		at += size
	}
	dst = append(append(dst, cell[:at]...), "…"...)
	for n := text.Width(cell[:at]) + 1; n < w; n++ { // a wide character did not fit
		dst = append(dst, ' ')
	}
	return dst
}

// appendLast appends the end of a cell, which of the path of a file is the part that tells most.
func appendLast(dst, cell []byte, w int) []byte {
	at := len(cell)
	for n := 0; at > 0; {
		_, size := utf8.DecodeLastRune(cell[:at])
		if n += text.Width(cell[at-size : at]); n > w-1 {
			break
		}
		at -= size
	}
	return append(append(dst, "…"...), cell[at:]...)
}

// appendStacked appends a row on lines of its own.
func (t *table) appendStacked(dst, row []byte) []byte {
	var c [columnCount]string
	cells(row, func(i int, cell []byte) { c[i] = string(cell) })
	about := []string{"from " + c[columnFrom] + " to " + c[columnTo]}
	if c[columnRing] != "-" {
		about = append(about, "rang "+c[columnRing])
	}
	if c[columnTalk] != "-" {
		about = append(about, "talked "+c[columnTalk])
	}
	if c[columnMessages] == "1" {
		about = append(about, "1 message")
	} else {
		about = append(about, c[columnMessages]+" messages")
	}
	if t.sources > 1 {
		about = append(about, c[columnSource])
	}
	when := c[columnTime]
	if text.Width(when)+2+text.Width(c[columnOutcome]) > t.width {
		when = string(withoutFraction([]byte(when)))
	}
	if when != "" {
		when += "  "
	}
	dst = appendFolded(dst, when, "  ", c[columnOutcome], t.width)
	return appendFolded(dst, "  ", "  ", strings.Join(about, ", "), t.width)
}
