//go:build unix

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/serin-dev/serin/test/cluster/internal/assets"
	"github.com/serin-dev/serin/test/cluster/internal/plane"
	"github.com/serin-dev/serin/test/cluster/internal/progress"
	"github.com/serin-dev/serin/test/cluster/internal/scratch"
)

const usage = `usage: cluster assets                print the folder with the programs of a control plane, getting them if need be
       cluster prometheus            print the path of a Prometheus, getting it if need be
       cluster program NAME          print the path of a program, building it if need be
       cluster module NAME           print the folder with the files of a Go module, such as its CRDs
       cluster up [--own] [--audit]  run a control plane until the standard input ends; --own ignores KUBECONFIG,
                                     --audit records every request to an own one
       cluster node [--image FILE.tar]... [--audit] [--log-space SIZE] [-- COMMAND ARG...]
                                     run a real node until the standard input or the command ends
       cluster node --check          say whether a node can run on this machine
       cluster node --prepare        install and get what a node needs, and clear away what a killed one left
       cluster load --image FILE.tar...
                                     import images into the node that runs on this machine
`

// errUsage says that the command line makes no sense.
var errUsage = errors.New("unknown command line")

func main() {
	log := progress.ToFile(os.Stderr)
	err := run(os.Args[1:], log)
	var exit exitError
	switch {
	case errors.Is(err, errUsage):
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	case errors.As(err, &exit):
		os.Exit(exit.code)
	case err != nil:
		log.Say("%v", err)
		os.Exit(1)
	}
}

// run carries out the command line.
func run(args []string, log *progress.Log) error {
	if len(args) == 0 {
		return errUsage
	}
	switch args[0] {
	case "assets", "prometheus", "program", "module":
		ctx, stop := untilSignal(context.Background())
		defer stop()
		return printPath(ctx, log, args)
	case "node":
		return runNode(args[1:], log)
	case "load":
		return runLoad(args[1:], log)
	case "up":
		flags := flag.NewFlagSet("up", flag.ContinueOnError)
		flags.Usage = func() {} // The caller prints the one for all commands.
		own := flags.Bool("own", false, "")
		audit := flags.Bool("audit", false, "")
		if err := flags.Parse(args[1:]); err != nil || flags.NArg() > 0 {
			return errUsage
		}
		kubeconfig := os.Getenv("KUBECONFIG")
		if *own {
			kubeconfig = ""
		}
		options := plane.Options{Base: scratch.Base(), Log: log}
		if *audit {
			options.Audit = plane.AuditRequests
		}
		return up(options, kubeconfig)
	}
	return errUsage
}

// printPath carries out the commands that print a path: each has its name and at most one argument.
func printPath(ctx context.Context, log *progress.Log, command []string) error {
	named := command[0] == "program" || command[0] == "module"
	if named != (len(command) == 2) || len(command) > 2 {
		return errUsage
	}
	locator, err := assets.New(log)
	if err != nil {
		return err
	}
	var path string
	switch command[0] {
	case "assets":
		path, err = locator.Ensure(ctx, assets.All)
	case "prometheus":
		path, err = locator.EnsurePrometheus(ctx)
	case "program":
		path, err = locator.EnsureProgram(ctx, command[1])
	case "module":
		path, err = assets.Source(ctx, log, command[1])
	}
	if err != nil {
		return err
	}
	_, err = fmt.Println(path)
	return err
}
