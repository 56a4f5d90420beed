package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
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
				return noSuchCommand(root, args)
			}
			about.InitDefaultHelpFlag()
			about.InitDefaultVersionFlag()
			return about.Help()
		},
	}
}

// noSuchCommand is the argument check of the program itself: whatever gets there is a command that there is not.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := fmt.Sprintf("try %q", cmd.CommandPath()+" --help")
	if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
		hint = fmt.Sprintf("did you mean %s? %s", strings.Join(like, " or "), hint)
	} else if _, err := os.Stat(args[0]); err == nil {
		hint = fmt.Sprintf("to read that file: %s explain FILE; %s", cmd.CommandPath(), hint)
	}
	return withHint(fmt.Errorf("unknown command %q", args[0]), hint)
}
