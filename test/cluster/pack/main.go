//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/serin-dev/serin/test/cluster/internal/assets"
	"github.com/serin-dev/serin/test/cluster/internal/image"
	"github.com/serin-dev/serin/test/cluster/internal/progress"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: pack FOLDER NAME [NAME]")
	}
	locator, err := assets.New(progress.ToFile(os.Stderr))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(args[0], 0o755); err != nil {
		return err
	}
	for _, name := range args[1:] {
		program, err := locator.EnsureProgram(ctx, name)
		if err != nil {
			return err
		}
		path := filepath.Join(args[0], name+".tar")
		if err := image.WriteFile(path, image.Spec{Name: "serin-e2e/" + name + ":dev", Program: program}); err != nil {
			return err
		}
		fmt.Println(path)
	}
	return nil
}
