package opa

import (
	_ "embed"
	"encoding/json"
	"slices"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/serin-dev/serin/policy"
)

//go:embed testdata/smi.rego
var module string

// agent is Open Policy Agent with the rules of testdata/smi.rego.
type agent struct {
	store storage.Store
	query rego.PreparedEvalQuery
}

func newAgent(t testing.TB) *agent {
	t.Helper()
	a := &agent{store: inmem.NewFromObject(map[string]any{"smi": map[string]any{}})}
	var err error
	a.query, err = rego.New(
		rego.Query("data.smi_access.decisions"), rego.Module("smi.rego", module), rego.Store(a.store),
	).PrepareForEval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// load makes the objects of a snapshot the ones that the agent decides by.
func (a *agent) load(t testing.TB, s policy.Snapshot) {
	t.Helper()
	err := storage.WriteOne(t.Context(), a.store, storage.ReplaceOp, storage.MustParsePath("/smi"), plain(t, documentOf(s)))
	if err != nil {
		t.Fatal(err)
	}
}

// decide returns the names of the TrafficTargets that allow each request, sorted.
func (a *agent) decide(t testing.TB, requests []policy.Request) [][]string {
	t.Helper()
	results, err := a.query.Eval(t.Context(), rego.EvalInput(inputOf(t, requests)))
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 1 {
		t.Fatalf("%d results", len(results))
	}
	written, err := json.Marshal(results[0].Expressions[0].Value)
	if err != nil {
		t.Fatal(err)
	}
	var names [][]string
	if err := json.Unmarshal(written, &names); err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		slices.Sort(n)
	}
	return names
}

// document is data.smi.
type document struct {
	Targets  map[string]map[string]map[string][]map[string]any `json:"targets"`
	Groups   map[string]map[string]any                         `json:"groups"`
	Routes   map[string]map[string]map[string]any              `json:"routes"`
	Bindings map[string]map[string]any                         `json:"bindings"`
}

func documentOf(s policy.Snapshot) document {
	d := document{
		Targets: map[string]map[string]map[string][]map[string]any{},
		Groups:  map[string]map[string]any{},
		Routes:  map[string]map[string]map[string]any{"TCPRoute": {}, "UDPRoute": {}},

		Bindings: map[string]map[string]any{},
	}
	for _, tt := range s.TrafficTargets {
		kinds := d.Targets[tt.Namespace]
		if kinds == nil {
			kinds = map[string]map[string][]map[string]any{}
			d.Targets[tt.Namespace] = kinds
		}
		to := tt.Spec.Destination
		if kinds[to.Kind] == nil {
			kinds[to.Kind] = map[string][]map[string]any{}
		}
		kinds[to.Kind][to.Name] = append(kinds[to.Kind][to.Name], map[string]any{
			"namespace": tt.Namespace, "name": tt.Name, "destination": to, "sources": orNone(tt.Spec.Sources),
			"rules": orNone(tt.Spec.Rules), "problems": orNone(tt.Spec.Problems),
		})
	}
	for _, g := range s.HTTPRouteGroups {
		d.Groups[g.Namespace+"/"+g.Name] = map[string]any{"matches": orNone(g.Spec.Matches), "problems": orNone(g.Spec.Problems)}
	}
	for _, r := range s.TCPRoutes {
		d.Routes["TCPRoute"][r.Namespace+"/"+r.Name] = map[string]any{
			"match": r.Spec.Matches.Name, "ports": orNone(r.Spec.Matches.Ports), "problems": orNone(r.Spec.Problems),
		}
	}
	for _, r := range s.UDPRoutes {
		d.Routes["UDPRoute"][r.Namespace+"/"+r.Name] = map[string]any{
			"match": r.Spec.Matches.Name, "ports": orNone(r.Spec.Matches.Ports), "problems": orNone(r.Spec.Problems),
		}
	}
	for _, b := range s.IdentityBindings {
		selectors := []map[string]string{}
		for _, selector := range b.Spec.Schemes.PodLabelSelectors {
			selectors = append(selectors, orEmpty(selector.MatchLabels))
		}
		d.Bindings[b.Namespace+"/"+b.Name] = map[string]any{
			"namespace": b.Namespace, "account": b.Spec.Schemes.ServiceAccount, "selectors": selectors,
			"spiffe": orNone(b.Spec.Schemes.SPIFFEIdentities), "problems": orNone(b.Spec.Problems),
		}
	}
	return d
}

// inputOf is the input document for requests.
func inputOf(t testing.TB, requests []policy.Request) any {
	t.Helper()
	list := make([]map[string]any, len(requests))
	for i, r := range requests {
		headers := []map[string]any{}
		for name, values := range r.Headers {
			headers = append(headers, map[string]any{"name": name, "values": orNone(values)})
		}
		list[i] = map[string]any{
			"source": workload(r.Source, r.SourceWorkload), "destination": workload(r.Destination, r.DestinationWorkload),
			"port": r.Port, "protocol": r.Protocol, "method": r.Method, "target": r.Path, "host": r.Host, "headers": headers,
		}
	}
	return plain(t, map[string]any{"requests": list})
}

func workload(id policy.Identity, w policy.Workload) map[string]any {
	return map[string]any{
		"namespace": id.Namespace, "account": id.ServiceAccount, "labels": orEmpty(w.Labels), "spiffe": w.SPIFFEID,
	}
}

// plain is a value as the JSON of it reads, which is what the agent takes.
func plain(t testing.TB, value any) any {
	t.Helper()
	written, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var read any
	if err := json.Unmarshal(written, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

func orNone[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
