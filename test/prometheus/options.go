package prometheus

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Options say how to start a Prometheus. The zero value is useful.
type Options struct {
	// Progress gets lines for people, such as how far a build has come. Nil means the standard error.
	Progress io.Writer
	// Targets are scraped from the start; Scrape replaces them.
	Targets []Target
	// Interval is the time between two scrapes of a target; default 1 s.
	Interval time.Duration
	// Dir is a folder for the server's data that outlives it; default a temporary one.
	Dir string
	// Address to listen on, of a server that was stopped before; default a free port on loopback.
	Address string
}

// Target is something that is scraped.
type Target struct {
	// Address is host:port, or a URL without a path. Job is the label job; default "test".
	Address, Job string
	// Path is the path of the metrics; default /metrics.
	Path string
	// Labels are set on every series from there.
	Labels map[string]string
}

// split is the target's host and port, and its scheme where that is named.
func (t Target) split() (address, scheme string) {
	if scheme, address, ok := strings.Cut(t.Address, "://"); ok {
		return strings.TrimSuffix(address, "/"), scheme
	}
	return t.Address, ""
}

// Files in the folder of a server.
const (
	configFile  = "prometheus.yml"
	targetsFile = "targets.json"
	logFile     = "prometheus.log"
	dataFolder  = "data"
)

// config has what was loaded keep its name, and accepts it in any order.
const config = `global: {scrape_interval: %[1]dms, scrape_timeout: %[1]dms}
storage: {tsdb: {out_of_order_time_window: 1d}}
otlp: {translation_strategy: NoTranslation}
scrape_configs:
- job_name: test
  file_sd_configs: [{files: [%[2]q]}]
`

// writeConfig writes all that a server reads when it starts.
func (o Options) writeConfig(folder string) error {
	if err := writeTargets(folder, o.Targets); err != nil {
		return err
	}
	text := fmt.Sprintf(config, o.Interval.Milliseconds(), filepath.Join(folder, targetsFile))
	return os.WriteFile(filepath.Join(folder, configFile), []byte(text), 0o600)
}

// writeTargets replaces the file with the targets, whole or not at all.
func writeTargets(folder string, targets []Target) error {
	type group struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels"`
	}
	groups := []group{}
	for _, t := range targets {
		labels := map[string]string{}
		maps.Copy(labels, t.Labels)
		address, scheme := t.split()
		for label, value := range map[string]string{"job": t.Job, "__metrics_path__": t.Path, "__scheme__": scheme} {
			if value != "" {
				labels[label] = value
			}
		}
		groups = append(groups, group{[]string{address}, labels})
	}
	text, err := json.Marshal(groups)
	if err != nil {
		return err
	}
	partial := filepath.Join(folder, "targets.partial")
	if err := os.WriteFile(partial, text, 0o600); err != nil {
		return err
	}
	return os.Rename(partial, filepath.Join(folder, targetsFile))
}
