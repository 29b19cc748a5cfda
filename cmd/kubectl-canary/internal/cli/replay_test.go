package cli_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/cli"

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// contract is the Canary and the windows whose evidence was computed by hand.
const contract = `apiVersion: v1
kind: Service
metadata: {name: foobar}
---
apiVersion: serin.dev/v1alpha1
kind: Canary
metadata: {name: foobar}
spec:
  targetRef: {name: foobar}
  steps: [{weight: 5, dwell: 2m}, {weight: 10, dwell: 2m}]
  analysis: {interval: 30s, latency: {p99: 500ms}}
`

const (
	healthy = `{"weight":5,"next":10,"candidate":{"requests":10,"failures":0,"slow":0},"stable":{"requests":190,"failures":0,"slow":0}}`
	unlucky = `{"weight":5,"next":10,"candidate":{"requests":10,"failures":0,"slow":0},"stable":{"requests":190,"failures":1,"slow":0}}`
	broken  = `{"weight":5,"next":10,"candidate":{"requests":20,"failures":10,"slow":0},"stable":{"requests":380,"failures":0,"slow":0}}`
	unseen  = `{"weight":5,"next":10,"candidate":{"requests":10,"failures":0},"stable":{"requests":190,"failures":0}}`
)

// replay runs `kubectl canary replay` where there is no cluster.
func replay(t *testing.T, in string, args ...string) (code int, out, errOut string) {
	t.Helper()
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "nowhere"))
	var o, e bytes.Buffer
	w := cli.World{IOStreams: genericiooptions.IOStreams{In: strings.NewReader(in), Out: &o, ErrOut: &e}, Now: time.Now}
	code = cli.Run(t.Context(), w, append([]string{"replay"}, args...))
	return code, o.String(), e.String()
}

// file writes lines into a file.
func file(t *testing.T, name string, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReplayAsJSON(t *testing.T) {
	windows := file(t, "windows.jsonl", healthy, "", healthy, unlucky, healthy)
	code, out, errOut := replay(t, contract, "-f", "-", "--windows", windows, "-o", "json")
	if code != 0 || errOut != "" {
		t.Fatalf("code %d: %s", code, errOut)
	}
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	for i, want := range []struct {
		lnE, lnG float64
		decision string
	}{
		{-0.27990495, 0.86896423, "Hold"}, {-0.38273544, 1.7743619, "Hold"}, {-0.46742707, 2.7086623, "Hold"}, {-0.54310456, 3.6651172, "Advance"},
	} {
		var got map[string]any
		if err := json.Unmarshal([]byte(lines[i]), &got); err != nil {
			t.Fatal(err)
		}
		near := func(key string, want float64) {
			if got := got[key].(float64); math.Abs(got-want) > 1e-6*math.Abs(want) {
				t.Errorf("window %d: %s is %v, want %v", i+1, key, got, want)
			}
		}
		near("window", float64(i+1))
		near("lnE", want.lnE)
		near("lnGFailure", want.lnG)
		near("lnGSlow", want.lnG)
		if got["decision"] != want.decision || got["reason"] == "" || len(got) != 6 {
			t.Errorf("window %d: %s", i+1, lines[i])
		}
	}
	if len(lines) != 4 {
		t.Errorf("%d lines, want 4", len(lines))
	}
}

func TestReplayForPeople(t *testing.T) {
	canary := file(t, "canary.yaml", contract)
	for name, test := range map[string]struct {
		windows []string
		want    string
	}{
		"held":                         {[]string{healthy}, "The candidate would still have been held after window 1 of 1, at 5%: "},
		"gone on":                      {[]string{healthy, healthy, healthy, healthy}, "The candidate would have gone on to 10% after window 4 of 4, at 5%: "},
		"rolled back":                  {[]string{broken, healthy}, "The candidate would have been rolled back after window 1 of 2, at 5%: "},
		"latency that nobody measured": {[]string{unseen, unseen, unseen, unseen}, "The candidate would still have been held after window 4 of 4, at 5%: "},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errOut := replay(t, strings.Join(test.windows, "\n"), "-f", canary, "--windows", "-")
			if code != 0 || errOut != "" || !strings.HasPrefix(out, "WINDOW   WEIGHT   REQUESTS ") {
				t.Fatalf("code %d: %s%s", code, out, errOut)
			}
			lines := strings.Split(strings.TrimSpace(out), "\n")
			if last := lines[len(lines)-1]; !strings.HasPrefix(last, test.want) {
				t.Errorf("got  %s\nwant %s...", last, test.want)
			}
		})
	}
}

func TestReplaySaysThatAnotherJudgeDecides(t *testing.T) {
	canary := strings.Replace(contract, "interval: 30s", "interval: 30s, judge: Threshold", 1)
	code, _, errOut := replay(t, canary, "-f", "-", "--windows", file(t, "windows", healthy))
	if diff := cmp.Diff("spec.analysis.judge is Threshold: this is what the Evidence judge would have decided\n", errOut); code != 0 || diff != "" {
		t.Errorf("code %d (-want +got):\n%s", code, diff)
	}
}

func TestReplayRefuses(t *testing.T) {
	good := []string{"-f", file(t, "canary.yaml", contract), "--windows", file(t, "windows.jsonl", healthy), "-o", "json"}
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	for name, test := range map[string]struct {
		in   string
		args []string
		want string
	}{
		"no file":              {"", nil, "replay needs two files: -f canary.yaml --windows windows.jsonl"},
		"one file":             {"", []string{"-f", "-"}, "replay needs two files: -f canary.yaml --windows windows.jsonl"},
		"the same input twice": {"", []string{"-f", "-", "--windows", "-"}, "only one of -f and --windows can be -: the standard input is read once"},
		"a name":               {"", append([]string{"foobar"}, good...), "replay takes files and no name: give foobar with -f or --windows"},
		"a format":             {"", append(good, "-o", "yaml"), "-o yaml is no format of replay: use json, wide"},
		"a missing manifest":   {"", append(good, "-f", nowhere), "open " + nowhere + ": no such file or directory"},
		"missing windows":      {"", append(good, "--windows", nowhere), "open " + nowhere + ": no such file or directory"},
		"no Canary":            {"kind: Service\n", append(good, "-f", "-"), "the standard input: there is no Canary in it"},
		"no window":            {"\n", append(good, "--windows", "-"), "the standard input: there is no window in it: one JSON object a line is expected"},
		"a bad line": {
			healthy + "\n" + healthy + "\n\n" + strings.Replace(broken, `"failures":10`, `"failures":21`, 1), append(good, "--windows", "-"),
			"the standard input: line 4: candidate.failures: 21 is more than candidate.requests, which is 20",
		},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errOut := replay(t, test.in, test.args...)
			if diff := cmp.Diff("error: "+test.want+"\n", errOut); code != 3 || out != "" || diff != "" {
				t.Errorf("code %d, printed %q (-want +got):\n%s", code, out, diff)
			}
		})
	}
}
