package specs

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	apijson "k8s.io/apimachinery/pkg/util/json"

	"github.com/serin-dev/serin/api/smi/internal/fixture"
)

func seed(f *testing.F) {
	for _, version := range []string{"v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"} {
		for _, document := range fixture.File(f, "testdata/"+version+".yaml") {
			f.Add(string(document))
		}
	}
	f.Add(`{"spec":{"matches":[{"name":"a","headers":[[],{"x":null},{"":""}]},null]},"matches":{"ports":[0,"1",1e5]}}`)
}

// FuzzHTTPRouteGroup checks that no document makes reading panic, that every match that is left has a name, and that writing
// and reading a group without problems changes nothing.
func FuzzHTTPRouteGroup(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, document string) {
		var read, again HTTPRouteGroup
		if apijson.Unmarshal([]byte(document), &read) != nil {
			return
		}
		for _, match := range read.Spec.Matches {
			if match.Name == "" {
				t.Fatalf("a match without a name: %+v", match)
			}
		}
		written, err := json.Marshal(&read)
		if err == nil {
			err = apijson.Unmarshal(written, &again)
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(read.Spec, again.Spec, cmpopts.IgnoreFields(HTTPRouteGroupSpec{}, "Problems")); diff != "" {
			t.Fatal(diff)
		}
	})
}

// FuzzTCPRoute checks that no document makes reading panic and that every port that is left is one.
func FuzzTCPRoute(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, document string) {
		var read TCPRoute
		if apijson.Unmarshal([]byte(document), &read) != nil {
			return
		}
		for _, port := range read.Spec.Matches.Ports {
			if port < 1 || port > 65535 {
				t.Fatalf("port %d", port)
			}
		}
	})
}

// FuzzUDPRoute checks the same of a UDPRoute.
func FuzzUDPRoute(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, document string) {
		var read UDPRoute
		if apijson.Unmarshal([]byte(document), &read) != nil {
			return
		}
		for _, port := range read.Spec.Matches.Ports {
			if port < 1 || port > 65535 {
				t.Fatalf("port %d", port)
			}
		}
	})
}
