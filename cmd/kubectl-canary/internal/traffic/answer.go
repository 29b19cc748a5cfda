package traffic

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/serin-dev/serin/api/smi/metrics"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Answer is what a server answered.
type Answer struct {
	Items []metrics.TrafficMetrics
	// Selector repeats the label selector, where the server does.
	Selector *metav1.LabelSelector
	// Unread says in a sentence each which items could not be read at all.
	Unread []string
}

// Read reads a list, or a single item, which servers give for one object and some for one TrafficSplit. One item that is none does
// not hide the others.
func Read(body []byte) (Answer, error) {
	if first := bytes.TrimSpace(body); len(first) == 0 || first[0] != '{' {
		return Answer{}, errors.New("it is no JSON object")
	}
	var envelope struct {
		Kind     string          `json:"kind"`
		Items    json.RawMessage `json:"items"`
		Selector json.RawMessage `json:"selector"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return Answer{}, err
	}
	switch {
	case envelope.Kind == "Status":
		return Answer{}, errors.New("it is a Status and no TrafficMetrics")
	case envelope.Items == nil && envelope.Kind != listKind:
		var one metrics.TrafficMetrics
		if err := json.Unmarshal(body, &one); err != nil {
			return Answer{}, err
		}
		return Answer{Items: []metrics.TrafficMetrics{one}}, nil
	}
	var items []json.RawMessage
	if err := json.Unmarshal(orNull(envelope.Items), &items); err != nil {
		return Answer{}, fmt.Errorf("its items are no list: %w", err)
	}
	answer := Answer{Selector: selector(envelope.Selector)}
	for i, raw := range items {
		var item metrics.TrafficMetrics
		if err := json.Unmarshal(raw, &item); err != nil || bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
			answer.Unread = append(answer.Unread, fmt.Sprintf("items[%d] is no TrafficMetrics and is left out", i))
			continue
		}
		answer.Items = append(answer.Items, item)
	}
	return answer, nil
}

const listKind = "TrafficMetricsList"

func orNull(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("null")
	}
	return raw
}

// selector reads an echo that nothing depends on: one that is not understood is none.
func selector(raw json.RawMessage) *metav1.LabelSelector {
	var echo *metav1.LabelSelector
	if raw == nil || json.Unmarshal(raw, &echo) != nil {
		return nil
	}
	return echo
}

// List is the answer in the published form.
func (a Answer) List(q Question) *metrics.TrafficMetricsList {
	list := &metrics.TrafficMetricsList{Selector: a.Selector, Items: append([]metrics.TrafficMetrics{}, a.Items...)}
	list.SetGroupVersionKind(metrics.GroupVersion.WithKind(listKind))
	list.Resource.Namespace, list.Resource.Name, list.Resource.Kind = q.Namespace, q.Name, q.Kind.Singular
	if len(a.Items) > 0 && a.Items[0].Resource.Kind != "" {
		list.Resource.Kind = a.Items[0].Resource.Kind
	}
	for i := range list.Items {
		list.Items[i].SetGroupVersionKind(metrics.GroupVersion.WithKind("TrafficMetrics"))
	}
	return list
}
