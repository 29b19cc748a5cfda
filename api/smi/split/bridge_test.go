package split

import (
	"encoding/json"
	"testing"
)

func TestALandingSpeaksOfTheSplitAndTheRequestThatItAnswered(t *testing.T) {
	s := &TrafficSplit{}
	s.Generation = 7
	s.Annotations = map[string]string{RouteAnnotation: `{"parentRefs":[{"name":"web"}]}`}
	if s.Landing() != nil {
		t.Error("nobody has answered")
	}
	answer := s.Answer()
	answer.Weights = map[string]int64{"foobar-v1": 100}
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	s.Annotations[LandingAnnotation] = string(text)
	if l := s.Landing(); l == nil || l.Weights["foobar-v1"] != 100 {
		t.Errorf("the answer is not read: %+v", l)
	}
	for name, change := range map[string]func(*TrafficSplit){
		"other weights":   func(s *TrafficSplit) { s.Generation++ },
		"another request": func(s *TrafficSplit) { s.Annotations[RouteAnnotation] = `{"existing":{"name":"mine"}}` },
		"no request":      func(s *TrafficSplit) { delete(s.Annotations, RouteAnnotation) },
		"a broken answer": func(s *TrafficSplit) { s.Annotations[LandingAnnotation] = "{" },
	} {
		changed := s.DeepCopy()
		change(changed)
		if l := changed.Landing(); l != nil {
			t.Errorf("%s: %+v is taken for an answer to it", name, l)
		}
	}
}
