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
       cluster up [--own] [--audit]  run a control plane until the standard input ends; --own ignores KUBECONFIG,
                                     --audit records every request to an own one
`

// errUsage says that the command line makes no sense.
var errUsage = errors.New("unknown command line")

func main() {
	log := progress.ToFile(os.Stderr)
	err := run(os.Args[1:], log)
	switch {
	case errors.Is(err, errUsage):
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
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
	case "assets", "prometheus":
		if len(args) > 1 {
			return errUsage
		}
		ctx, stop := untilSignal(context.Background())
		defer stop()
		return printPath(ctx, log, args[0])
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

// printPath carries out "assets" and "prometheus".
func printPath(ctx context.Context, log *progress.Log, command string) error {
	locator, err := assets.New(log)
	if err != nil {
		return err
	}
	var path string
	if command == "prometheus" {
		path, err = locator.EnsurePrometheus(ctx)
	} else {
		path, err = locator.Ensure(ctx, assets.All)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Println(path)
	return err
}
