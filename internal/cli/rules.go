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
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				for _, r := range rules.All {
					if _, err := fmt.Fprintf(t, "%-20s %-8s %s\n", r.Code, r.Severity, r.Title); err != nil {
						return err
					}
				}
				return nil
			}
			r := rules.Named(args[0])
			if r == nil {
				return withHint(fmt.Errorf("rules: there is no rule %q", args[0]), `"sipscribe rules" lists them`)
			}
			var refs []string
			for _, ref := range r.Refs {
				refs = append(refs, ref.String())
			}
			_, err := fmt.Fprintf(t, "%s (%s, since %s)\n%s\n\n%s\n\nTo mend it: %s\n", r.Code, r.Severity, r.Since, r.Title, r.Text, r.Mend)
			if err == nil && len(refs) > 0 {
				_, err = fmt.Fprintf(t, "\nSee %s\n", strings.Join(refs, ", "))
			}
			return err
		},
	}
}
