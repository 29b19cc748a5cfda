package api

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/endpoints/request"

	smi "github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/metrics/source"
)

// kinds are those of the specification but for trafficsplits, which have items of another form.
var kinds = []source.Kind{
	source.Namespaces, source.Nodes, source.Pods, source.Services, source.Deployments, source.ReplicaSets,
	source.ReplicationControllers, source.StatefulSets, source.DaemonSets, source.Jobs,
}

// kindNames are the kinds as objects name them.
var kindNames = map[source.Kind]string{
	source.Backends: "TrafficSplit", source.Namespaces: "Namespace", source.Nodes: "Node", source.Pods: "Pod",
	source.Services: "Service", source.Deployments: "Deployment", source.ReplicaSets: "ReplicaSet",
	source.ReplicationControllers: "ReplicationController", source.StatefulSets: "StatefulSet",
	source.DaemonSets: "DaemonSet", source.Jobs: "Job",
}

// kind is a resource whose objects serve and send requests.
type kind struct {
	name   source.Kind
	finder Finder[metav1.Object]
}

func (k kind) resource() string { return string(k.name) }

func (k kind) singular() string { return k.resource()[:len(k.resource())-1] }

func (k kind) reference(o source.Object) smi.ObjectReference {
	return smi.ObjectReference{Kind: kindNames[k.name], Namespace: o.Namespace, Name: o.Name}
}

// find returns the object a request names.
func (k kind) find(ctx context.Context, name string) (source.Object, error) {
	if err := ready(ctx, k.finder); err != nil {
		return source.Object{}, err
	}
	asked := source.Object{Name: name}
	if k.name.Namespaced() {
		asked.Namespace = request.NamespaceValue(ctx)
	}
	if _, exists := k.finder.Get(asked.Namespace, name); !exists {
		return source.Object{}, notFound(k.resource(), name)
	}
	return asked, nil
}

// question asks about one object: for its namespace, because others will ask about its neighbours.
func (k kind) question(o source.Object, edge source.Edge) source.Question {
	q := source.Question{Kind: k.name, Edge: edge, Namespace: o.Namespace}
	if k.name == source.Namespaces {
		q.Namespace = o.Name
	}
	return q
}

// shown reports whether the other end of an edge is an object of the kind. A pod or namespace is one by its name, even if it
// is gone by now; the name of a workload may be that of another kind, so it is one only if it exists.
func (k kind) shown(other source.Object) bool {
	switch {
	case other.Name == "":
		return false
	case k.name == source.Pods || k.name == source.Namespaces:
		return true
	}
	_, exists := k.finder.Get(other.Namespace, other.Name)
	return exists
}
