package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Send writes a command into the Canary's annotation, whatever else of the Canary has changed meanwhile: the command itself
// names the revision that it is about.
func (c *Client) Send(ctx context.Context, name string, command v1alpha1.Command) error {
	text, err := json.Marshal(command)
	if err != nil {
		return err
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{
		v1alpha1.AnnotationCommand: string(text),
	}}})
	if err != nil {
		return err
	}
	canary := &v1alpha1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: name}}
	if err := c.api.Patch(ctx, canary, client.RawPatch(types.MergePatchType, patch), client.FieldOwner(FieldManager)); err != nil {
		return c.explain(err, name)
	}
	return nil
}

// ErrUnanswered says that the controller did not answer a command in time.
var ErrUnanswered = errors.New("nobody answered")

// Answer waits until the controller has carried a command out or refused it. Every change of the Canary is seen, so an answer
// is not missed when the next command follows it at once.
func (c *Client) Answer(ctx context.Context, name, id string, patience time.Duration) (*v1alpha1.CommandRecord, error) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	one := []client.ListOption{client.InNamespace(c.Namespace), called(name)}
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, raw metav1.ListOptions) (runtime.Object, error) {
			list := &v1alpha1.CanaryList{}
			return list, c.api.List(ctx, list, append([]client.ListOption{&client.ListOptions{Raw: &raw}}, one...)...)
		},
		WatchFuncWithContext: func(ctx context.Context, raw metav1.ListOptions) (watch.Interface, error) {
			return c.api.Watch(ctx, &v1alpha1.CanaryList{}, append([]client.ListOption{&client.ListOptions{Raw: &raw}}, one...)...)
		},
	}
	var answer *v1alpha1.CommandRecord
	_, err := watchtools.UntilWithSync(ctx, lw, &v1alpha1.Canary{}, nil, func(event watch.Event) (bool, error) {
		canary, fits := event.Object.(*v1alpha1.Canary)
		switch {
		case event.Type == watch.Deleted:
			return false, fmt.Errorf("the Canary %q was deleted meanwhile", name)
		case !fits || canary.Status.LastCommand == nil || canary.Status.LastCommand.ID != id:
			return false, nil
		}
		answer = canary.Status.LastCommand.DeepCopy()
		return true, nil
	})
	switch {
	case answer != nil:
		return answer, nil
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, ErrUnanswered
	}
	return nil, err
}
