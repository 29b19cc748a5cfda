package prometheus_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/metrics/prometheus"
)

// minimal is a profile with nothing that it could do without.
const minimal = `name: mine
layer: application
meters:
  requests: {counter: my_requests_total, failures: ['code=~"5.."']}
views:
  pods: {meter: requests, side: server, of: {namespace: namespace, name: pod}}
`

// TestParseProfile: what is wrong with a profile is one sentence. A test replaces one text of the minimal profile by another.
func TestParseProfile(t *testing.T) {
	const meter, view, of = `{counter: my_requests_total, failures: ['code=~"5.."']}`,
		`{meter: requests, side: server, of: {namespace: namespace, name: pod}}`, `{namespace: namespace, name: pod}`
	for name, test := range map[string]struct{ replace, by, says string }{
		"as it is": {},
		"detect":   {replace: "meters:", by: `detect: 'my_requests_total{a="b}",c!~"d"}'` + "\nmeters:"},
		"names":    {replace: "my_requests_total", by: "[a_total, b_total]"},
		"no text":  {replace: minimal, by: "", says: `profile "": its name must be lower-case letters, digits and dashes`},
		"no YAML":  {replace: minimal, by: "a: [", says: "this is not a profile: error converting YAML to JSON: yaml: line 1: did not find expected node content"},
		"a list":   {replace: minimal, by: "[]", says: "this is not a profile: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type prometheus.Profile"},
		"a typo":   {replace: "layer:", by: "layr:", says: `this is not a profile: error unmarshaling JSON: while decoding JSON: json: unknown field "layr"`},
		"a key twice": {replace: "layer:", by: "name: other\nlayer:",
			says: `this is not a profile: error converting YAML to JSON: yaml: unmarshal errors: line 2: key "name" already set in map`},
		"name":  {replace: "name: mine", by: "name: My_Mesh", says: `profile "My_Mesh": its name must be lower-case letters, digits and dashes`},
		"auto":  {replace: "name: mine", by: "name: auto", says: `profile "auto": its name must not be auto, which stands for whichever is found`},
		"layer": {replace: "layer: application", by: "layer: app", says: `profile "mine": its layer is "app", not mesh, gateway or application`},
		"lacks": {replace: "views:", by: "lacks: {trafficsplits: nobody tells}\nviews:"},
		"lacks nothing": {replace: "views:", by: "lacks: {pods: nobody tells}\nviews:",
			says: `profile "mine": lacks "pods", which is a view or no kind`},
		"lacks no kind": {replace: "views:", by: "lacks: {cats: nobody tells}\nviews:",
			says: `profile "mine": lacks "cats", which is a view or no kind`},
		"no view":  {replace: "pods: " + view, by: "", says: `profile "mine": it has no view, so it has nothing to say`},
		"selector": {replace: "meters:", by: "detect: sum(a)\nmeters:", says: `profile "mine": detect is "sum(a)", which is not a selector such as requests_total{direction="inbound"}`},
		"half a selector": {replace: "meters:", by: "detect: 'a{'\nmeters:",
			says: `profile "mine": detect is "a{", which is not a selector such as requests_total{direction="inbound"}`},
		"two selectors": {replace: "meters:", by: `detect: 'a{b="c"} or d{e="f"}'` + "\nmeters:",
			says: `profile "mine": detect: "b=\"c\"} or d{e=\"f\"" has no comma before "} or d{e=\"f\""`},
		"no counter":             {replace: "counter: my_requests_total, ", by: "", says: `profile "mine": meter "requests": it has no counter`},
		"null meter":             {replace: meter, by: "null", says: `profile "mine": meter "requests": it has no counter`},
		"a number":               {replace: "my_requests_total", by: "7", says: "this is not a profile: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal number into Go struct field Meter.meters.counter of type []string"},
		"null name":              {replace: "my_requests_total", by: "null", says: `profile "mine": meter "requests": "" is not the name of a metric`},
		"an expression":          {replace: "my_requests_total", by: `"sum(x)"`, says: `profile "mine": meter "requests": "sum(x)" is not the name of a metric`},
		"a line break in a name": {replace: "my_requests_total", by: `"x\n"`, says: `profile "mine": meter "requests": "x\n" is not the name of a metric`},
		"no failures":            {replace: `, failures: ['code=~"5.."']`, by: "", says: `profile "mine": meter "requests": it does not say which requests failed`},
		"all failures":           {replace: `'code=~"5.."'`, by: `''`, says: `profile "mine": meter "requests": one of its failures has no matcher, so all requests would be failures`},
		"null failures":          {replace: `'code=~"5.."'`, by: `null`, says: `profile "mine": meter "requests": one of its failures has no matcher, so all requests would be failures`},
		"unit":                   {replace: "failures:", by: "histogram: x_bucket, failures:", says: `profile "mine": meter "requests": the unit of its histogram is "", not s or ms`},
		"no matcher":             {replace: `'code=~"5.."'`, by: `'code'`, says: `this is not a profile: error unmarshaling JSON: while decoding JSON: "code" is not a list of matchers such as reporter="source",code=~"5.."`},
		"no quotes":              {replace: `'code=~"5.."'`, by: `"code=~'5..'"`, says: `this is not a profile: error unmarshaling JSON: while decoding JSON: "code=~'5..'" is not a list of matchers such as reporter="source",code=~"5.."`},
		"no comma":               {replace: `'code=~"5.."'`, by: `'a="1" b="2"'`, says: `this is not a profile: error unmarshaling JSON: while decoding JSON: "a=\"1\" b=\"2\"" has no comma before "b=\"2\""`},
		"escape":                 {replace: `'code=~"5.."'`, by: `'code="\."'`, says: `this is not a profile: error unmarshaling JSON: while decoding JSON: "\."` + ` in "code=\"\\.\"" is not a quoted text`},
		"no matcher but a list":  {replace: `'code=~"5.."'`, by: `[a]`, says: `this is not a profile: error unmarshaling JSON: while decoding JSON: ["a"] is not a text with matchers`},
		"expression":             {replace: `'code=~"5.."'`, by: `'code=~"("'`, says: `this is not a profile: error unmarshaling JSON: while decoding JSON: "(" in "code=~\"(\"" is not a regular expression: error parsing regexp: missing closing ): ` + "`(`"},
		"kind":                   {replace: "pods:", by: "cronjobs:", says: `profile "mine": view "cronjobs": there is no kind "cronjobs"`},
		"edge":                   {replace: "pods:", by: "pods/at:", says: `profile "mine": view "pods/at": "at" is not an edge: it is from or to`},
		"no edge":                {replace: "pods:", by: "pods/:", says: `profile "mine": view "pods/": "" is not an edge: it is from or to`},
		"null view":              {replace: view, by: "null", says: `profile "mine": view "pods": it does not say which labels name the object (of)`},
		"no object":              {replace: ", of: " + of, by: "", says: `profile "mine": view "pods": it does not say which labels name the object (of)`},
		"meter":                  {replace: "meter: requests", by: "meter: other", says: `profile "mine": view "pods": there is no meter "other"`},
		"side":                   {replace: "side: server", by: "side: both", says: `profile "mine": view "pods": its side is "both", not client or server`},
		"no other":               {replace: "pods:", by: "pods/to:", says: `profile "mine": view "pods/to": other belongs to edges, and only to them`},
		"other":                  {replace: "of: " + of, by: "of: " + of + ", other: {name: a}", says: `profile "mine": view "pods": other belongs to edges, and only to them`},
		"label":                  {replace: "name: pod}", by: "name: the-pod}", says: `profile "mine": view "pods": "the-pod" is not a label`},
		"rule":                   {replace: "name: pod}", by: `name: "a:b"}`, says: `profile "mine": view "pods": "a:b" is not a label`},
		"no pattern":             {replace: of, by: "{label: cluster}", says: `profile "mine": view "pods": a label needs a pattern, and a pattern a label`},
		"no label":               {replace: of, by: "{pattern: '(?P<name>.+)'}", says: `profile "mine": view "pods": a label needs a pattern, and a pattern a label`},
		"pattern":                {replace: of, by: "{label: a, pattern: '('}", says: `profile "mine": view "pods": the pattern "(" is not a regular expression: error parsing regexp: missing closing ): ` + "`^(?:()$`"},
		"either":                 {replace: of, by: "{label: a, pattern: 'a_(?P<name>.+)|b_(?P<name>.+)'}"},
		"no name":                {replace: of, by: "{label: a, pattern: '{namespace}_(.+)'}", says: `profile "mine": view "pods": nothing says what the object is called`},
		"no name of other": {replace: "pods: " + view, by: "pods/to: {meter: requests, side: client, of: {name: a}, other: {namespace: b}}",
			says: `profile "mine": view "pods/to": nothing says what the object is called`},
		"index":         {replace: "pods: " + view, by: "trafficsplits: {meter: requests, side: client, of: {label: a, pattern: '{namespace}/(?P<split>[^/]+)/(?P<index>[0-9]+)'}}"},
		"index of pods": {replace: of, by: "{label: a, pattern: '{namespace}/(?P<split>[^/]+)/(?P<index>[0-9]+)'}", says: `profile "mine": view "pods": nothing says what the object is called`},
		"namespaces":    {replace: "pods:", by: "namespaces:"},
		"namespaces by name": {replace: "pods: " + view, by: "namespaces: {meter: requests, side: server, of: {name: namespace}}",
			says: `profile "mine": view "namespaces": the namespace must be the value of a label`},
	} {
		says := ""
		if test.replace != "" && !strings.Contains(minimal, test.replace) {
			t.Fatalf("%s: %q is not in the minimal profile", name, test.replace)
		}
		if _, err := prometheus.ParseProfile([]byte(strings.Replace(minimal, test.replace, test.by, 1))); err != nil {
			says = err.Error()
		}
		if says != test.says || strings.Contains(says, "\n") {
			t.Errorf("%s:\n%s\nwant\n%s", name, says, test.says)
		}
	}
}

// FuzzParseProfile: a profile is read or refused in one line, whatever it is, and one that is read is always fit for use.
func FuzzParseProfile(f *testing.F) {
	f.Add(minimal)
	f.Add("views: {pods: null, a/b/c: {}}\nmeters: {a: null}")
	f.Add("name: a\nmeters: {a: {counter: [null], failures: [null, 7]}}")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := prometheus.ParseProfile([]byte(text))
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q is refused in several lines: %s", text, err)
			}
			return
		}
		if p.Name == "" || len(p.Views) == 0 {
			t.Errorf("%q gives %+v", text, p)
		}
	})
}

func TestSetProfiles(t *testing.T) {
	s := newSource(t, prometheus.Options{Address: "http://prometheus.example", Profile: "mine", Splits: &world{}})
	chosen := func() string {
		name, err := s.Chosen(context.Background(), time.Now())
		if err != nil {
			return err.Error()
		}
		return name
	}
	names, err := prometheus.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	there := strings.Join(slices.Sorted(maps.Keys(names)), ", ")

	if got, want := chosen(), `there is no profile "mine": there are `+there; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	broken := s.SetProfiles(map[string]string{
		"a.yaml": strings.Replace(minimal, "mine", "yours", 1), "b.yaml": "layer: mesh", "c.yaml": strings.Replace(minimal, "mine", "yours", 1),
	})
	if diff := cmp.Diff([]string{"b.yaml", "c.yaml"}, slices.Sorted(maps.Keys(broken))); diff != "" {
		t.Error(diff)
	}
	want := `there is no profile "mine": there are ` + there + `, yours` +
		`; b.yaml: profile "": its name must be lower-case letters, digits and dashes; c.yaml: profile "yours" is there twice`
	if got := chosen(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if broken := s.SetProfiles(map[string]string{"a.yaml": minimal, "b.yaml": "layer: mesh"}); len(broken) != 1 {
		t.Error(broken)
	}
	if got := chosen(); got != "mine" {
		t.Errorf("beside a broken one: %s", got)
	}
	if broken := s.SetProfiles(nil); len(broken) != 0 {
		t.Error(broken)
	}
	if got, want := chosen(), `there is no profile "mine": there are `+there; got != want {
		t.Errorf("after it was removed: %s", got)
	}
}
