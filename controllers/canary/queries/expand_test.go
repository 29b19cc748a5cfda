package queries

import (
	"strings"
	"testing"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/test/gen"
)

func TestPlaceholders(t *testing.T) {
	const use = ": use $(namespace), $(canary), $(version) or $(backend)"
	tests := map[string]struct {
		query   string
		change  func(*v1alpha1.Canary)
		version string
		want    string
		problem string
	}{
		"none":                    {query: `sum(x{a="b"})`, want: `sum(x{a="b"})`},
		"each":                    {query: `x{n="$(namespace)",c="$(canary)",v="$(version)",b="$(backend)"}`, want: `x{n="shop",c="foobar",v="v2",b="foobar-v2"}`},
		"one twice":               {query: `$(version)$(version)`, want: `v2v2`},
		"an apex of another name": {query: `$(backend)`, change: func(c *v1alpha1.Canary) { c.Spec.Service.Name = "front" }, want: `front-v2`},
		"a target of another name": {query: `$(canary) $(backend)`, change: func(c *v1alpha1.Canary) {
			c.Spec.Service.Name, c.Spec.TargetRef.Name = "", "back"
		}, want: `foobar back-v2`},
		"a name with dots":           {query: `$(canary)`, change: func(c *v1alpha1.Canary) { c.Name = "foo.bar" }, want: `foo.bar`},
		"a dollar in a regex":        {query: `x{a=~"^a$"}`, want: `x{a=~"^a$"}`},
		"one that is unknown":        {query: `x{a="$(pod)"}`, problem: `has the unknown placeholder $(pod)` + use},
		"another case":               {query: `$(Version)`, problem: `has the unknown placeholder $(Version)` + use},
		"a blank in it":              {query: `$( version)`, problem: `has the unknown placeholder $( version)` + use},
		"one that is empty":          {query: `$()`, problem: `has the unknown placeholder $()` + use},
		"one that does not end":      {query: `x{a="$(version"}`, problem: `has the unknown placeholder $(version"}` + use},
		"no version":                 {query: `$(version)`, version: "-", problem: `cannot be asked: $(version) is "-", which is no name of Kubernetes`},
		"a name that would break in": {query: `$(canary)`, change: func(c *v1alpha1.Canary) { c.Name = `a"} or {b="` }, problem: `cannot be asked: $(canary) is "a\"} or {b=\"", which is no name of Kubernetes`},
		"a name with a line break":   {query: `$(canary)`, change: func(c *v1alpha1.Canary) { c.Name = "a\n" }, problem: `cannot be asked: $(canary) is "a\n", which is no name of Kubernetes`},
		"a bad name that is unused":  {query: `$(version)`, change: func(c *v1alpha1.Canary) { c.Name = `"` }, want: `v2`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c := gen.Canary("shop", "foobar")
			if tc.change != nil {
				tc.change(c)
			}
			version := "v2"
			if tc.version != "" {
				version = tc.version
			}
			got, problem := expand(tc.query, placeholders(c, version))
			if problem != tc.problem || (problem == "" && got != tc.want) {
				t.Errorf("got %q, problem %q; want %q, problem %q", got, problem, tc.want, tc.problem)
			}
		})
	}
}

// FuzzExpand holds that what comes out has no placeholder left, and that nothing but the placeholders was touched.
func FuzzExpand(f *testing.F) {
	for _, seed := range []string{`sum(x{b="$(backend)"})`, `$(`, `$($(version))`, `$(version)$`, "$(\xff)"} {
		f.Add(seed)
	}
	values := placeholders(gen.Canary("shop", "foobar"), "v2")
	f.Fuzz(func(t *testing.T, query string) {
		got, problem := expand(query, values)
		if problem != "" {
			if !strings.Contains(query, "$(") {
				t.Errorf("%q without a placeholder: %s", query, problem)
			}
			return
		}
		want := strings.NewReplacer("$(namespace)", "shop", "$(canary)", "foobar", "$(version)", "v2", "$(backend)", "foobar-v2").Replace(query)
		if got != want {
			t.Errorf("%q became %q, want %q", query, got, want)
		}
	})
}
