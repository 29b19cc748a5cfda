package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/smifile"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Want says which objects about access are read.
type Want int

// What is read.
const (
	// Rules are TrafficTargets and the routes that they name.
	Rules Want = iota
	// RulesAndPods are those, and what runs as ServiceAccounts.
	RulesAndPods
)

// Access reads what a cluster says about access; an empty namespace means all of them. Pods are read in all namespaces, because callers
// may be in any. It reads whichever version of SMI the API server prefers.
func (c *Client) Access(ctx context.Context, namespace string, want Want) (*smifile.Objects, error) {
	objects := smifile.New(c.Namespace)
	for _, of := range []struct {
		group, resource string
		optional        bool // not every version of SMI has it
	}{
		{smifile.AccessGroup, "traffictargets", false}, {smifile.SpecsGroup, "httproutegroups", false}, {smifile.SpecsGroup, "tcproutes", false},
		{smifile.SpecsGroup, "udproutes", true}, {smifile.AccessGroup, "identitybindings", true},
	} {
		in := namespace
		if of.resource == "identitybindings" { // sources may be those of any namespace
			in = ""
		}
		err := c.published(ctx, objects, of.group, of.resource, in)
		if err != nil && !(of.optional && errors.Is(err, errNotServed)) {
			return nil, err
		}
	}
	if want == Rules {
		return objects, nil
	}
	for _, path := range [][]string{
		{"apis", "apps", "v1", "deployments"}, {"apis", "apps", "v1", "statefulsets"}, {"apis", "apps", "v1", "daemonsets"}, {"api", "v1", "pods"},
	} {
		if err := c.list(ctx, objects, path); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

// published reads the objects of an SMI kind in the first version that the API server serves it in.
func (c *Client) published(ctx context.Context, into *smifile.Objects, group, resource, namespace string) error {
	missing := notServed{fmt.Sprintf("this cluster has no %s.%s: the CRDs of SMI are not installed, or the context is another cluster's", resource, group)}
	r := c.ask(ctx, c.raw.Get().AbsPath("apis", group).MaxRetries(retries))
	switch {
	case r.code == http.StatusNotFound:
		return missing
	case r.err != nil:
		return c.accessError(r, resource)
	}
	var of metav1.APIGroup
	if err := json.Unmarshal(r.body, &of); err != nil {
		return fmt.Errorf("the API server does not say which versions of %s it serves", group)
	}
	for _, version := range of.Versions {
		path := []string{"apis", group, version.Version}
		if namespace != "" {
			path = append(path, "namespaces", namespace)
		}
		if err := c.list(ctx, into, append(path, resource)); !errors.Is(err, errNotServed) {
			return err
		}
	}
	return missing
}

var errNotServed = errors.New("the API server does not serve it")

// notServed is errNotServed of a kind, in words for people.
type notServed struct{ sentence string }

func (n notServed) Error() string { return n.sentence }

func (notServed) Unwrap() error { return errNotServed }

// list reads all objects of a kind.
func (c *Client) list(ctx context.Context, into *smifile.Objects, path []string) error {
	resource := path[len(path)-1]
	r := c.ask(ctx, c.raw.Get().AbsPath(path...).MaxRetries(retries))
	switch {
	case r.code == http.StatusNotFound:
		return errNotServed
	case r.err != nil:
		return c.accessError(r, resource)
	}
	return into.AddJSON("the cluster's "+resource, r.body)
}

func (c *Client) accessError(r reply, what string) error {
	switch r.code {
	case 0:
		return c.explain(r.err, "")
	case http.StatusUnauthorized, http.StatusForbidden:
		return errors.New("the API server does not allow it: " + wordsOf(r.body, r.code))
	}
	return fmt.Errorf("the API server failed to list %s with code %d: %s", what, r.code, wordsOf(r.body, r.code))
}
