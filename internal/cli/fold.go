package cli

import (
	"strings"

	"sipscribe/internal/render/text"
)

// appendFolded appends a text that goes on below, after rest, where a line would have more than width columns; 0: no limit. What stands on the line
// already is first; a word that is too long by itself is not broken.
func appendFolded(dst []byte, first, rest, prose string, width int) []byte {
	dst = append(dst, first...)
	at, begun := text.Width(first), false
	for _, word := range strings.Fields(prose) {
		n := text.Width(word)
		switch {
		case !begun:
		case width > 0 && at+1+n > width:
			dst = append(append(dst, '\n'), rest...)
			at = text.Width(rest)
		default:
			dst = append(dst, ' ')
			at++
		}
		dst = append(dst, word...)
		at, begun = at+n, true
	}
	return append(dst, '\n')
}

// appendProse appends paragraphs, between which stand empty lines. A line that begins with blanks stays one, and goes on below in the column of its
// second part, which two blanks or more divide from the first.
func appendProse(dst []byte, paragraphs string, width int) []byte {
	var prose []string
	flush := func() {
		if len(prose) > 0 {
			dst = appendFolded(dst, "", "", strings.Join(prose, " "), width)
			prose = nil
		}
	}
	for line := range strings.SplitSeq(paragraphs, "\n") {
		bare := strings.TrimLeft(line, " ")
		switch {
		case bare == "":
			flush()
			dst = append(dst, '\n')
		case len(bare) < len(line):
			flush()
			indent := line[:len(line)-len(bare)]
			first, rest := indent, indent+"  "
			if name, more, ok := cutColumn(bare); ok {
				first = line[:len(line)-len(more)]
				bare = more
				if n := text.Width(first); width == 0 || width-n >= minColumn {
					rest = strings.Repeat(" ", n)
				} else {
					first = indent + name + " "
				}
			}
			dst = appendFolded(dst, first, rest, bare, width)
		default:
			prose = append(prose, line)
		}
	}
	flush()
	return dst
}

// minColumn is the least width of a column of text beside another; in less it stands below.
const minColumn = 26

// cutColumn cuts a line at the last run of two blanks or more.
func cutColumn(s string) (name, more string, ok bool) {
	i := strings.LastIndex(s, "  ")
	if i <= 0 {
		return s, "", false
	}
	return strings.TrimRight(s[:i], " "), s[i+2:], true
}
