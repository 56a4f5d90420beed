package cli

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// number is a flag with a whole number, within bounds that are told as a person would.
type number struct {
	n    int
	set  bool
	want string // what it should be: "a year from 1970 to 9999"
	ok   func(n int) bool
}

// String implements pflag.Value: the default, of which the help shows nothing.
func (v *number) String() string {
	if v == nil || !v.set {
		return ""
	}
	return strconv.Itoa(v.n)
}

// Type implements pflag.Value.
func (*number) Type() string { return "number" }

// Set implements pflag.Value.
func (v *number) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || !v.ok(n) {
		return &valueError{fmt.Sprintf("%q is not %s", s, v.want)}
	}
	v.n, v.set = n, true
	return nil
}

// valueError is what is wrong with the value of a flag.
type valueError struct{ text string }

func (e *valueError) Error() string { return e.text }

// flagError makes one sentence of what is wrong with a flag, and says where the flags are told.
func flagError(cmd *cobra.Command, err error) error {
	hint := fmt.Sprintf("try %q", cmd.CommandPath()+" --help")
	var unknown *pflag.NotExistError
	var bare *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			err = fmt.Errorf("unknown flag: -%s", name)
			if name == "v" && !cmd.HasParent() {
				hint = "-V says which version this is; " + hint
			}
			break
		}
		err = fmt.Errorf("unknown flag: --%s", name)
		if like := flagLike(cmd.Flags(), name); like != "" {
			hint = fmt.Sprintf("did you mean --%s? %s", like, hint)
		}
	case errors.As(err, &bare):
		err = fmt.Errorf("--%s: the value is missing", bare.GetFlag().Name)
	case errors.As(err, &invalid):
		f := invalid.GetFlag()
		var bad *valueError
		switch kind := f.Value.Type(); {
		case errors.As(err, &bad):
			err = fmt.Errorf("--%s: %w", f.Name, bad)
		case kind == "bool":
			err = fmt.Errorf("--%s: %q is neither true nor false", f.Name, invalid.GetValue())
		case kind == "duration":
			err = fmt.Errorf("--%s: %q is not a time with its unit, such as 500ms, 16s or 2m", f.Name, invalid.GetValue())
		default:
			err = fmt.Errorf("--%s: %w", f.Name, invalid.Unwrap())
		}
	}
	return withHint(err, hint)
}

// flagLike returns the flag that a word is nearly the name of, "" if none is near.
func flagLike(flags *pflag.FlagSet, word string) string {
	return nearest(word, func(yield func(string) bool) {
		more := true
		flags.VisitAll(func(f *pflag.Flag) { more = more && (f.Hidden || yield(f.Name)) })
	})
}

// nearest returns the name that a word is nearly: up to two characters away, whatever the case and the strokes between its parts. "": none is so near.
func nearest(word string, names iter.Seq[string]) string {
	plain := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "_", "-") }
	best, near := "", 3
	for name := range names {
		if n := distance(name, plain(word)); n < near && n < len(name) {
			best, near = name, n
		}
	}
	return best
}

// distance returns how many characters must be added, taken away or replaced to make one word of the other.
func distance(a, b string) int {
	if len(b) > 2*len(a)+2 {
		return len(b) // far, whatever it is
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(row[j]+1, row[j+1]+1, cost)
		}
	}
	return row[len(b)]
}
