package source

import (
	"context"
	"errors"

	"github.com/serin-dev/serin/metrics/window"
)

// Belonging knows what pods belong to.
type Belonging interface {
	// Belongs returns the objects of the kind that the pod belongs to: the workload that made it, the Services that select it,
	// its node or its namespace. It also answers for pods that were there a moment ago. An error says why it cannot.
	Belongs(pod Object, kind Kind) ([]Object, error)
}

// Derived is a source that measures what another one measures, and what follows from that for pods: where the other source
// does not know a kind, the requests of pods are counted for the objects that the pods belong to.
type Derived struct {
	Source Source
	Pods   Belonging
}

// Read returns what was counted.
func (d Derived) Read(ctx context.Context, q Question) (*Reading, error) {
	reading, err := d.Source.Read(ctx, q)
	var unmeasured *UnmeasuredError
	if !errors.As(err, &unmeasured) || q.Kind == Pods {
		return reading, err
	}
	ofPods := q
	ofPods.Kind = Pods
	if reading, err = d.Source.Read(ctx, ofPods); err != nil {
		if errors.As(err, new(*UnmeasuredError)) {
			return nil, unmeasured // of the two that is what was asked
		}
		return nil, err
	}
	return d.regroup(reading, q)
}

func (d Derived) regroup(pods *Reading, q Question) (*Reading, error) {
	sums := map[Pair]*window.Counts{}
	for pair, counts := range pods.Counts {
		of, err := d.belongs(pair.Of, q.Kind)
		if err != nil {
			return nil, err
		}
		others := []Object{{}}
		if q.Edge != All {
			if others, err = d.belongs(pair.Other, q.Kind); err != nil {
				return nil, err
			}
		}
		for _, o := range of {
			for _, other := range others {
				add(sums, Pair{Of: o, Other: other}, counts)
			}
		}
	}
	return &Reading{Start: pods.Start, End: pods.End, Side: pods.Side, Counts: sums}, nil
}

func (d Derived) belongs(pod Object, kind Kind) ([]Object, error) {
	if pod.Name == "" {
		return nil, nil
	}
	objects, err := d.Pods.Belongs(pod, kind)
	if err != nil {
		return nil, window.Unavailable("what pods belong to is not known yet: %s", err)
	}
	return objects, nil
}

// add adds counts to those of a pair.
func add(sums map[Pair]*window.Counts, pair Pair, counts *window.Counts) {
	if sums[pair] == nil {
		sums[pair] = &window.Counts{}
	}
	sums[pair].Add(*counts)
}
