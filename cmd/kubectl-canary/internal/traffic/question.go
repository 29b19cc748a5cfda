package traffic

import (
	"fmt"
	"time"

	"github.com/serin-dev/serin/api/smi/metrics"
)

// Question is what a TrafficMetrics server is asked.
type Question struct {
	Kind Kind
	// Namespace is empty for all namespaces, and for kinds that lie in none.
	Namespace string
	// Name is empty for a list.
	Name string
	// Part is what of the object is asked about.
	Part Part
	// Selector is a label selector, empty for all objects.
	Selector string
	// Window is the length of the window, 0 for the server's own.
	Window time.Duration
}

// Part is what of an object a Question is about.
type Part int

// Parts.
const (
	// Itself: the object's own numbers.
	Itself Part = iota
	// Edges: whom it exchanged requests with. It needs a name.
	Edges
)

// Path are the segments of the path that answers the question.
func (q Question) Path() []string {
	path := Group()
	if q.Kind.Scope == Namespaced && q.Namespace != "" {
		path = append(path, "namespaces", q.Namespace)
	}
	path = append(path, q.Kind.Resource)
	if q.Name != "" {
		path = append(path, q.Name)
	}
	if q.Part == Edges {
		path = append(path, "edges")
	}
	return path
}

// Group are the segments of the path that lists the resources of the API.
func Group() []string {
	return []string{"/apis", metrics.GroupVersion.Group, metrics.GroupVersion.Version}
}

// About names what the question is about: `deployment "b" in namespace "shop"`, `trafficsplits in all namespaces`.
func (q Question) About() string {
	about := q.Kind.Resource
	if q.Name != "" {
		about = fmt.Sprintf("%s %q", q.Kind.Singular, q.Name)
	}
	switch {
	case q.Kind.Scope == ClusterWide:
		return about
	case q.Namespace == "":
		return about + " in all namespaces"
	default:
		return fmt.Sprintf("%s in namespace %q", about, q.Namespace)
	}
}

// Object is one end of an edge, or what was measured.
type Object struct {
	// Kind is the singular in small letters: deployment.
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// Of is the object that an item of the answer is about. What the item does not say follows from the question.
func (q Question) Of(item *metrics.TrafficMetrics) Object {
	r := item.Resource
	if r.Name == "" {
		r.Name = item.Name
	}
	if r.Namespace == "" {
		r.Namespace = item.Namespace
	}
	if r.Name == "" {
		r.Name = q.Name
	}
	r.Kind = "" // A list has one kind, and some servers misspell it.
	return q.object(r)
}

// object completes a reference by what was asked for.
func (q Question) object(r metrics.ObjectReference) Object {
	o := Object{Kind: singular(r.Kind), Namespace: r.Namespace, Name: r.Name}
	if o.Kind == "" {
		o.Kind = q.Kind.Singular
	}
	if o.Namespace == "" {
		o.Namespace = q.Namespace
	}
	if o.Kind == "namespace" || o.Kind == "node" {
		o.Namespace = ""
	}
	return o
}

// Objects are those that a list is about, each once. Items that name none are left out.
func (q Question) Objects(list Answer) []Object {
	var objects []Object
	seen := map[Object]bool{}
	for i := range list.Items {
		of := q.Of(&list.Items[i])
		if of.Name != "" && !seen[of] {
			seen[of] = true
			objects = append(objects, of)
		}
	}
	return objects
}
