package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/manifest"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/recording"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"

	"github.com/spf13/cobra"
)

type replay struct {
	*shared
	file, windows, format string
}

const replayLong = `Judge recorded windows again, by the limits and steps of a Canary, without a cluster.

It shows window by window what the Evidence judge would have decided: to try another success rate, baseline, dwell or
falseRollbackRate on a rollout that was. (Another latency limit cannot be tried: slow requests were counted by the one of then.)
Each step dwells for as many windows as its dwell has at spec.analysis.interval, nothing times out, and the replay ends at the
first window that rolls back.

CANARY is a manifest in YAML or JSON, of which the first Canary counts; what it leaves out has the defaults of the CRD. WINDOWS
has one JSON object a line, as "kubectl canary record" writes them:

  {"weight":5,"next":10,"candidate":{"requests":10,"failures":0,"slow":0},"stable":{"requests":190,"failures":0,"slow":0}}

  next              the weight after the step; left out: that of the next step of the Canary
  slow              requests slower than spec.analysis.latency; left out: not measured
  p50, p90, p99     quantiles in seconds, in the place of slow
  checks            of spec.analysis.checks, by name: {"tea":{"candidate":{"bad":1,"total":12},"stable":{"bad":0,"total":90}}}
  endedAt, seconds  when the window was; windows must not overlap

One of the two files may be -, for the standard input.

With -o json there is one JSON object a line: window, lnE (the natural logarithm of the evidence against the candidate),
lnGFailure and lnGSlow (that for the next weight), decision (Hold, Advance or RollBack) and reason. A table has the evidence
against the candidate as odds; -o wide cuts no reason short.

Exit codes: 0 replayed, whatever was decided; 3 something in the files is wrong, said in a sentence with its line.`

func replayCommand(s *shared) *cobra.Command {
	r := &replay{shared: s}
	cmd := &cobra.Command{
		Use:     "replay -f CANARY --windows WINDOWS",
		Short:   "Judge recorded windows again, without a cluster",
		Long:    replayLong,
		Example: "  kubectl canary replay -f canary.yaml --windows windows.jsonl\n  kubectl canary get foobar -o yaml | kubectl canary replay -f - --windows windows.jsonl -o json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("replay takes files and no name: give %s with -f or --windows", args[0])
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(*cobra.Command, []string) error { return r.run() },
	}
	flags := cmd.Flags()
	flags.StringVarP(&r.file, "filename", "f", "", "the manifest of a Canary, - for the standard input")
	flags.StringVar(&r.windows, "windows", "", "the recorded windows, one JSON object a line, - for the standard input")
	flags.StringVarP(&r.format, "output", "o", "", "json or wide")
	// These fail only for a flag that is not there.
	_ = cmd.MarkFlagFilename("filename", "yaml", "yml", "json")
	_ = cmd.MarkFlagFilename("windows", "jsonl", "json", "ndjson")
	_ = cmd.RegisterFlagCompletionFunc("output", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return replayFormats(), cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

func replayFormats() []string { return []string{"json", "wide"} }

func (r *replay) run() error {
	switch {
	case r.format != "" && !slices.Contains(replayFormats(), r.format):
		return fmt.Errorf("-o %s is no format of replay: use %s", r.format, strings.Join(replayFormats(), ", "))
	case r.file == "" || r.windows == "":
		return errors.New("replay needs two files: -f canary.yaml --windows windows.jsonl")
	case r.file == "-" && r.windows == "-":
		return errors.New("only one of -f and --windows can be -: the standard input is read once")
	}
	canary, err := r.canary()
	if err != nil {
		return err
	}
	windows, err := r.recorded()
	if err != nil {
		return err
	}
	judged := analysis.Replay(canary.Spec, windows)
	if r.format == "json" {
		return r.lines(judged)
	}
	o := r.options()
	if r.format == "wide" {
		o.Detail = view.Wide
	}
	r.print(view.Replay(view.Replayed{Steps: canary.Spec.Steps, Windows: judged, Recorded: len(windows)}, o))
	if canary.Spec.Analysis.Judge == v1alpha1.JudgeThreshold {
		fmt.Fprintln(r.ErrOut, "spec.analysis.judge is Threshold: this is what the Evidence judge would have decided")
	}
	return nil
}

// canary reads the manifest.
func (r *replay) canary() (*v1alpha1.Canary, error) {
	text, err := r.read(r.file)
	if err != nil {
		return nil, err
	}
	canary, err := manifest.Read(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", called(r.file), err)
	}
	return canary, nil
}

// recorded reads the windows.
func (r *replay) recorded() ([]analysis.RecordedWindow, error) {
	text, err := r.read(r.windows)
	if err != nil {
		return nil, err
	}
	windows, err := recording.Read(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", called(r.windows), err)
	}
	return windows, nil
}

// read reads a file, or the standard input.
func (s *shared) read(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(s.In)
	}
	return os.ReadFile(name)
}

// called is a file's name in a sentence.
func called(name string) string {
	if name == "-" {
		return "the standard input"
	}
	return name
}

// lines prints one JSON object a line, all or nothing.
func (r *replay) lines(judged []analysis.ReplayedWindow) error {
	var all bytes.Buffer
	encoder := json.NewEncoder(&all)
	encoder.SetEscapeHTML(false)
	for _, w := range judged {
		if err := encoder.Encode(w); err != nil {
			return fmt.Errorf("window %d: %w", w.Window, err)
		}
	}
	_, err := r.Out.Write(all.Bytes())
	return err
}
