package cli

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
)

// completionPatience bounds what a person waits for after pressing the tab key.
const completionPatience = 3 * time.Second

// names completes the name of a Canary.
func (s *shared) names(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	c, err := s.connect()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	ctx, stop := context.WithTimeout(cmd.Context(), completionPatience)
	defer stop()
	list, err := c.Canaries(ctx, c.Namespace)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, canary := range list.Items {
		names = append(names, fmt.Sprintf("%s\t%s %s", canary.Name, canary.Status.Phase, canary.Status.Version))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// pluginScript is what kubectl runs to complete `kubectl canary`: an executable of this name in PATH that answers as cobra does.
const pluginScript = `#!/usr/bin/env sh
# kubectl runs this to complete "kubectl canary": put it in PATH as kubectl_complete-canary and make it executable.
exec kubectl-canary __complete "$@"
`

// completion adds `completion plugin` to cobra's own completion command.
func completion(s *shared, root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() != "completion" {
			continue
		}
		cmd.AddCommand(&cobra.Command{
			Use:   "plugin",
			Short: "Generate the script with which kubectl completes `kubectl canary`",
			Long: `Generate the script with which kubectl completes "kubectl canary", in any shell for which kubectl's own completion is set up.
kubectl looks for an executable named kubectl_complete-canary in PATH:

  kubectl canary completion plugin > ~/.local/bin/kubectl_complete-canary
  chmod +x ~/.local/bin/kubectl_complete-canary

A link of that name to kubectl-canary does the same.`,
			Args: cobra.NoArgs,
			Run:  func(*cobra.Command, []string) { fmt.Fprint(s.Out, pluginScript) },
		})
	}
}

func versionCommand(s *shared) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this plugin",
		Args:  cobra.NoArgs,
		Run: func(*cobra.Command, []string) {
			version, commit, goVersion := "unknown", "", ""
			if info, ok := debug.ReadBuildInfo(); ok {
				version, goVersion = info.Main.Version, info.GoVersion
				for _, setting := range info.Settings {
					if setting.Key == "vcs.revision" {
						commit = " commit " + setting.Value
					}
				}
			}
			fmt.Fprintf(s.Out, "kubectl-canary %s%s %s\n", version, commit, goVersion)
		},
	}
}
