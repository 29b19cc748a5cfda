package access

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apijson "k8s.io/apimachinery/pkg/util/json"

	"github.com/serin-dev/serin/api/smi/internal/wire"
)

// published is a TrafficTarget as it is stored: v1alpha1 keeps its fields at the top level, every later version in spec.
type published struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec        json.RawMessage `json:"spec"`
	Status      json.RawMessage `json:"status"`
	Destination json.RawMessage `json:"destination"`
	Specs       json.RawMessage `json:"specs"`
	Sources     json.RawMessage `json:"sources"`
}

// UnmarshalJSON reads a TrafficTarget of any published version, whatever apiVersion the API server put on it. Only metadata
// that is none is an error; anything else that is not understood becomes one of Spec.Problems.
func (t *TrafficTarget) UnmarshalJSON(data []byte) error {
	var object published
	if err := apijson.Unmarshal(data, &object); err != nil {
		return fmt.Errorf("reading a TrafficTarget: %w", err)
	}
	var log wire.Log
	spec := object.read(&log)
	if !log.Empty() {
		spec = TrafficTargetSpec{Destination: spec.Destination, Problems: log.Problems()}
	}
	*t = TrafficTarget{TypeMeta: object.TypeMeta, ObjectMeta: object.ObjectMeta, Spec: spec, Status: readStatus(object.Status)}
	return nil
}

// readStatus reads what Serin once said. A status of another form is someone else's, and none to Serin.
func readStatus(data json.RawMessage) Status {
	var s Status
	if len(data) == 0 || apijson.Unmarshal(data, &s) != nil {
		return Status{}
	}
	return s
}

func (p published) read(log *wire.Log) TrafficTargetSpec {
	spec := log.Open("spec", p.Spec)
	destination, rules, sources := log.Open("destination", p.Destination), log.Open("specs", p.Specs), log.Open("sources", p.Sources)
	inSpec := spec.Present()
	onTop := destination.Present() || rules.Present() || sources.Present()
	switch {
	case inSpec && onTop:
		log.Fault("the object has both a spec and top-level fields (destination, specs or sources); which of them holds is unclear")
	case !inSpec && !onTop:
		log.Fault("the object has neither a spec nor a top-level destination, so it allows nothing")
		return TrafficTargetSpec{}
	case inSpec:
		destination, rules, sources = spec.Field("destination"), spec.Field("rules"), spec.Field("sources")
	}
	if !destination.Present() {
		destination.Fault("is missing")
		return TrafficTargetSpec{}
	}
	return TrafficTargetSpec{
		Destination: readSubject(destination),
		Rules:       wire.Keep(rules, readRule),
		Sources:     wire.Keep(sources, readSubject),
	}
}

func readSubject(v wire.Value) Subject {
	return Subject{
		Group:     v.Field("group").Text(),
		Kind:      v.Field("kind").RequiredText(),
		Name:      v.Field("name").RequiredText(),
		Namespace: v.Field("namespace").Text(),
		Port:      v.Field("port").Port(),
	}
}

func readRule(v wire.Value) Rule {
	return Rule{
		Kind:    v.Field("kind").RequiredText(),
		Name:    v.Field("name").RequiredText(),
		Matches: wire.Keep(v.Field("matches"), wire.Value.RequiredText),
	}
}
