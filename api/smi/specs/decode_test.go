package specs

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	apijson "k8s.io/apimachinery/pkg/util/json"

	"github.com/serin-dev/serin/api/smi/internal/fixture"
)

func group(t *testing.T, document []byte) HTTPRouteGroup {
	t.Helper()
	var read HTTPRouteGroup
	if err := apijson.Unmarshal(document, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

func tcpRoute(t *testing.T, document []byte) TCPRoute {
	t.Helper()
	var read TCPRoute
	if err := apijson.Unmarshal(document, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

func TestEveryPublishedVersionOfHTTPRouteGroupIsRead(t *testing.T) {
	withoutHeaders := HTTPRouteGroupSpec{Matches: []HTTPMatch{
		{Name: "metrics", PathRegex: "/metrics", Methods: []string{"GET"}},
		{Name: "health", PathRegex: "/ping", Methods: []string{"*"}},
	}}
	bothHeaderForms := HTTPRouteGroupSpec{Matches: []HTTPMatch{
		{
			Name:    "android-insiders",
			Headers: map[string]string{"user-agent": ".*Android.*", "cookie": "^(.*?;)?(type=insider)(;.*)?$"},
		},
		{
			Name: "firefox-users", PathRegex: "/api/.*", Methods: []string{"GET", "HEAD"},
			Headers: map[string]string{"user-agent": ".*Firefox.*"},
		},
	}}
	tests := map[string]HTTPRouteGroupSpec{
		"v1alpha1": withoutHeaders,
		"v1alpha2": bothHeaderForms,
		"v1alpha3": bothHeaderForms,
		"v1alpha4": bothHeaderForms,
	}
	for version, want := range tests {
		t.Run(version, func(t *testing.T) {
			read := group(t, fixture.File(t, "testdata/"+version+".yaml")[0])
			if diff := cmp.Diff(want, read.Spec); diff != "" {
				t.Error(diff)
			}
			written, err := json.Marshal(&read)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(read, group(t, written)); diff != "" {
				t.Errorf("after writing %s: %s", written, diff)
			}
		})
	}
}

func TestEveryPublishedVersionOfTCPRouteIsRead(t *testing.T) {
	tests := map[string]TCPRouteSpec{
		"v1alpha1": {},
		"v1alpha2": {},
		"v1alpha3": {},
		"v1alpha4": {Matches: TCPMatch{Name: "query", Ports: []int32{8301, 8302}}},
	}
	for version, want := range tests {
		t.Run(version, func(t *testing.T) {
			read := tcpRoute(t, fixture.File(t, "testdata/"+version+".yaml")[1])
			if diff := cmp.Diff(want, read.Spec); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUnclearHTTPRouteGroups(t *testing.T) {
	tests := map[string]struct {
		document string
		want     HTTPRouteGroupSpec
	}{
		"top-level matches in a later version are the group's matches": {
			document: `{"apiVersion":"specs.smi-spec.io/v1alpha4","matches":[{"name":"a"}]}`,
			want:     HTTPRouteGroupSpec{Matches: []HTTPMatch{{Name: "a"}}},
		},
		"an empty spec beside top-level matches says nothing": {
			document: `{"spec":{},"matches":[{"name":"a"}]}`,
			want:     HTTPRouteGroupSpec{Matches: []HTTPMatch{{Name: "a"}}},
		},
		"a group without matches is nobody's request and no problem": {
			document: `{}`,
			want:     HTTPRouteGroupSpec{},
		},
		"a header that a list repeats with the same expression is that header": {
			document: `{"matches":[{"name":"a","headers":[{"x":"1"},{"x":"1"}]}]}`,
			want:     HTTPRouteGroupSpec{Matches: []HTTPMatch{{Name: "a", Headers: map[string]string{"x": "1"}}}},
		},
		"both forms": {
			document: `{"spec":{"matches":[]},"matches":[{"name":"a"}]}`,
			want: HTTPRouteGroupSpec{
				Matches:  []HTTPMatch{{Name: "a"}},
				Problems: []string{`the object has both spec.matches and top-level matches; which of them holds is unclear`},
			},
		},
		"a path that is not text would otherwise mean every path": {
			document: `{"matches":[{"name":"a","pathRegex":7},{"name":"b"}]}`,
			want: HTTPRouteGroupSpec{
				Matches:  []HTTPMatch{{Name: "b"}},
				Problems: []string{`matches[0].pathRegex is 7, not text; write it in quotes`},
			},
		},
		"methods that are not a list would otherwise mean every method": {
			document: `{"matches":[{"name":"a","methods":"GET"}]}`,
			want:     HTTPRouteGroupSpec{Problems: []string{`matches[0].methods must be a list, not "GET"`}},
		},
		"a header without an expression would otherwise mean any value": {
			document: `{"spec":{"matches":[{"name":"a","headers":{"x":null}}]}}`,
			want:     HTTPRouteGroupSpec{Problems: []string{`spec.matches[0].headers.x is null`}},
		},
		"a header whose expression is a number": {
			document: `{"matches":[{"name":"a","headers":[{"x":1}]}]}`,
			want:     HTTPRouteGroupSpec{Problems: []string{`matches[0].headers[0].x is 1, not text; write it in quotes`}},
		},
		"a header that a list repeats with another expression": {
			document: `{"matches":[{"name":"a","headers":[{"x":"1"},{"x":"2"}]}]}`,
			want:     HTTPRouteGroupSpec{Problems: []string{`matches[0].headers[1].x is given twice, with different expressions`}},
		},
		"headers that are text": {
			document: `{"matches":[{"name":"a","headers":"x: 1"}]}`,
			want:     HTTPRouteGroupSpec{Problems: []string{`matches[0].headers must be an object with fields, not "x: 1"`}},
		},
		"a match without a name": {
			document: `{"matches":[{"pathRegex":"/a"}]}`,
			want:     HTTPRouteGroupSpec{Problems: []string{`matches[0].name is missing`}},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, group(t, []byte(tc.document)).Spec); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUDPRouteIsReadAsTCPRouteIs(t *testing.T) {
	documents := map[string]UDPRouteSpec{
		string(fixture.File(t, "testdata/v1alpha4.yaml")[2]): {Matches: UDPMatch{Ports: []int32{8301, 8302}}},
		`{"matches":{"ports":[53]}}`: {Problems: []string{
			`matches is at the top level, where no version has it; ports belong in spec.matches.ports`,
		}},
		`{"spec":{"matches":{"name":"dns","ports":[53,0]}}}`: {Matches: UDPMatch{Name: "dns", Ports: []int32{53}}, Problems: []string{
			`spec.matches.ports[1] is 0, which is not a port (1 to 65535)`,
		}},
	}
	for document, want := range documents {
		var read UDPRoute
		if err := apijson.Unmarshal([]byte(document), &read); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, read.Spec); diff != "" {
			t.Errorf("%s: %s", document, diff)
		}
	}
}

func TestUnclearTCPRoutes(t *testing.T) {
	tests := map[string]struct {
		document     string
		wantProblems []string
	}{
		"ports at the top level would otherwise mean every port": {
			document:     `{"matches":{"ports":[8080]}}`,
			wantProblems: []string{`matches is at the top level, where no version has it; ports belong in spec.matches.ports`},
		},
		"matches that are a list would otherwise mean every port": {
			document:     `{"spec":{"matches":[{"ports":[8080]}]}}`,
			wantProblems: []string{`spec.matches must be an object with fields, not a list`},
		},
		"a port that is none": {
			document:     `{"spec":{"matches":{"ports":[8080,70000]}}}`,
			wantProblems: []string{`spec.matches.ports[1] is 70000, which is not a port (1 to 65535)`},
		},
		"a port that is null": {
			document:     `{"spec":{"matches":{"ports":[null]}}}`,
			wantProblems: []string{`spec.matches.ports[0] is null`},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.wantProblems, tcpRoute(t, []byte(tc.document)).Spec.Problems); diff != "" {
				t.Error(diff)
			}
		})
	}
}
