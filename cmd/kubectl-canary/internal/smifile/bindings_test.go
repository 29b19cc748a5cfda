package smifile

import (
	"testing"

	"github.com/serin-dev/serin/policy"
)

// TestBindingsAndUDPRoutesAreRead: a caller that an IdentityBinding knows by its ServiceAccount is let in, and a datagram by a UDPRoute.
func TestBindingsAndUDPRoutesAreRead(t *testing.T) {
	const text = `{"kind":"List","apiVersion":"v1","items":[
	{"apiVersion":"access.smi-spec.io/v1alpha4","kind":"IdentityBinding","metadata":{"name":"callers","namespace":"shop"},
	 "spec":{"schemes":{"serviceAccount":"web"}}},
	{"apiVersion":"specs.smi-spec.io/v1alpha4","kind":"UDPRoute","metadata":{"name":"dns","namespace":"shop"},"spec":{"matches":{"ports":[53]}}},
	{"apiVersion":"access.smi-spec.io/v1alpha4","kind":"TrafficTarget","metadata":{"name":"names","namespace":"shop"},
	 "spec":{"destination":{"kind":"ServiceAccount","name":"dns"},"rules":[{"kind":"UDPRoute","name":"dns"}],
	  "sources":[{"kind":"IdentityBinding","group":"access.smi-spec.io","name":"callers"}]}}]}`
	o := New("shop")
	if err := o.AddJSON("a test", []byte(text)); err != nil {
		t.Fatal(err)
	}
	graph := policy.Build(o.Snapshot)
	r := policy.Request{
		Source: policy.Identity{Namespace: "shop", ServiceAccount: "web"}, Destination: policy.Identity{Namespace: "shop", ServiceAccount: "dns"},
		Port: 53, Protocol: policy.UDP,
	}
	if d := graph.Authorize(r); !d.Allowed {
		t.Errorf("denied: %s; problems %v", d.Reason, graph.Problems())
	}
}
