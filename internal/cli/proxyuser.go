package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"sipscribe/digest"
	"sipscribe/internal/proxyd"
)

// userFlags say which users file, and which realm in it.
type userFlags struct {
	users, domain, realm string
	algorithms           []string
}

func (f *userFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.users, "users", "", "the users `file` (default: users.txt)")
	fl.StringVar(&f.domain, "domain", "", "the `domain` of the proxy, which is its realm where nothing else is said")
	fl.StringVar(&f.realm, "realm", "", "the `realm` of the proxy's challenges (default: the domain; or the one that all users of the file have)")
}

// file returns the path of the users file.
func (f *userFlags) file() string {
	if f.users != "" {
		return f.users
	}
	return proxyd.DefaultUsers
}

// realmOf returns the realm that is meant: the one that was given, or the only one of the file.
func (f *userFlags) realmOf(u *proxyd.UsersFile) (string, error) {
	switch {
	case f.realm != "":
		return f.realm, nil
	case f.domain != "":
		if err := proxyd.CheckHost(f.domain); err != nil {
			return "", withHint(fmt.Errorf("--domain: %w", err), "a realm that is no domain is named with --realm")
		}
		return f.domain, nil
	}
	switch realms := u.Realms(); len(realms) {
	case 1:
		return realms[0], nil
	case 0:
		return "", withHint(errors.New("no domain: a key is good for one realm only"), "give the proxy's domain: --domain example.com")
	default:
		return "", withHint(fmt.Errorf("the users file has users of %d realms (%s)", len(realms), strings.Join(realms, ", ")), "say which: --realm")
	}
}

func newProxyUser(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Add, remove and list the users of a proxy",
		Long: `Keeps the users file of a proxy: a line for each user, realm and digest algorithm, with the key that is made of the three and the password. The password itself
is not kept; but whoever has the key can sign in with it, so that the file is readable by its owner only.`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newUserAdd(t), newUserDel(t), newUserList(t))
	return cmd
}

func newUserAdd(t *terminal) *cobra.Command {
	var f userFlags
	var pw passwordFlags
	var replace bool
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a user, with a key for each algorithm that is offered",
		Example: `  sipscribe proxy user add spa1 --domain example.com
  sipscribe proxy user add spa1 --domain example.com --password-file spa1.password`,
		Args: oneArgument("user", "spa1"),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := args[0]
			if err := checkUserName(name); err != nil {
				return err
			}
			t.interrupted = "; nothing was changed"
			s := proxyd.Settings{Algorithms: f.algorithms}
			algorithms, err := s.OfferedAlgorithms()
			if err != nil {
				return fmt.Errorf("--algorithms: %w", err)
			}
			users, err := proxyd.OpenUsers(f.file())
			if err != nil {
				return err
			}
			realm, err := f.realmOf(users)
			if err != nil {
				return err
			}
			if users.Has(name, realm) && !replace {
				return withHint(fmt.Errorf("%s has a user %q of realm %q already", f.file(), name, realm), "--replace gives a new password")
			}
			if _, err := digest.NewUser(name, realm, "x", digest.MD5); err != nil {
				return errors.New(strings.TrimPrefix(err.Error(), "digest: ")) // before a password is asked for
			}
			pw.given = cmd.Flags().Changed("password")
			password, err := pw.read(cmd.Context(), t, name)
			if err != nil {
				return err
			}
			if err := users.Put(name, realm, password, algorithms); err != nil {
				return errors.New(strings.TrimPrefix(err.Error(), "digest: "))
			}
			if err := saveUsers(t, users, f.file()); err != nil {
				return err
			}
			t.talk("%s may sign in to realm %s (%s), says %s; a proxy that runs learns of it by SIGHUP", name, realm, names(algorithms), f.file())
			return nil
		},
	}
	f.add(cmd)
	fl := cmd.Flags()
	fl.StringSliceVar(&f.algorithms, "algorithms", nil, "the `algorithms` that the proxy offers (default: SHA-256,MD5)")
	fl.StringVar(&pw.file, "password-file", "", "a `file` whose first line is the password")
	fl.StringVar(&pw.password, "password", "", "the `password` itself, for all to see")
	fl.BoolVar(&replace, "replace", false, "give a user who is there a new password")
	return cmd
}

// saveUsers writes a users file, and says so if that has taken it from who could read it.
func saveUsers(t *terminal, users *proxyd.UsersFile, file string) error {
	err := users.Save()
	if err == nil && users.Taken() {
		t.talk("%s belongs to you now, and nobody else may read it: a proxy that runs as another user needs it back (chown; sudo the next time)", file)
	}
	return err
}

// checkUserName refuses what cannot be the user part of a SIP address: nobody could register with it.
func checkUserName(name string) error {
	for _, r := range name {
		switch {
		case unicode.IsSpace(r):
			return withHint(fmt.Errorf("the user cannot be kept: a blank in the name %q", name), "a SIP address has none; the name that is displayed is the phone's own setting")
		case unicode.IsControl(r), r == utf8.RuneError:
			return fmt.Errorf("the user cannot be kept: a control character in the name %q", name)
		case r == '@':
			return withHint(fmt.Errorf("the user cannot be kept: %q is an address, and the name of the user is wanted", name), "write the part before the @, and the domain with --domain")
		}
	}
	return nil
}

func newUserDel(t *terminal) *cobra.Command {
	var f userFlags
	cmd := &cobra.Command{
		Use:     "del NAME",
		Aliases: []string{"delete", "remove", "rm"},
		Short:   "Remove a user",
		Args:    oneArgument("user", "spa1"),
		RunE: func(_ *cobra.Command, args []string) error {
			users, err := proxyd.LoadUsers(f.file())
			if err != nil {
				return err
			}
			realm := f.realm
			if realm == "" {
				realm = f.domain
			}
			if users.Remove(args[0], realm) == 0 {
				what := fmt.Sprintf("%s has no user %q", f.file(), args[0])
				if realm != "" {
					what += fmt.Sprintf(" of realm %q", realm)
				}
				return withHint(errors.New(what), `"sipscribe proxy user list" shows them`)
			}
			if err := saveUsers(t, users, f.file()); err != nil {
				return err
			}
			t.talk("removed %s from %s; a proxy that runs learns of it by SIGHUP", args[0], f.file())
			return nil
		},
	}
	f.add(cmd)
	return cmd
}

func newUserList(t *terminal) *cobra.Command {
	var f userFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the users",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			users, err := proxyd.LoadUsers(f.file())
			if err != nil {
				return err
			}
			realm := f.realm
			if realm == "" {
				realm = f.domain
			}
			type key struct{ name, realm string }
			var order []key
			has := map[key][]digest.Algorithm{}
			for _, u := range users.Users() {
				k := key{u.Username, u.Realm}
				if realm != "" && u.Realm != realm {
					continue
				}
				if has[k] == nil {
					order = append(order, k)
				}
				has[k] = append(has[k], u.Algorithm)
			}
			slices.SortStableFunc(order, func(a, b key) int { return strings.Compare(a.name+"\x00"+a.realm, b.name+"\x00"+b.realm) })
			if len(order) == 0 {
				t.talk("%s has no users", f.file())
			}
			for _, k := range order {
				if _, err := fmt.Fprintf(t, "%s\t%s\t%s\n", printable(k.name), printable(k.realm), names(has[k])); err != nil {
					return err
				}
			}
			return nil
		},
	}
	f.add(cmd)
	return cmd
}

func names(algorithms []digest.Algorithm) string {
	var out []string
	for _, a := range algorithms {
		out = append(out, a.String())
	}
	return strings.Join(out, ",")
}
