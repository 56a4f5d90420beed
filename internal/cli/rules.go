package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"sipscribe/internal/diagnose/rules"
)

func newRules(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "rules [CODE]",
		Short: "List the rules, or tell one in full",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return oneArgument("rule", "message-cut")(cmd, args)
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				var rows []helpRow
				for _, r := range rules.All {
					rows = append(rows, helpRow{fmt.Sprintf("%-20s %s", r.Code, r.Severity), r.Title})
				}
				_, err := t.Write(appendRows(nil, "", rows, t.width(-1)))
				return err
			}
			r := rules.Named(args[0])
			if r == nil {
				return withHint(fmt.Errorf("rules: there is no rule %q", args[0]), `"sipscribe rules" lists them`)
			}
			var refs []string
			for _, ref := range r.Refs {
				refs = append(refs, ref.String())
			}
			width := t.width(-1)
			b := appendFolded(nil, "", "", fmt.Sprintf("%s (%s, since %s)", r.Code, r.Severity, r.Since), width)
			b = appendFolded(b, "", "", r.Title, width)
			b = appendProse(b, "\n"+r.Text+"\n\nTo mend it: "+r.Mend, width)
			if len(refs) > 0 {
				b = appendFolded(append(b, '\n'), "", "", "See "+strings.Join(refs, ", "), width)
			}
			_, err := t.Write(b)
			return err
		},
	}
}
