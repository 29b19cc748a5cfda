package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/serin-dev/serin/test/cluster/internal/assets"
	"github.com/serin-dev/serin/test/cluster/internal/node"
	"github.com/serin-dev/serin/test/cluster/internal/plane"
	"github.com/serin-dev/serin/test/cluster/internal/progress"
)

// nodeFlags are the flags of "node".
type nodeFlags struct {
	check    bool
	prepare  bool
	audit    bool
	images   []string
	logSpace int64
	command  []string
}

// parseNode parses the command line of "node".
func parseNode(args []string) (nodeFlags, error) {
	var parsed nodeFlags
	flags := flag.NewFlagSet("node", flag.ContinueOnError)
	flags.Usage = func() {} // The caller prints the one for all commands.
	flags.SetOutput(os.Stderr)
	flags.BoolVar(&parsed.check, "check", false, "")
	flags.BoolVar(&parsed.prepare, "prepare", false, "")
	flags.BoolVar(&parsed.audit, "audit", false, "")
	flags.Func("image", "", func(path string) error {
		parsed.images = append(parsed.images, path)
		return nil
	})
	flags.Func("log-space", "", func(text string) (err error) {
		parsed.logSpace, err = parseSize(text)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return parsed, errUsage
	}
	parsed.command = flags.Args()
	return parsed, nil
}

// parseSize parses a number of bytes such as 64M; K, M and G are powers of 1024.
func parseSize(text string) (int64, error) {
	digits, unit := text, int64(1)
	for letter, factor := range map[string]int64{"K": 1 << 10, "M": 1 << 20, "G": 1 << 30} {
		if before, is := strings.CutSuffix(text, letter); is {
			digits, unit = before, factor
		}
	}
	number, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || number <= 0 {
		return 0, fmt.Errorf("%q is no size such as 64M", text)
	}
	return number * unit, nil
}

// runNode carries out "node".
func runNode(args []string, log *progress.Log) error {
	flags, err := parseNode(args)
	if err != nil {
		return err
	}
	if err := os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin"); err != nil {
		return err
	}
	if err := node.Check(); err != nil {
		return err
	}
	if flags.check {
		sayReady(log)
		return nil
	}
	for _, path := range flags.images {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("the image: %w", err)
		}
	}
	asked := context.Background()
	if len(flags.command) == 0 && !flags.prepare {
		asked = untilEnd(asked, os.Stdin)
	}
	ctx, stop := untilSignal(asked)
	defer stop()
	options := node.Options{Images: flags.images, LogSpace: flags.logSpace, Log: log}
	if flags.audit {
		options.Audit = plane.AuditRequests
	}
	if options.Programs, err = nodePrograms(ctx, log); err != nil {
		return err
	}
	if flags.prepare {
		return node.Sweep(ctx, log)
	}
	return runReady(ctx, options, flags.command)
}

// sayReady says that a node can run on this machine.
func sayReady(log *progress.Log) {
	if missing := node.Missing(); len(missing) > 0 {
		log.Say("a node can run here; it will install %s", strings.Join(missing, ", "))
		return
	}
	log.Say("a node can run here")
}

// nodePrograms gets the programs of a node.
func nodePrograms(ctx context.Context, log *progress.Log) (node.Programs, error) {
	programs := node.Programs{BuildPause: func(ctx context.Context, path string) error { return assets.BuildPause(ctx, log, path) }}
	locator, err := assets.New(log)
	if err != nil {
		return programs, err
	}
	var more []string
	if !locator.Built(assets.Runc) {
		more = node.BuildPackages()
	}
	if err := node.Install(ctx, log, more); err != nil {
		return programs, err
	}
	if programs.Kubernetes, err = locator.Ensure(ctx, assets.AllOfNode); err != nil {
		return programs, err
	}
	if programs.Runc, err = locator.EnsureProgram(ctx, assets.Runc); err != nil {
		return programs, err
	}
	programs.CoreDNS, err = locator.EnsureProgram(ctx, assets.CoreDNS)
	return programs, err
}

// runReady runs a node until the end, or until the command ends.
func runReady(ctx context.Context, options node.Options, command []string) (err error) {
	running, err := node.Start(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, running.Stop()) }()
	ended, end := context.WithCancel(ctx)
	defer end()
	go killOnSecondSignal(ended, running.Kill)
	options.Log.Say("the node is ready, with Kubernetes %s at %s, after %s",
		running.Plane.Version, running.Plane.Server, running.Took.Round(10*time.Millisecond))
	if err := writeState(running, options); err != nil {
		return err
	}
	running.Keep(func() {
		if err := writeState(running, options); err != nil {
			options.Log.Say("the file of the node's state: %v", err)
		}
	})
	if err := answer(nodeReport(running, options)); err != nil {
		return err
	}
	if len(command) == 0 {
		<-ctx.Done()
		return nil
	}
	return runCommand(ctx, command, running.Plane.Kubeconfig, options.Programs.Kubernetes)
}
