package route

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// mine is a route of the user's own with the rules.
func mine(t *testing.T, rules string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	text := "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {namespace: shop, name: mine}\nspec:\n  rules: " + rules
	encoded, err := yaml.YAMLToJSON([]byte(text))
	if err == nil {
		err = u.UnmarshalJSON(encoded)
	}
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestTakeOver(t *testing.T) {
	const other = `{matches: [{path: {type: PathPrefix, value: /other}}], backendRefs: [{name: other, port: 80}]}`
	const filter = `filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: b}]}}], unknown: {to: 3}`
	cases := map[string]struct {
		before, after string
		in            Input
		problem       string
	}{
		"the rule that leads to the apex, with its filter and what Serin does not know": {
			before: `[` + other + `, {timeouts: {request: 1s}, backendRefs: [{name: foobar, port: 8080, ` + filter + `}]}]`,
			after: `[` + other + `, {timeouts: {request: 1s}, backendRefs: [{name: foobar-v1, port: 8080, weight: 90, ` + filter + `},` +
				` {name: foobar-v2, port: 8080, weight: 10, ` + filter + `}]}]`,
			in: shop(),
		},
		"no rule leads to the apex": {
			before: `[` + other + `]`, after: `[` + other + `]`, in: shop(), problem: `no rule of HTTPRoute "mine" leads to Service "foobar"`,
		},
		"a rule that leads elsewhere as well": {
			before: `[{backendRefs: [{name: foobar, port: 8080}, {name: other, port: 80}]}]`, after: `[{backendRefs: [{name: foobar, port: 8080}, {name: other, port: 80}]}]`,
			in: shop(), problem: `rule 0 of the route leads to Service "foobar" and to others besides, so the share of each would be unclear`,
		},
		"a Service of that name in another namespace": {
			before: `[{backendRefs: [{name: foobar, namespace: b, port: 8080}]}]`, after: `[{backendRefs: [{name: foobar, namespace: b, port: 8080}]}]`,
			in: shop(), problem: `no rule of HTTPRoute "mine" leads to Service "foobar"`,
		},
		"all weights are 0": {
			before: `[{backendRefs: [{name: foobar, port: 8080}]}]`, after: `[{backendRefs: [{name: foobar, port: 8080}]}]`,
			in: shop(weights(0, 0)), problem: "every backend has weight 0, so no request would be answered; the last good route stays",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			u, before := mine(t, tc.before), mine(t, tc.before)
			got := TakeOver(u, tc.in)
			if (tc.problem != "") != (len(got.Problems) > 0) || tc.problem != "" && got.Problems[0].Message != tc.problem {
				t.Errorf("problems %v, want %q", got.Problems, tc.problem)
			}
			if diff := cmp.Diff(mine(t, tc.after).Object["spec"], u.Object["spec"]); diff != "" {
				t.Errorf("spec (-want +got):\n%s", diff)
			}
			again := u.DeepCopy()
			TakeOver(again, tc.in)
			if diff := cmp.Diff(u.Object, again.Object); diff != "" {
				t.Errorf("the second time changes something (-first +second):\n%s", diff)
			}
			Restore(u)
			if diff := cmp.Diff(before.Object, u.Object); diff != "" {
				t.Errorf("it is not put back as it was (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTakeOverGoesOn(t *testing.T) {
	rule := `{backendRefs: [{name: foobar, port: 8080}]}`
	u := mine(t, `[`+rule+`]`)
	TakeOver(u, shop())
	next := shop(service(serviceOf("foobar-v3", 8080)))
	next.Split.Spec.Backends[0].Service, next.Split.Spec.Backends[1].Service = "foobar-v2", "foobar-v3"
	if got := TakeOver(u, next); got.Keep {
		t.Errorf("other backends: %v", got.Problems)
	}
	// A person puts a rule before it.
	rules, _, _ := unstructured.NestedSlice(u.Object, "spec", "rules")
	moved := append(mine(t, `[{backendRefs: [{name: other, port: 80}]}]`).Object["spec"].(map[string]any)["rules"].([]any), rules...)
	_ = unstructured.SetNestedSlice(u.Object, moved, "spec", "rules")
	if got := TakeOver(u, next); got.Keep {
		t.Errorf("a moved rule: %v", got.Problems)
	}
	theirs := shop()
	theirs.Split.Name = "theirs"
	if got := TakeOver(u, theirs); !got.Keep || got.Problems[0].Message != `HTTPRoute "mine" is taken over by TrafficSplit "foobar" already` {
		t.Errorf("another split: %v", got.Problems)
	}
	Restore(u)
	if diff := cmp.Diff(mine(t, `[{backendRefs: [{name: other, port: 80}]}, `+rule+`]`).Object, u.Object); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
