package access

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	apijson "k8s.io/apimachinery/pkg/util/json"

	"github.com/serin-dev/serin/api/smi/internal/fixture"
)

func decode(t *testing.T, document []byte) TrafficTarget {
	t.Helper()
	var target TrafficTarget
	if err := apijson.Unmarshal(document, &target); err != nil {
		t.Fatal(err)
	}
	return target
}

func TestEveryPublishedVersionIsRead(t *testing.T) {
	withPort := TrafficTargetSpec{
		Destination: Subject{Kind: "ServiceAccount", Name: "birds", Namespace: "default", Port: 8080},
		Rules:       []Rule{{Kind: "HTTPRouteGroup", Name: "bird-routes", Matches: []string{"metrics"}}},
		Sources:     []Subject{{Kind: "ServiceAccount", Name: "watcher", Namespace: "default"}},
	}
	withRoute := TrafficTargetSpec{
		Destination: Subject{Kind: "ServiceAccount", Name: "birds", Namespace: "default"},
		Rules: []Rule{
			{Kind: "TCPRoute", Name: "bird-ports"},
			{Kind: "HTTPRouteGroup", Name: "bird-routes", Matches: []string{"metrics"}},
		},
		Sources: []Subject{{Kind: "ServiceAccount", Name: "watcher", Namespace: "default"}},
	}
	withBinding := TrafficTargetSpec{
		Destination: Subject{Group: "access.smi-spec.io", Kind: "IdentityBinding", Name: "birds", Namespace: "default"},
		Rules:       []Rule{{Kind: "TCPRoute", Name: "bird-ports"}, {Kind: "UDPRoute", Name: "bird-songs"}},
		Sources:     []Subject{{Kind: "ServiceAccount", Name: "watcher", Namespace: "default"}},
	}
	tests := map[string]TrafficTargetSpec{
		"v1alpha1": withPort,
		"v1alpha2": withPort,
		"v1alpha3": withRoute,
		"v1alpha4": withBinding,
	}
	for version, want := range tests {
		t.Run(version, func(t *testing.T) {
			target := decode(t, fixture.File(t, "testdata/"+version+".yaml")[0])
			if diff := cmp.Diff(want, target.Spec); diff != "" {
				t.Error(diff)
			}
			written, err := json.Marshal(&target)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(target, decode(t, written)); diff != "" {
				t.Errorf("after writing %s: %s", written, diff)
			}
		})
	}
}

func TestLenientForms(t *testing.T) {
	tests := map[string]struct {
		document string
		want     TrafficTargetSpec
	}{
		"a port in quotes is the port": {
			document: `{"destination":{"kind":"ServiceAccount","name":"a","port":"9091"}}`,
			want:     TrafficTargetSpec{Destination: Subject{Kind: "ServiceAccount", Name: "a", Port: 9091}},
		},
		"sources that are null are nobody": {
			document: `{"spec":{"destination":{"kind":"ServiceAccount","name":"a"},"sources":null}}`,
			want:     TrafficTargetSpec{Destination: Subject{Kind: "ServiceAccount", Name: "a"}},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, decode(t, []byte(tc.document)).Spec); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsNotUnderstoodBecomesAProblemAndGrantsNothing(t *testing.T) {
	const valid = `"sources":[{"kind":"ServiceAccount","name":"b"}]`
	tests := map[string]struct {
		document     string
		wantProblems []string
	}{
		"neither form": {
			document:     `{"metadata":{"name":"x"}}`,
			wantProblems: []string{`the object has neither a spec nor a top-level destination, so it allows nothing`},
		},
		"both forms": {
			document: `{"destination":{"kind":"ServiceAccount","name":"a"},` + valid +
				`,"spec":{"destination":{"kind":"ServiceAccount","name":"c"}}}`,
			wantProblems: []string{
				`the object has both a spec and top-level fields (destination, specs or sources); which of them holds is unclear`,
			},
		},
		"a spec without a destination": {
			document:     `{"spec":{` + valid + `}}`,
			wantProblems: []string{`spec.destination is missing`},
		},
		"a port that is none would otherwise mean every port": {
			document:     `{"destination":{"kind":"ServiceAccount","name":"a","port":0},` + valid + `}`,
			wantProblems: []string{`destination.port is 0, which is not a port (1 to 65535)`},
		},
		"a port with a name": {
			document:     `{"destination":{"kind":"ServiceAccount","name":"a","port":"http"},` + valid + `}`,
			wantProblems: []string{`destination.port is "http", which is not a port (1 to 65535)`},
		},
		"a rule without a name": {
			document:     `{"destination":{"kind":"ServiceAccount","name":"a"},"specs":[{"kind":"TCPRoute"}],` + valid + `}`,
			wantProblems: []string{`specs[0].name is missing`},
		},
		"matches that are not a list would otherwise mean all of them": {
			document: `{"spec":{"destination":{"kind":"ServiceAccount","name":"a"},` +
				`"rules":[{"kind":"HTTPRouteGroup","name":"r","matches":"metrics"}],` + valid + `}}`,
			wantProblems: []string{`spec.rules[0].matches must be a list, not "metrics"`},
		},
		"a source that is text": {
			document: `{"spec":{"destination":{"kind":"ServiceAccount","name":"a"},"sources":["b"]}}`,
			wantProblems: []string{
				`spec.sources[0] must be an object with fields, not "b"`,
				`spec.sources[0].kind is missing`, `spec.sources[0].name is missing`,
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			spec := decode(t, []byte(tc.document)).Spec
			if diff := cmp.Diff(tc.wantProblems, spec.Problems); diff != "" {
				t.Error(diff)
			}
			if len(spec.Rules) > 0 || len(spec.Sources) > 0 {
				t.Errorf("rules %v and sources %v are left", spec.Rules, spec.Sources)
			}
		})
	}
}
