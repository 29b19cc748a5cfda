package notifier

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

// EventData is the data of a CloudEvent: what the Message says, as JSON.
type EventData struct {
	Namespace string        `json:"namespace"`
	Canary    string        `json:"canary"`
	UID       string        `json:"uid"`
	Seq       int64         `json:"seq"`
	Rollout   string        `json:"rollout"`
	Revision  string        `json:"revision,omitempty"`
	Reason    string        `json:"reason"`
	Severity  string        `json:"severity"`
	Title     string        `json:"title"`
	From      string        `json:"from,omitempty"`
	To        string        `json:"to,omitempty"`
	Step      string        `json:"step,omitempty"`
	Weight    int32         `json:"weight"`
	Message   string        `json:"message"`
	Actions   []EventAction `json:"actions,omitempty"`
	Time      time.Time     `json:"time"`
}

// EventAction is one Action in EventData.
type EventAction struct {
	Label   string `json:"label"`
	Command string `json:"command"`
}

// postCloudEvent posts a CloudEvent in structured mode, with the Secret's token as a bearer token if there is one.
func postCloudEvent(ctx context.Context, client *http.Client, opened opening, m Message) error {
	sent, err := eventOf(m)
	if err != nil {
		return err
	}
	req, err := cehttp.NewHTTPRequestFromEvent(binding.WithForceStructured(ctx), opened.address, sent)
	if err != nil {
		return err
	}
	if opened.token != "" {
		req.Header.Set("Authorization", "Bearer "+opened.token)
	}
	return post(client, req)
}

// eventOf makes the CloudEvent of a message. Source and id are the same whenever it is sent again.
func eventOf(m Message) (event.Event, error) {
	e := event.New()
	e.SetID(m.Key())
	e.SetSource(fmt.Sprintf("/apis/serin.dev/v1alpha1/namespaces/%s/canaries/%s", m.Namespace, m.Canary))
	e.SetType("dev.serin.rollout." + strings.ToLower(m.Reason))
	e.SetSubject(m.Rollout)
	e.SetTime(m.Time)
	data := EventData{
		Namespace: m.Namespace, Canary: m.Canary, UID: m.UID, Seq: m.Seq, Rollout: m.Rollout, Revision: m.Revision,
		Reason: m.Reason, Severity: string(m.Severity), Title: m.Title, From: m.FromImage, To: m.ToImage,
		Step: m.Step, Weight: m.Weight, Message: m.Why, Time: m.Time.UTC(),
	}
	for _, action := range m.Act {
		data.Actions = append(data.Actions, EventAction(action))
	}
	err := e.SetData(event.ApplicationJSON, data)
	return e, err
}
