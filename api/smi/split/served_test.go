package split

import "testing"

func TestDiscovered(t *testing.T) {
	for name, c := range map[string]struct{ answer, want, wrong string }{
		"Serin's own CRD":      {answer: `{"versions": [{"version": "v1alpha4"}, {"version": "v1alpha1"}]}`, want: "v1alpha4"},
		"an old one":           {answer: `{"versions": [{"version": "v1alpha1"}, {"version": "v1alpha2"}]}`, want: "v1alpha2"},
		"one of tomorrow":      {answer: `{"versions": [{"version": "v1"}]}`, wrong: `the cluster serves TrafficSplits in ["v1"], and none of these can be read`},
		"what is no discovery": {answer: `<html>`, wrong: "reading which versions of split.smi-spec.io are served: invalid character '<' looking for beginning of value"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Discovered([]byte(c.answer))
			if got != c.want || (err == nil) != (c.wrong == "") || err != nil && err.Error() != c.wrong {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}
