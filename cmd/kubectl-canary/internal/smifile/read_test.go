package smifile_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/smifile"
	"github.com/serin-dev/serin/policy"

	"github.com/google/go-cmp/cmp"
)

const target = `apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: a-b, namespace: shop}
spec:
  destination: {kind: ServiceAccount, name: b}
  sources: [{kind: ServiceAccount, name: a}]
  rules: [{kind: TCPRoute, name: r}]
`

const route = `apiVersion: specs.smi-spec.io/v1alpha4
kind: TCPRoute
metadata: {name: r}
spec: {matches: {ports: [80]}}
`

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func TestFolder(t *testing.T) {
	folder := fstest.MapFS{
		"one.yaml":             file("# nothing\n---\n" + target + "---\nkind: Service\napiVersion: v1\nmetadata: {name: b}\n---\n"),
		"deep/er/two.yml":      file("apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(strings.TrimSpace(route), "\n", "\n  ")),
		"deep/three.json":      file(`{"apiVersion":"specs.smi-spec.io/v1alpha1","kind":"HTTPRouteGroupList","items":[{"metadata":{"name":"g"},"matches":[{"name":"m"}]}]}`),
		"deep/notes.txt":       file("{{"),
		".hidden.yaml":         file("{{"),
		"..2026_11/one.yaml":   file(target),
		"split.yaml":           file("apiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplit\n"),
		"another-group's.yaml": file("apiVersion: gateway.networking.k8s.io/v1alpha2\nkind: TCPRoute\nmetadata: {name: r}\n"),
	}
	o := smifile.New("elsewhere")
	if err := o.AddFolder("policies", folder); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, tt := range o.TrafficTargets {
		got = append(got, tt.Namespace+"/"+tt.Name)
	}
	for _, g := range o.HTTPRouteGroups {
		got = append(got, g.Namespace+"/"+g.Name+" "+g.Spec.Matches[0].Name)
	}
	for _, r := range o.TCPRoutes {
		got = append(got, r.Namespace+"/"+r.Name)
	}
	if diff := cmp.Diff([]string{"shop/a-b", "elsewhere/g m", "elsewhere/r"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatCannotBeReadIsOneSentence(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no YAML":     {map[string]string{"a.yaml": target + "---\na: {{ b\n"}, "p/a.yaml: document 2 is no YAML: "},
		"a key twice": {map[string]string{"a.yaml": "kind: A\nkind: B\n"}, `p/a.yaml: document 1 is no YAML: `},
		"a text":      {map[string]string{"d/a.json": `"tea"`}, "p/d/a.json: document 1: it is no object of Kubernetes: "},
		"no name":     {map[string]string{"a.yml": "kind: TrafficTarget\napiVersion: access.smi-spec.io/v1alpha3\n"}, "p/a.yml: document 1: a TrafficTarget has no metadata.name"},
		"labels that are none": {map[string]string{"a.yml": strings.Replace(target, "{name: a-b", "{labels: 7, name: a-b", 1)},
			"p/a.yml: document 1: reading a TrafficTarget: "},
		"twice": {map[string]string{"a.yaml": target, "b.yaml": strings.Replace(target, "v1alpha3", "v1alpha2", 1)},
			"p/b.yaml: document 1: TrafficTarget shop/a-b was read before, in p/a.yaml: document 1: which of them holds is unclear"},
		"nothing to read": {map[string]string{"a.txt": ""}, "p has no file whose name ends in .yaml, .yml, .json"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := fstest.MapFS{}
			for path, text := range test.files {
				folder[path] = file(text)
			}
			err := smifile.New("default").AddFolder("p", folder)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got  %v\nwant %s...", err, test.want)
			}
		})
	}
}

// forbidden is a folder with a file that nobody may open.
type forbidden struct{ fstest.MapFS }

func (f forbidden) ReadFile(name string) ([]byte, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

func TestAFileThatNobodyMayOpen(t *testing.T) {
	err := smifile.New("").AddFolder("p", forbidden{fstest.MapFS{"a.yaml": file("")}})
	if want := "p/a.yaml cannot be read: permission denied"; err == nil || err.Error() != want || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAbout(t *testing.T) {
	o := smifile.New("shop")
	broken := strings.Replace(strings.Replace(target, "a-b", "broken", 1), "name: b}", "name: b}\n  tea: 1", 1)
	elsewhere := strings.NewReplacer("a-b", "c-d", "name: b}", "name: d}", "name: a}", "name: c}", "name: r}", "name: s}").Replace(target)
	if err := o.AddText("f", []byte(strings.Join([]string{target, broken, elsewhere}, "---\n"))); err != nil {
		t.Fatal(err)
	}
	id := func(name string) policy.Identity { return policy.Identity{Namespace: "shop", ServiceAccount: name} }
	problems := policy.Build(o.Snapshot).Problems()
	names := func(of []policy.Problem) (all []string) {
		for _, p := range of {
			all = append(all, p.Name)
		}
		return all
	}
	for name, test := range map[string]struct{ want, got []string }{
		"of b":       {[]string{"a-b", "broken"}, names(o.AboutDestination(id("b"), problems))},
		"of d":       {[]string{"c-d"}, names(o.AboutDestination(id("d"), problems))},
		"of nobody":  {nil, names(o.AboutDestination(policy.Identity{Namespace: "t", ServiceAccount: "b"}, problems))},
		"for a":      {[]string{"a-b", "broken"}, names(o.AboutSource(id("a"), problems))},
		"for c":      {[]string{"c-d"}, names(o.AboutSource(id("c"), problems))},
		"for no one": {nil, names(o.AboutSource(id("e"), problems))},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func FuzzAddText(f *testing.F) {
	for _, seed := range []string{target, route, "---\n---\n", "kind: List\nitems: [1, null, {kind: List}]", `{"kind":"PodList","items":{}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		o := smifile.New("default")
		if err := o.AddText("f", text); err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has several lines: %q", err)
			}
			return
		}
		policy.Build(o.Snapshot)
		if _, err := o.Workloads(); err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("the error has several lines: %q", err)
		}
	})
}
