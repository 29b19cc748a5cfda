package cluster

import (
	"context"
	"errors"
	"sync"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/traffic"
)

// atATime is the most requests that are on their way together.
const atATime = 8

// Topology lists a kind, asks for the edges of each object, and makes a graph of all. An object that has gone meanwhile has no
// edges. An object whose edges alone cannot be read is a problem of the graph; what concerns all objects is an error.
func (c *Client) Topology(ctx context.Context, q traffic.Question) (traffic.Graph, error) {
	list, err := c.Traffic(ctx, q)
	if err != nil {
		return traffic.Graph{}, err
	}
	if q.Kind.Resource == traffic.Splits {
		return traffic.NewGraph(q, list, nil, nil), nil
	}
	answers, err := c.allEdges(ctx, q, list)
	if err != nil {
		return traffic.Graph{}, err
	}
	edges, unread := map[traffic.Object]traffic.Answer{}, map[traffic.Object]string{}
	var worst string
	for of, a := range answers {
		switch {
		case a.err == nil:
			edges[of] = a.answer
		case reachOf(a.err) == thisOne:
			unread[of] = a.err.Error()
			worst = max(worst, unread[of])
		}
	}
	if len(unread) > 0 && len(unread) == len(answers) {
		return traffic.Graph{}, errors.New(worst)
	}
	return traffic.NewGraph(q, list, edges, unread), nil
}

// edgesOf is the answer to one question for edges.
type edgesOf struct {
	answer traffic.Answer
	err    error
}

// allEdges asks for the edges of every listed object, a few at a time. An error that concerns all of them ends it.
func (c *Client) allEdges(ctx context.Context, q traffic.Question, list traffic.Answer) (map[traffic.Object]edgesOf, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var (
		mu      sync.Mutex
		all     sync.WaitGroup
		first   error
		answers = map[traffic.Object]edgesOf{}
		turn    = make(chan struct{}, atATime)
	)
	for _, of := range q.Objects(list) {
		turn <- struct{}{}
		all.Go(func() {
			defer func() { <-turn }()
			got := c.edges(ctx, q, of)
			mu.Lock()
			defer mu.Unlock()
			answers[of] = got
			if got.err != nil && reachOf(got.err) == everything && first == nil {
				first = got.err
				stop()
			}
		})
	}
	all.Wait()
	return answers, first
}

func (c *Client) edges(ctx context.Context, q traffic.Question, of traffic.Object) edgesOf {
	if ctx.Err() != nil {
		return edgesOf{err: ctx.Err()}
	}
	q.Part, q.Name, q.Namespace, q.Selector = traffic.Edges, of.Name, of.Namespace, ""
	answer, err := c.Traffic(ctx, q)
	return edgesOf{answer, err}
}
