package gitops

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// verbs are all commands, as Argo CD's actions are named.
var verbs = []string{"abort", "approve", "pause", "promote", "promote-full", "resume", "retry"}

// health is what health.lua returns.
type health struct{ Status, Message string }

func TestWhatTheToolsSayOfACanary(t *testing.T) {
	for name, tc := range situations {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			tc.play(s)
			t.Logf("%s: %s", s.canary.Status.Phase, s.canary.Status.Message)
			result, err := status.Compute(&unstructured.Unstructured{Object: s.object()})
			if err != nil {
				t.Fatal(err)
			}
			if result.Status != tc.kstatus {
				t.Errorf("kstatus: %s (%s), want %s", result.Status, result.Message, tc.kstatus)
			}
			var h health
			run(t, script(t, "health.lua"), s.object(), s.now, &h)
			if h.Status != tc.health {
				t.Errorf("Argo CD: %s (%s), want %s", h.Status, h.Message, tc.health)
			}
			if h.Message == "" {
				t.Error("Argo CD has nothing to say")
			}
			if diff := cmp.Diff(tc.actions, offered(t, s)); diff != "" {
				t.Errorf("actions (-want +offered):\n%s", diff)
			}
		})
	}
}

func TestWhatIsOfferedIsCarriedOutAndNothingElse(t *testing.T) {
	for name, tc := range situations {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			tc.play(s)
			actions := offered(t, s)
			for _, verb := range verbs {
				c := click(t, s, verb)
				record := s.decide(&c).Status.LastCommand
				switch {
				case record == nil || record.ID != c.ID:
					t.Errorf("%s was not heard: %+v", verb, record)
				case slices.Contains(actions, verb) && record.Refused != "":
					t.Errorf("%s is offered and refused: %s", verb, record.Refused)
				case !slices.Contains(actions, verb) && record.Refused == "":
					t.Errorf("%s is not offered and carried out", verb)
				}
			}
		})
	}
}

func TestHealthGivesTheReasonAndTheMessageOfAStalledCanary(t *testing.T) {
	s := newStage(t)
	situations["rolled back"].play(s)
	stalled := s.canary.Status.Condition(v1alpha1.ConditionStalled)
	var got health
	run(t, script(t, "health.lua"), s.object(), s.now, &got)
	want := health{degraded, stalled.Reason + ": " + stalled.Message}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestScriptsBearWhatIsNotThere(t *testing.T) {
	meta := func() map[string]any { return map[string]any{"name": "foobar", "generation": int64(1)} }
	cases := map[string]map[string]any{
		"no status at all":               {"metadata": meta()},
		"an empty status":                {"metadata": meta(), "status": map[string]any{}},
		"the status of a new object":     {"metadata": meta(), "status": map[string]any{"observedGeneration": int64(-1)}},
		"a status without conditions":    {"metadata": meta(), "status": map[string]any{"observedGeneration": int64(1)}},
		"conditions without their parts": {"metadata": meta(), "status": map[string]any{"observedGeneration": int64(1), "conditions": []any{map[string]any{}}}},
	}
	for name, object := range cases {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			var h health
			run(t, script(t, "health.lua"), object, s.now, &h)
			if h.Status != progressing {
				t.Errorf("health %s (%s), want %s", h.Status, h.Message, progressing)
			}
			if got := offeredOn(t, s, object); len(got) > 0 {
				t.Errorf("offered: %q, want nothing", got)
			}
			for _, verb := range verbs {
				var changed map[string]any
				run(t, script(t, "actions/"+verb+".lua"), object, s.now, &changed)
			}
		})
	}
}

func TestEachClickIsACommandOfItsOwn(t *testing.T) {
	s := newStage(t)
	test(s)
	first := click(t, s, "pause")
	again := click(t, s, "pause")
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("a double click makes two commands (-first +second):\n%s", diff)
	}
	if abort := click(t, s, "abort"); abort.ID == first.ID {
		t.Errorf("pause and abort of one second have the id %q", abort.ID)
	}
	s.canary.ResourceVersion = "8"
	if later := click(t, s, "pause"); later.ID == first.ID {
		t.Errorf("a click on a changed object has the id of an earlier one, %q", later.ID)
	}
	want := v1alpha1.Command{ID: first.ID, Verb: v1alpha1.VerbPause, Revision: s.canary.Status.Candidate.Revision, By: "argocd"}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("the command (-want +got):\n%s", diff)
	}
}

func TestAnActionChangesItsAnnotationAndNothingElse(t *testing.T) {
	s := newStage(t)
	test(s)
	s.canary.Annotations = map[string]string{"team": "shop", v1alpha1.AnnotationCommand: "old"}
	want := plain(t, s.object())
	var got map[string]any
	run(t, script(t, "actions/abort.lua"), s.object(), s.now, &got)
	metadata := got["metadata"].(map[string]any)
	annotations := metadata["annotations"].(map[string]any)
	if annotations[v1alpha1.AnnotationCommand] == "old" {
		t.Error("the annotation did not change")
	}
	annotations[v1alpha1.AnnotationCommand] = "old"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// offered are the actions that discovery.lua does not disable, sorted.
func offered(t *testing.T, s *stage) []string {
	t.Helper()
	return offeredOn(t, s, s.object())
}

func offeredOn(t *testing.T, s *stage, object map[string]any) []string {
	t.Helper()
	actions := map[string]struct{ Disabled bool }{}
	run(t, script(t, "actions/discovery.lua"), object, s.now, &actions)
	var all, enabled []string
	for name, action := range actions {
		all = append(all, name)
		if !action.Disabled {
			enabled = append(enabled, name)
		}
	}
	slices.Sort(all)
	if diff := cmp.Diff(verbs, all); diff != "" {
		t.Errorf("discovery.lua names other actions than there are (-want +got):\n%s", diff)
	}
	slices.Sort(enabled)
	return enabled
}

// click runs an action and reads the command that it wrote.
func click(t *testing.T, s *stage, verb string) v1alpha1.Command {
	t.Helper()
	var changed struct {
		Metadata struct{ Annotations map[string]string }
	}
	run(t, script(t, "actions/"+verb+".lua"), s.object(), s.now, &changed)
	var c v1alpha1.Command
	if err := json.Unmarshal([]byte(changed.Metadata.Annotations[v1alpha1.AnnotationCommand]), &c); err != nil {
		t.Fatalf("%s writes no command: %v", verb, err)
	}
	return c
}
