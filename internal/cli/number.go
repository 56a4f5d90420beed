package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
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
	// The flag package has: invalid argument "soon" for "--year" flag: REASON.
	if head, reason, ok := strings.Cut(err.Error(), " flag: "); ok && strings.HasPrefix(head, "invalid argument ") {
		quoted := head[strings.LastIndex(head, " for ")+len(" for "):]
		name := strings.Trim(quoted[strings.LastIndex(quoted, " ")+1:], `"`)
		var bad *valueError
		var wrong *strconv.NumError
		switch {
		case errors.As(err, &bad):
			err = fmt.Errorf("%s: %w", name, bad)
		case errors.As(err, &wrong):
			err = fmt.Errorf("%s: %q is neither true nor false", name, wrong.Num)
		default:
			err = fmt.Errorf("%s: %s", name, reason)
		}
	}
	return withHint(err, fmt.Sprintf("try %q", cmd.CommandPath()+" --help"))
}
