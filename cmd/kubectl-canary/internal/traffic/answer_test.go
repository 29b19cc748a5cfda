package traffic_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/traffic"

	"github.com/google/go-cmp/cmp"
)

const (
	when  = `"timestamp":"2026-11-20T15:04:00Z","window":"10s"`
	alone = `{"resource":{"kind":"Deployment","namespace":"shop","name":"b"},` + when +
		`,"metrics":[{"name":"success_count","value":"99"},{"name":"failure_count","value":1},{"name":"p99_response_latency","unit":"seconds","value":"48m"}]}`
)

// read reads an answer that is one.
func read(t testing.TB, body string) traffic.Answer {
	t.Helper()
	answer, err := traffic.Read([]byte(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return answer
}

func TestReadTakesListsAndSingleItems(t *testing.T) {
	for name, test := range map[string]struct {
		body   string
		items  int
		unread []string
	}{
		"a list":                           {body: `{"kind":"TrafficMetricsList","items":[` + alone + `,` + alone + `]}`, items: 2},
		"a list without a kind":            {body: `{"items":[` + alone + `]}`, items: 1},
		"a list without items":             {body: `{"kind":"TrafficMetricsList","items":null}`},
		"a list that leaves its items out": {body: `{"kind":"TrafficMetricsList"}`},
		"a single item":                    {body: alone, items: 1},
		"unknown fields, a bad selector":   {body: `{"colour":"blue","resource":7,"selector":"tier=web","items":[` + alone + `]}`, items: 1},
		"one item that is none": {body: `{"items":["tea",` + alone + `,null]}`, items: 1,
			unread: []string{"items[0] is no TrafficMetrics and is left out", "items[2] is no TrafficMetrics and is left out"}},
	} {
		t.Run(name, func(t *testing.T) {
			answer := read(t, test.body)
			if len(answer.Items) != test.items {
				t.Errorf("%d items, want %d", len(answer.Items), test.items)
			}
			if diff := cmp.Diff(test.unread, answer.Unread); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadRefusesWhatIsNoAnswer(t *testing.T) {
	for body, want := range map[string]string{
		"":                         "it is no JSON object",
		`"tea"`:                    "it is no JSON object",
		"<html>":                   "it is no JSON object",
		`[]`:                       "it is no JSON object",
		`{"items":`:                "unexpected end of JSON input",
		`{"items":{}}`:             "its items are no list: json: cannot unmarshal object into Go value of type []json.RawMessage",
		`{"kind":"Status"}`:        "it is a Status and no TrafficMetrics",
		`{"metadata":"elsewhere"}`: "reading TrafficMetrics: json: cannot unmarshal string into Go struct field .metadata of type v1.ObjectMeta",
	} {
		if _, err := traffic.Read([]byte(body)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	all := read(t, alone).Items[0]
	n := traffic.NumbersOf(&all)
	text, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"requests":100,"failures":1,"requestsPerSecond":10,"successRate":0.99,"p99Seconds":0.048,"windowSeconds":10,"endedAt":"2026-11-20T15:04:00Z"}`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Error(diff)
	}
	for name, test := range map[string]struct{ item, want string }{
		"no requests":         {`{` + when + `,"metrics":[{"name":"success_count","value":0},{"name":"failure_count","value":0}]}`, `{"requests":0,"failures":0,"requestsPerSecond":0,"windowSeconds":10,"endedAt":"2026-11-20T15:04:00Z"}`},
		"successes alone":     {`{` + when + `,"metrics":[{"name":"success_count","value":9}]}`, `{"windowSeconds":10,"endedAt":"2026-11-20T15:04:00Z"}`},
		"failures alone":      {`{` + when + `,"metrics":[{"name":"failure_count","value":9}]}`, `{"failures":9,"windowSeconds":10,"endedAt":"2026-11-20T15:04:00Z"}`},
		"no window":           {`{"metrics":[{"name":"success_count","value":3},{"name":"failure_count","value":1}]}`, `{"requests":4,"failures":1,"successRate":0.75}`},
		"nothing is measured": {`{}`, `{}`},
		"a histogram":         {`{"metrics":[{"name":"response_latency_le_250ms","value":3}]}`, `{"histogramBounds":1}`},
	} {
		item := read(t, test.item).Items[0]
		text, err := json.Marshal(traffic.NumbersOf(&item))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, string(text)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestTheAnswerInThePublishedForm(t *testing.T) {
	list := read(t, alone).List(traffic.Question{Kind: kind(t, "deploy"), Namespace: "shop", Name: "b"})
	if want := (metrics.ObjectReference{Kind: "Deployment", Namespace: "shop", Name: "b"}); list.Resource != want ||
		list.Kind != "TrafficMetricsList" || list.Items[0].Kind != "TrafficMetrics" || list.APIVersion != "metrics.smi-spec.io/v1alpha1" {
		t.Errorf("got %+v of %+v", list.TypeMeta, list.Resource)
	}
	if empty := (traffic.Answer{}).List(traffic.Question{Kind: kind(t, "deploy")}); empty.Items == nil || empty.Resource.Kind != "deployment" {
		t.Errorf("the empty list is %+v", empty)
	}
}

func TestProblemsAreSaidOnceForAllWhoHaveThem(t *testing.T) {
	bad := func(name, fault string) string {
		return `{"resource":{"namespace":"shop","name":"` + name + `"},` + when + `,"metrics":[{"name":"success_count","value":"` + fault + `"}]}`
	}
	q := traffic.Question{Kind: kind(t, "deploy"), Namespace: "shop"}
	for name, test := range map[string]struct {
		body string
		want []string
	}{
		"none": {body: `{"items":[` + alone + `]}`},
		"one":  {body: bad("a", "NaN"), want: []string{`deployment shop/a: metrics[0].value is "NaN", which is not a number`}},
		"some": {body: `{"items":[7,` + bad("a", "NaN") + `,` + bad("b", "NaN") + `,` + bad("b", "tea") + `,` + bad("c", "NaN") + `]}`, want: []string{
			"items[0] is no TrafficMetrics and is left out",
			`deployment shop/a and 2 others: metrics[0].value is "NaN", which is not a number`,
			`deployment shop/b: metrics[0].value is "tea", which is not a number`,
		}},
		"many": {body: `{"items":[1,2,3,4,5,6,7]}`, want: []string{
			"items[0] is no TrafficMetrics and is left out", "items[1] is no TrafficMetrics and is left out", "items[2] is no TrafficMetrics and is left out",
			"items[3] is no TrafficMetrics and is left out", "items[4] is no TrafficMetrics and is left out",
			"there are 2 more kinds of problems with the answer",
		}},
	} {
		if diff := cmp.Diff(test.want, q.Problems(read(t, test.body))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// FuzzRead checks that no answer makes reading, sorting or the graph panic, and that no number is negative.
func FuzzRead(f *testing.F) {
	f.Add(alone)
	f.Add(`{"kind":"TrafficMetricsList","items":[` + alone + `,null,{"edge":{"direction":"to","resource":{"name":"c"}},"backend":{"name":"x"}}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		answer, err := traffic.Read([]byte(body))
		if err != nil {
			return
		}
		for _, resource := range []string{"ts", "deploy", "ns"} {
			q := traffic.Question{Kind: kind(t, resource)}
			q.Sort(answer.Items, traffic.BySuccess)
			of := traffic.Object{Kind: q.Kind.Singular, Name: "a"}
			g := traffic.NewGraph(q, answer, map[traffic.Object]traffic.Answer{of: answer}, nil)
			if _, err := json.Marshal(g); err != nil {
				t.Fatal(err)
			}
			for _, e := range g.Edges {
				if p99 := e.Numbers.P99; p99 != nil && time.Duration(*p99) < 0 {
					t.Fatalf("p99 is %v", *p99)
				}
			}
		}
	})
}
