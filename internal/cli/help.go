package cli

import (
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newHelp returns the command "help", which knows when it is asked for what there is not.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Tell about a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			about, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				if about == nil {
					about, rest = root, args
				}
				return noSuchCommand(about, rest)
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// noSuchCommand is the argument check of commands that have nothing but commands, and of the program itself: whatever gets there is a command that
// there is not.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := fmt.Sprintf("try %q", cmd.CommandPath()+" --help")
	if like := commandsLike(cmd, args[0]); len(like) > 0 {
		hint = fmt.Sprintf("did you mean %s? %s", strings.Join(like, " or "), hint)
	} else if _, err := os.Stat(args[0]); err == nil && !cmd.HasParent() {
		hint = fmt.Sprintf("to read that file: %s explain FILE; %s", cmd.CommandPath(), hint)
	}
	return withHint(fmt.Errorf("unknown command %q", strings.TrimPrefix(cmd.CommandPath()+" "+args[0], cmd.Root().Name()+" ")), hint)
}

// commandsLike returns the commands of cmd that a word is nearly the name of.
func commandsLike(cmd *cobra.Command, word string) []string {
	cmd.SuggestionsMinimumDistance = 2
	return cmd.SuggestionsFor(word)
}

// noArguments is the argument check of commands that take nothing but flags.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasAvailableSubCommands() {
		return noSuchCommand(cmd, args)
	}
	return withHint(fmt.Errorf("%s: it takes no argument, and there is %q", nameOf(cmd), args[0]), fmt.Sprintf("try %q", cmd.CommandPath()+" --help"))
}

// oneArgument returns the argument check of commands about one thing.
func oneArgument(thing, example string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return withHint(fmt.Errorf("%s: no %s named", nameOf(cmd), thing), fmt.Sprintf("such as %s %s", cmd.CommandPath(), example))
		case len(args) > 1:
			return withHint(fmt.Errorf("%s: one %s at a time, %d are named", nameOf(cmd), thing, len(args)), "a name with blanks in it needs quotes")
		}
		return nil
	}
}

// nameOf returns the name of a command without that of the program: "proxy user add".
func nameOf(cmd *cobra.Command) string {
	return strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
}

// defaultWidth is for how many columns help is written where it is not known how many there are.
const defaultWidth = 80

// longestLine is how many columns of help anybody can read with ease, whatever the terminal has.
const longestLine = 100

// help writes the help of a command, in lines of the terminal's width.
func (t *terminal) help(cmd *cobra.Command) {
	width := min(t.width(-1), longestLine)
	if width == 0 {
		width = defaultWidth
	}
	_, _ = t.Write(appendHelp(nil, cmd, width)) // what went wrong t.Write remembers
}

// appendHelp appends the help of a command.
func appendHelp(dst []byte, cmd *cobra.Command, width int) []byte {
	about := cmd.Long
	if about == "" {
		about = cmd.Short + "."
	}
	dst = appendProse(dst, about, width)
	dst = append(dst, "\nUsage:\n"...)
	if cmd.Runnable() && (cmd.HasParent() || !cmd.HasAvailableSubCommands()) {
		use := cmd.UseLine()
		dst = appendFolded(dst, "  ", "      ", use, width)
	}
	if cmd.HasAvailableSubCommands() {
		dst = appendFolded(dst, "  ", "      ", cmd.CommandPath()+" COMMAND", width)
	}
	if len(cmd.Aliases) > 0 {
		dst = appendFolded(dst, "\nOther names: ", "  ", strings.Join(cmd.Aliases, ", "), width)
	}
	if cmd.HasExample() {
		dst = append(dst, "\nExamples:\n"...)
		for line := range strings.SplitSeq(cmd.Example, "\n") {
			// Where it goes on below, a shell is told so: the example can be copied.
			folded := strings.TrimRight(string(appendFolded(nil, "  ", "      ", line, width-2)), "\n")
			dst = append(append(dst, strings.ReplaceAll(folded, "\n", " \\\n")...), '\n')
		}
	}
	if cmd.HasAvailableSubCommands() {
		dst = append(dst, "\nCommands:\n"...)
		var rows []helpRow
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() || c.Name() == "help" {
				rows = append(rows, helpRow{c.Name(), c.Short})
			}
		}
		dst = appendRows(dst, "  ", rows, width)
	}
	if cmd.HasAvailableLocalFlags() {
		dst = append(dst, "\nFlags:\n"...)
		dst = appendRows(dst, "  ", flagRows(cmd.LocalFlags()), width)
	}
	if cmd.HasAvailableInheritedFlags() {
		dst = fmt.Appendf(dst, "\nFlags of %q:\n", cmd.Parent().CommandPath())
		dst = appendRows(dst, "  ", flagRows(cmd.InheritedFlags()), width)
	}
	if cmd.HasAvailableSubCommands() {
		dst = appendFolded(append(dst, '\n'), "", "", fmt.Sprintf(`"%s COMMAND --help" tells more about a command.`, cmd.CommandPath()), width)
	}
	return dst
}

// helpRow is a name and what is said of it.
type helpRow struct{ name, about string }

// flagRows returns the rows of flags.
func flagRows(flags *pflag.FlagSet) []helpRow {
	var rows []helpRow
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Deprecated != "" {
			return
		}
		name := "    --" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", --" + f.Name
		}
		value, about := pflag.UnquoteUsage(f)
		switch {
		case f.Name == "help":
			about = "this help"
		case value == "string":
			value = "text"
		case value == "strings" || value == "stringArray":
			value, about = "text", about+" (may be repeated)"
		case value == "duration":
			value = "time"
		}
		if value != "" {
			name += " " + value
		}
		switch f.DefValue {
		case "", "false", "0", "0s", "[]":
		default:
			about += fmt.Sprintf(" (default: %s)", f.DefValue)
		}
		rows = append(rows, helpRow{name, about})
	})
	return rows
}

// appendRows appends rows in two columns behind an indentation, or one below the other where there is no room; width 0: no limit.
func appendRows(dst []byte, indent string, rows []helpRow, width int) []byte {
	wide := 0
	for _, r := range rows {
		wide = max(wide, utf8.RuneCountInString(r.name))
	}
	column := len(indent) + wide + 2
	for _, r := range rows {
		if width > 0 && width-column < minColumn {
			dst = append(append(append(dst, indent...), strings.TrimLeft(r.name, " ")...), '\n')
			dst = appendFolded(dst, indent+"    ", indent+"    ", r.about, width)
			continue
		}
		first := indent + r.name + strings.Repeat(" ", column-len(indent)-utf8.RuneCountInString(r.name))
		dst = appendFolded(dst, first, strings.Repeat(" ", column), r.about, width)
	}
	return dst
}
