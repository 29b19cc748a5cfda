package analysis

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var update = flag.Bool("update", false, "write the transcripts anew")

// teller runs a sim and writes down what a user could have watched.
type teller struct {
	*sim
	text    strings.Builder
	last    string
	lastSee string
}

func tell(spec v1alpha1.CanarySpec) *teller {
	t := &teller{sim: newSim(spec)}
	t.onLook = t.watch
	return t
}

// adopted is a teller whose first version serves already and whose target is scaled to 0.
func adoptedShop(spec v1alpha1.CanarySpec) *teller {
	t := tell(spec)
	t.onLook = nil
	t.run(50 * time.Second)
	t.run(10 * time.Second) // a whole minute, so that the clocks of the stories read well
	t.onLook, t.wrote = t.watch, nil
	t.watch(look{before: t.status, seen: t.observe(), plan: Plan{Status: t.status}})
	return t
}

// do writes down what somebody does, and does it.
func (t *teller) do(what string, act func()) {
	fmt.Fprintf(&t.text, "\n%s  >> %s\n", t.at(), what)
	act()
}

func (t *teller) at() string {
	d := t.now.Sub(dawn).Truncate(100 * time.Millisecond)
	return fmt.Sprintf("%02d:%04.1f", int(d.Minutes()), (d % time.Minute).Seconds())
}

func (t *teller) watch(l look) {
	status := l.plan.Status
	step, weight := "-", "-"
	if c := status.Candidate; c != nil {
		weight = fmt.Sprintf("%d%%", c.Weight)
	}
	if status.Step != nil {
		step = status.Step.Position
	}
	line := fmt.Sprintf("%-12s %-11s %-4s %-5s %s", status.Phase, kstatus(status), step, weight, status.Message)
	wrote := strings.Join(t.wrote, ", ")
	t.wrote = nil
	if line == t.last && len(l.plan.Notes) == 0 && wrote == "" {
		return
	}
	fmt.Fprintf(&t.text, "%s  %s\n", t.at(), line)
	if see := sees(l); see != t.lastSee {
		fmt.Fprintf(&t.text, "         seen: %s\n", see)
		t.lastSee = see
	}
	for _, n := range l.plan.Notes {
		fmt.Fprintf(&t.text, "         %s: %s\n", n.Reason, n.Message)
	}
	if wrote != "" {
		fmt.Fprintf(&t.text, "         written: %s\n", wrote)
	}
	if l.plan.Finished {
		fmt.Fprintf(&t.text, "         the Canary is gone\n")
	}
	t.last = line
}

// kstatus is the condition of Ready, Reconciling and Stalled that is True.
func kstatus(s v1alpha1.CanaryStatus) string {
	for _, c := range s.Conditions {
		if c.Status == metav1.ConditionTrue && slices.Contains(
			[]string{v1alpha1.ConditionReady, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled}, c.Type) {
			return c.Type
		}
	}
	return "-"
}

// sees says in short what was observed: of the windows only those that were judged.
func sees(l look) string {
	o := l.seen
	parts := []string{fmt.Sprintf("target %s %d/%d", o.Target.Image, o.Target.Ready, o.Target.Replicas)}
	if !o.Target.Found {
		parts = []string{"no target"}
	}
	for _, name := range slices.SortedFunc(maps.Keys(o.Versions), byNumber) {
		parts = append(parts, fmt.Sprintf("%s %d/%d", name, o.Versions[name].Endpoints, o.Versions[name].Replicas))
	}
	if o.Traffic.Landed != nil {
		parts = append(parts, "applied "+shares(o.Traffic.Landed))
	}
	if o.MetricsError != "" {
		parts = append(parts, "no metrics")
	}
	for _, s := range o.Samples {
		if c := s.Candidate; judgedIn(l, s) {
			parts = append(parts, fmt.Sprintf("window to %s: %s %g requests, %g failed, p99 %s",
				s.End.Format("04:05"), c.Version, c.Requests, c.Failures, c.P99))
		}
	}
	return strings.Join(parts, ", ")
}

// judgedIn says whether a look judged a window.
func judgedIn(l look, s Sample) bool {
	newest := func(checks []v1alpha1.CheckStatus) time.Time {
		if len(checks) == 0 {
			return time.Time{}
		}
		return checks[0].EndedAt.Time
	}
	return s.End.After(newest(l.before.Checks)) && !s.End.After(newest(l.plan.Status.Checks))
}

// story is one of them: what it is about in a sentence, and how it goes.
type story struct {
	about string
	tell  func() *teller
}

// stories are what users live through. Each is told in testdata as they could have watched it.
var stories = map[string]story{
	"adoption":                      {"An existing Deployment and Service are taken over; no request is lost.", storyAdoption},
	"good release":                  {"A good release climbs the steps and is promoted.", storyGood},
	"failing release":               {"A release that fails 8% of its requests is rolled back at its first step.", storyFailing},
	"slow at 25 percent":            {"A release becomes slow under load: p99 breaks its limit at 25%.", storySlow},
	"metrics outage mid-step":       {"TrafficMetrics fail for a while: the rollout holds and goes on by itself.", storyOutage},
	"no traffic":                    {"Nobody calls the service: nothing is proved, nothing is blamed.", storyNoTraffic},
	"pods never ready":              {"The new pods never become ready: the progress deadline ends it.", storyNeverReady},
	"abort":                         {"A person sees something that no metric does.", storyAbort},
	"new revision mid-rollout":      {"A fix is pushed while the release before it is tested.", storySupersede},
	"revert to stable mid-rollout":  {"The release is reverted in Git while it is tested.", storyRevert},
	"revert during promotion":       {"The release is reverted in Git while it gets all traffic.", storyRevertPromoting},
	"approval":                      {"A step needs approval, and gets it when its timeout would be long over.", storyApproval},
	"step timeout":                  {"Too few windows pass: the step times out, a person resumes it.", storyTimeout},
	"controller down":               {"The controller is away for two minutes of a step.", storyDown},
	"rolled back stays rolled back": {"Restarts do not try it again; a person's retry does.", storyRetry},
	"deletion mid-rollout":          {"The Canary is deleted while a release is tested.", storyDeletion},
	"first version broken":          {"The target does not start under the Canary either, until it is fixed.", storyBroken},
	"data plane lost":               {"The data plane stops applying weights and says so.", storyStuck},
	"suspended":                     {"spec.suspend holds a rollout and lets it go on.", storySuspend},
	"target deleted mid-rollout":    {"The target vanishes and comes back.", storyTargetGone},
}

// TestTranscripts compares each story with its transcript; -update writes them anew.
func TestTranscripts(t *testing.T) {
	all := maps.Clone(stories)
	maps.Copy(all, storiesOfOthers)
	maps.Copy(all, storiesOfEvidence)
	if len(all) != len(stories)+len(storiesOfOthers)+len(storiesOfEvidence) {
		t.Fatal("two stories have one name")
	}
	for name, story := range all {
		t.Run(name, func(t *testing.T) {
			told := story.tell()
			got := fmt.Sprintf("# %s\n\ntime     phase        condition   step weight\n%s", story.about, told.text.String())
			path := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("the story is told differently (-want +got); see if it is still right, then -update:\n%s", diff)
			}
		})
	}
}

func release(t *teller, revision string, a app) {
	t.behave(revision, a)
	t.do("the target asks for shop:"+revision, func() { t.ask(revision) })
}

func storyAdoption() *teller {
	t := tell(shopSpec())
	t.do("the Canary is made", func() {})
	t.run(2 * time.Minute)
	return t
}

func storyGood() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{fails: 0.001})
	t.run(4 * time.Minute)
	return t
}

func storyFailing() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{fails: 0.08})
	t.run(3 * time.Minute)
	return t
}

func storySlow() *teller {
	t := adoptedShop(shopSpec(func(s *v1alpha1.CanarySpec) {
		s.Analysis.Latency = &v1alpha1.LatencyCheck{P99: v1alpha1.Dur(500 * time.Millisecond)}
	}))
	release(t, "2", app{})
	t.runUntil(time.Minute, func() bool { return t.status.Candidate != nil && t.status.Candidate.Weight == 25 })
	t.do("under this load shop:2 is slow", func() { t.behave("2", app{slow: 0.07}) })
	t.run(2 * time.Minute)
	return t
}

func storyOutage() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{})
	t.run(42 * time.Second)
	t.do("the metrics server is gone", func() { t.metrics.outage = true })
	t.run(90 * time.Second)
	t.do("the metrics server is back", func() { t.metrics.outage = false })
	t.run(3 * time.Minute)
	return t
}

func storyNoTraffic() *teller {
	t := adoptedShop(shopSpec(func(s *v1alpha1.CanarySpec) { s.Analysis.Timeout = v1alpha1.Dur(time.Minute) }))
	release(t, "2", app{requestsLack: true})
	t.run(100 * time.Second)
	t.do("callers come, and a person resumes", func() {
		t.behave("2", app{})
		t.say(v1alpha1.VerbResume)
	})
	t.run(2 * time.Minute)
	return t
}

func storyNeverReady() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{never: true})
	t.run(4 * time.Minute)
	t.do("the target asks for shop:1 again", func() { t.ask("1") })
	t.run(time.Minute)
	return t
}

func storyAbort() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{})
	t.run(40 * time.Second)
	t.do("jane says abort", func() { t.say(v1alpha1.VerbAbort) })
	t.run(90 * time.Second)
	return t
}

func storySupersede() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{fails: 0.005})
	t.run(40 * time.Second)
	release(t, "3", app{})
	t.run(4 * time.Minute)
	return t
}

func storyRevert() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{})
	t.run(40 * time.Second)
	t.do("the target asks for shop:1 again", func() { t.ask("1") })
	t.run(90 * time.Second)
	return t
}

func storyRevertPromoting() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{})
	t.runUntil(2*time.Minute, func() bool { return t.status.Phase == v1alpha1.PhasePromoting })
	t.do("the target asks for shop:1 again", func() { t.ask("1") })
	t.run(90 * time.Second)
	return t
}

func storyApproval() *teller {
	t := adoptedShop(shopSpec(func(s *v1alpha1.CanarySpec) { s.Steps[2].Approval = v1alpha1.ApprovalRequired }))
	release(t, "2", app{})
	t.run(2 * time.Minute)
	t.do("jane says resume", func() { t.say(v1alpha1.VerbResume) })
	t.run(time.Second)
	t.run(10*time.Minute - t.now.Sub(dawn)%(10*time.Minute)) // longer than the step's timeout
	t.do("jane says approve", func() { t.say(v1alpha1.VerbApprove) })
	t.run(90 * time.Second)
	return t
}

func storyTimeout() *teller {
	t := adoptedShop(shopSpec(func(s *v1alpha1.CanarySpec) { s.Analysis.Timeout = v1alpha1.Dur(time.Minute) }))
	release(t, "2", app{})
	t.run(10 * time.Second)
	t.do("the metrics server reports no windows", func() { t.metrics.missing = true })
	t.run(80 * time.Second)
	t.do("it does again, and jane says resume", func() {
		t.metrics.missing = false
		t.say(v1alpha1.VerbResume)
	})
	t.run(2 * time.Minute)
	return t
}

func storyDown() *teller {
	t := adoptedShop(shopSpec(func(s *v1alpha1.CanarySpec) { s.Analysis.Timeout = v1alpha1.Dur(time.Minute) }))
	release(t, "2", app{})
	t.run(15 * time.Second)
	t.do("the controller is gone", func() { t.down = true })
	t.run(2 * time.Minute)
	t.do("the controller is back", func() { t.down = false; t.sawAt = fingerprint{} })
	t.run(3 * time.Minute)
	return t
}

func storyRetry() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{fails: 0.5})
	t.run(2 * time.Minute)
	for range 3 {
		t.do("the controller restarts", func() { t.sawAt = fingerprint{} })
		t.run(20 * time.Second)
	}
	t.do("what shop:2 calls is mended, and jane says retry", func() {
		t.behave("2", app{})
		t.say(v1alpha1.VerbRetry)
	})
	t.run(3 * time.Minute)
	return t
}

func storyDeletion() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{})
	t.run(40 * time.Second)
	t.do("the Canary is deleted", func() { t.deleting = true })
	t.run(2 * time.Minute)
	return t
}

func storyBroken() *teller {
	t := tell(shopSpec())
	t.behave("1", app{never: true})
	t.do("the Canary is made", func() {})
	t.run(150 * time.Second)
	release(t, "2", app{})
	t.run(90 * time.Second)
	return t
}

func storyStuck() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{})
	t.run(40 * time.Second)
	t.do("the data plane no longer takes in what is written", func() { t.plane.stuck = true })
	t.run(3 * time.Minute)
	t.do("it does again", func() { t.plane.stuck = false; t.plane.appliesAt = t.now.Add(time.Second) })
	t.run(90 * time.Second)
	return t
}

func storySuspend() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{})
	t.run(20 * time.Second)
	t.do("spec.suspend: true", func() { t.spec.Suspend = true })
	t.run(10 * time.Minute)
	t.do("spec.suspend: false", func() { t.spec.Suspend = false })
	t.run(2 * time.Minute)
	return t
}

func storyTargetGone() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{})
	t.run(20 * time.Second)
	t.do("the target is deleted", func() { t.target.Found = false })
	t.run(40 * time.Second)
	t.do("the target is made again", func() {
		t.target.Found, t.target.Replicas, t.target.Ready = true, 3, 3
	})
	t.run(2 * time.Minute)
	return t
}
