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
				hint := `"sipscribe rules" lists them`
				if like := nearest(args[0], func(yield func(string) bool) {
					for _, r := range rules.All {
						if !yield(r.Code) {
							return
						}
					}
				}); like != "" {
					hint = fmt.Sprintf("did you mean %s? %s", like, hint)
				}
				return withHint(fmt.Errorf("rules: there is no rule %q", args[0]), hint)
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
