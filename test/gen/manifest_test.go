package gen

import (
	"strings"
	"testing"
)

func TestObjects(t *testing.T) {
	for name, c := range map[string]struct{ manifest, want, wrong string }{
		"two, and empty documents": {manifest: "---\n# nothing\n---\nkind: A\n---\n---\nkind: B\n", want: "A B"},
		"JSON":                     {manifest: `{"kind": "A"}`, want: "A"},
		"nothing":                  {},
		"what is no YAML":          {manifest: "kind: A\n---\n{", wrong: "error converting YAML to JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			objects, err := Objects(c.manifest)
			var kinds []string
			for _, o := range objects {
				kinds = append(kinds, o.GetKind())
			}
			if got := strings.Join(kinds, " "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("error %v, want %q", err, c.wrong)
			}
		})
	}
}
