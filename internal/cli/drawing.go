package cli

import (
	"fmt"

	"github.com/spf13/pflag"

	"sipscribe/internal/render/text"
)

// minWidth is the least number of columns that anything is drawn in, on a narrower terminal too.
const minWidth = 30

// widthFlag is the value of --width; -1 stands for the terminal's own.
func widthFlag() number {
	return number{n: -1, want: fmt.Sprintf("a number of columns: %d or more, or 0 for no limit", minWidth), ok: func(n int) bool { return n == 0 || n >= minWidth }}
}

// drawing are the flags of how a story is drawn, the same wherever one is told.
type drawing struct {
	width        number
	color        string
	ascii, brief bool
}

func newDrawing() *drawing { return &drawing{width: widthFlag()} }

func (d *drawing) register(fl *pflag.FlagSet) {
	fl.Var(&d.width, "width", "`columns` to draw for; 0: no limit (default: those of the terminal)")
	fl.StringVar(&d.color, "color", "auto", "use colours: auto, always, never (NO_COLOR is obeyed)")
	fl.BoolVar(&d.ascii, "ascii", false, "draw arrows with - and > only")
	fl.BoolVar(&d.brief, "brief", false, "leave out the facts and what happened to the log")
}

// options returns what the flags come to on a terminal.
func (d *drawing) options(t *terminal) (text.Options, error) {
	color, err := t.color(d.color)
	return text.Options{Width: t.width(d.width.n), Color: color, ASCII: d.ascii || oldConsole() && isTerminal(t.stdout), Brief: d.brief}, err
}
