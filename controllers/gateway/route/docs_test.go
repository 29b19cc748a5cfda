package route

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/api/smi/split"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"
)

const page = "../../../docs/gateway-api.md"

func readPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// example is what a block of the page asks for.
func example(t *testing.T, block string) Input {
	t.Helper()
	in := Input{Services: map[string]*corev1.Service{}, Groups: map[string]*specs.HTTPRouteGroup{}}
	for _, document := range strings.Split(block, "\n---\n") {
		s, group := &split.TrafficSplit{}, &specs.HTTPRouteGroup{}
		var err error
		if strings.Contains(document, "kind: TrafficSplit") {
			err = yaml.Unmarshal([]byte(document), s)
			in.Split = s
		} else if err = yaml.Unmarshal([]byte(document), group); err == nil {
			in.Groups[group.Name] = group
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	request, err := in.Split.RouteRequest()
	if err != nil {
		t.Fatal(err)
	}
	in.Request = *request
	for _, name := range []string{"foobar", "foobar-v1", "foobar-v2"} {
		in.Services[name] = serviceOf(name, 8080)
	}
	for range in.Request.ParentRefs {
		in.Controllers = append(in.Controllers, []string{linkerd})
	}
	return in
}

func TestThePagesExamples(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(readPage(t), -1)
	if len(blocks) != 4 {
		t.Fatalf("the page has %d blocks, want two pairs", len(blocks))
	}
	for i := 0; i < len(blocks); i += 2 {
		want := &gatewayv1.HTTPRoute{}
		if err := yaml.UnmarshalStrict([]byte(blocks[i+1][1]), want); err != nil {
			t.Fatal(err)
		}
		got := Build(example(t, blocks[i][1]))
		if len(got.Routes) != 1 || len(got.Problems) != 0 {
			t.Fatalf("%d routes, problems %v", len(got.Routes), got.Problems)
		}
		route := got.Routes[0].HTTP
		route.OwnerReferences = nil
		if diff := cmp.Diff(want, route); diff != "" {
			t.Errorf("example %d (-page +written):\n%s", i/2+1, diff)
		}
	}
}

func TestThePagesTable(t *testing.T) {
	var want []string
	for _, i := range Implementations {
		want = append(want, "| "+strings.Join([]string{
			i.Name, "`" + i.Controller + "`", i.Engine, "`" + i.write.path("/api") + "`", "`" + i.write.header("1") + "`",
		}, " | ")+" |")
	}
	if table := strings.Join(want, "\n"); !strings.Contains(readPage(t), table) {
		t.Errorf("the page's table must be:\n%s", table)
	}
}
