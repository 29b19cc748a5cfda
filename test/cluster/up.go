//go:build unix

package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/serin-dev/serin/test/cluster/internal/assets"
	"github.com/serin-dev/serin/test/cluster/internal/existing"
	"github.com/serin-dev/serin/test/cluster/internal/plane"
	"github.com/serin-dev/serin/test/cluster/internal/progress"
	"github.com/serin-dev/serin/test/cluster/internal/scratch"
)

// report is the line that "up" prints when the control plane is ready.
type report struct {
	Kubeconfig string         `json:"kubeconfig"`
	Server     string         `json:"server"`
	Dir        string         `json:"dir,omitempty"`
	Assets     string         `json:"assets"`
	Owned      bool           `json:"owned"`
	Pids       map[string]int `json:"pids,omitempty"`
	Version    string         `json:"version"`
	Audit      string         `json:"audit,omitempty"`
	Node       *nodeDetails   `json:"node,omitempty"`
}

// nodeDetails are what the line has beside that for a node.
type nodeDetails struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	// Containerd is the path of containerd's socket, Namespace the one in it for Kubernetes.
	Containerd string `json:"containerd"`
	Namespace  string `json:"namespace"`
	// PodLogs is the folder with the logs of pods, Logs the one with those of the programs.
	PodLogs string `json:"podLogs"`
	Logs    string `json:"logs"`
	// State is the file that has this line with the process ids of now.
	State string `json:"state"`
}

// up carries out "up". Options lack the programs, which are looked for here.
func up(options plane.Options, kubeconfig string) error {
	log := options.Log
	ctx, stop := untilSignal(untilEnd(context.Background(), os.Stdin))
	defer stop()
	locator, err := assets.New(log)
	if err != nil {
		return err
	}
	if kubeconfig != "" {
		return useExisting(ctx, log, locator, kubeconfig)
	}
	return runOwn(ctx, options, locator)
}

// useExisting checks a cluster that somebody else runs and waits for the end.
func useExisting(ctx context.Context, log *progress.Log, locator *assets.Locator, kubeconfig string) error {
	kubectl, err := locator.EnsureKubectl(ctx)
	if err != nil {
		return err
	}
	cluster, err := existing.Check(ctx, kubectl, kubeconfig)
	if err != nil {
		return err
	}
	log.Say("using the cluster of KUBECONFIG=%s (--own starts one instead)", kubeconfig)
	err = answer(report{
		Kubeconfig: kubeconfig,
		Server:     cluster.Server,
		Assets:     filepath.Dir(kubectl),
		Version:    cluster.Version,
	})
	if err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// runOwn runs a control plane until the end.
func runOwn(ctx context.Context, options plane.Options, locator *assets.Locator) (err error) {
	log := options.Log
	sweep(log)
	options.Programs, err = locator.Ensure(ctx, assets.All)
	if err != nil {
		return err
	}
	began := time.Now()
	running, err := plane.Start(ctx, options)
	if err != nil {
		return err
	}
	defer func() {
		stopped := running.Stop()
		if err == nil {
			err = stopped
		}
	}()
	go killOnSecondSignal(ctx, running.Kill)
	log.Say("Kubernetes %s is ready at %s after %s", running.Version, running.Server, time.Since(began).Round(10*time.Millisecond))
	err = answer(report{
		Kubeconfig: running.Kubeconfig,
		Server:     running.Server,
		Dir:        running.Dir,
		Assets:     options.Programs,
		Owned:      true,
		Pids:       running.Pids(),
		Version:    running.Version,
		Audit:      running.AuditLog,
	})
	if err != nil {
		return err
	}
	return running.Wait(ctx)
}

// answer writes a report on the standard output.
func answer(r report) error {
	return json.NewEncoder(os.Stdout).Encode(r)
}

// sweep deletes what killed runs left. That it cannot is no reason not to go on.
func sweep(log *progress.Log) {
	removed, err := scratch.Sweep(scratch.Base())
	if err != nil {
		log.Say("deleting what an earlier run left: %v", err)
	}
	for _, path := range removed {
		log.Say("deleted %s, which a killed run left", path)
	}
}
