package split

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestPreferred(t *testing.T) {
	cases := map[string]struct {
		served []string
		want   string
	}{
		"Serin's own CRD":       {[]string{"v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"}, "v1alpha4"},
		"Traefik Mesh":          {[]string{"v1alpha3"}, "v1alpha3"},
		"linkerd-smi":           {[]string{"v1alpha1", "v1alpha2"}, "v1alpha2"},
		"the oldest":            {[]string{"v1alpha1"}, "v1alpha1"},
		"nothing":               {nil, ""},
		"nothing that is known": {[]string{"v1"}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Preferred(tc.served); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// TestWhatIsPublishedIsReadBack writes a split in each version and reads it again.
func TestWhatIsPublishedIsReadBack(t *testing.T) {
	for _, version := range preferred {
		t.Run(version, func(t *testing.T) {
			s := &TrafficSplit{
				ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "foobar", Annotations: map[string]string{RouteAnnotation: "{}"}},
				Spec: TrafficSplitSpec{Service: "foobar", Backends: []Backend{
					{Service: "foobar-v1", Weight: 75}, {Service: "foobar-v2", Weight: 25}, {Service: "foobar-v3", Weight: 0},
				}},
			}
			object, err := s.Published(version)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), `"weight":25`) || object["apiVersion"] != "split.smi-spec.io/"+version {
				t.Errorf("published as %s", text)
			}
			read := &TrafficSplit{}
			if err := json.Unmarshal(text, read); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(s.Spec, read.Spec); diff != "" {
				t.Errorf("(-written +read):\n%s", diff)
			}
		})
	}
}

func TestWhatAVersionCannotSayIsRefused(t *testing.T) {
	s := &TrafficSplit{ObjectMeta: metav1.ObjectMeta{Name: "foobar"}, Spec: TrafficSplitSpec{
		Service: "foobar", Backends: []Backend{{Service: "foobar-v1", Weight: 1}}, Matches: []RouteReference{{Kind: "HTTPRouteGroup", Name: "beta"}},
	}}
	for version, want := range map[string]string{
		"v1alpha1": "which version v1alpha1 cannot say", "v1alpha2": "which version v1alpha2 cannot say",
		"v1alpha3": "", "v1alpha4": "", "v1": "version v1 of TrafficSplit is unknown",
	} {
		_, err := s.Published(version)
		if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", version, err, want)
		}
	}
}
