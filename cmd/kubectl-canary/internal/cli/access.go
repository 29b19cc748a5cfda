package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/cluster"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/smifile"

	"github.com/spf13/cobra"
)

// Exit codes of the commands about access, which pipelines read.
const (
	accessDenied  = 1
	accessUnknown = 2
)

const accessLong = `Read TrafficTargets: test what they allow, list who may call whom, write them as the policies of others.

Every command reads -f, which is a folder, a file or - for the standard input, or --cluster. A folder is read with all that is below
it and ends in .yaml, .yml or .json; names that begin with a dot are left out. Objects of any published version of SMI count, also in
lists, and so do other kinds where they are needed; everything else is ignored. Objects that name no namespace are in that of -n, or
else in "default". (--cluster takes no name here, as it does elsewhere: name another cluster with --context.)

Exit codes of all of them: 0 allowed, listed or exported; 1 denied, an expectation that was not met, or something that cannot be
exported; 2 the arguments are wrong, or something cannot be read: one sentence says what.`

// rules is where objects about access are read.
type rules struct {
	*shared
	files []string
	live  bool
}

func accessCommand(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "access",
		Short: "Test, list and export what TrafficTargets allow",
		Long:  accessLong,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("%s has no command %q: use %s", cmd.CommandPath(), args[0], strings.Join(names(cmd.Commands()), ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(checkCommand(s), whoCommand(s), exportCommand(s))
	return cmd
}

func names(commands []*cobra.Command) []string {
	var all []string
	for _, c := range commands {
		all = append(all, c.Name())
	}
	return all
}

func (r *rules) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&r.files, "filename", "f", nil, "a folder or file of objects, - for the standard input; may be repeated")
	cmd.Flags().BoolVar(&r.live, "cluster", false, "read the objects of the cluster of the current context")
	_ = cmd.MarkFlagFilename("filename", "yaml", "yml", "json") // It fails only for a flag that is not there.
}

// check says what is wrong with where to read.
func (r *rules) check(cmd *cobra.Command) error {
	switch {
	case r.live && len(r.files) > 0:
		return errors.New("-f and --cluster are two places to read: give one of them")
	case !r.live && len(r.files) == 0:
		return fmt.Errorf("%s reads -f DIR or --cluster: give one of them", strings.TrimPrefix(cmd.CommandPath(), "kubectl canary "))
	}
	return nil
}

// read reads the objects; an empty namespace means all. Files are read whole, whatever the namespace.
func (r *rules) read(ctx context.Context, namespace string, want cluster.Want) (*smifile.Objects, error) {
	if r.live {
		c, err := r.connect()
		if err != nil {
			return nil, err
		}
		ctx, stop := cluster.Bounded(ctx)
		defer stop()
		return c.Access(ctx, namespace, want)
	}
	objects := smifile.New(cmp.Or(*r.flags.Namespace, "default"))
	for _, name := range r.files {
		if err := r.file(objects, name); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

func (r *rules) file(objects *smifile.Objects, name string) error {
	if about, err := os.Stat(name); name != "-" && err == nil && about.IsDir() {
		return objects.AddFolder(name, os.DirFS(name))
	}
	text, err := r.shared.read(name)
	if err != nil {
		return err
	}
	return objects.AddText(called(name), text)
}

// choice completes a flag by one of a few words.
func choice(cmd *cobra.Command, flag string, words ...string) {
	complete := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return words, cobra.ShellCompDirectiveNoFileComp
	}
	_ = cmd.RegisterFlagCompletionFunc(flag, complete) // It fails only for a flag that is not there.
}
