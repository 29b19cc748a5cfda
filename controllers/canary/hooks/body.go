package hooks

import (
	"fmt"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// body is what a webhook is sent, as JSON.
type body struct {
	// ID is the same when the question is asked again, Ask counts how often it was answered before.
	ID         string                `json:"id"`
	Ask        int32                 `json:"ask"`
	When       v1alpha1.WebhookPoint `json:"when"`
	Webhook    string                `json:"webhook"`
	Canary     string                `json:"canary"`
	Namespace  string                `json:"namespace"`
	Phase      v1alpha1.Phase        `json:"phase"`
	Version    string                `json:"version"`
	Revision   string                `json:"revision"`
	Image      string                `json:"image"`
	Stable     stable                `json:"stable"`
	Weight     int32                 `json:"weight"`
	NextWeight int32                 `json:"nextWeight"`
	Reason     string                `json:"reason"`
	Message    string                `json:"message"`
	Metadata   map[string]string     `json:"metadata"`
}

// stable is the version that serves. Unlike in a status, every field is always there.
type stable struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Image    string `json:"image"`
}

func (q *question) body() body {
	s, w := q.call.Subject, q.call.Webhook
	metadata := w.Metadata
	if metadata == nil {
		metadata = map[string]string{}
	}
	return body{
		ID: fmt.Sprintf("%s/%s", q.of.uid, q.call.ID), Ask: q.call.Ask,
		When: w.When, Webhook: w.Name,
		Canary: q.of.name.Name, Namespace: q.of.name.Namespace, Phase: s.Phase,
		Version: s.Version, Revision: s.Revision, Image: s.Image,
		Stable: stable{Version: s.Stable.Version, Revision: s.Stable.Revision, Image: s.Stable.Image},
		Weight: s.Weight, NextWeight: s.NextWeight,
		Reason: s.Reason, Message: s.Message, Metadata: metadata,
	}
}
