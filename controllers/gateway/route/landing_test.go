package route

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"
)

// TestJudge judges generation 3 of a route, written at second 0 and looked at 5 s later, by statuses in the forms in which the
// implementations write them.
func TestJudge(t *testing.T) {
	const (
		mesh = `{group: "", kind: Service, name: foobar, port: 8080}`
		edge = `{group: gateway.networking.k8s.io, kind: Gateway, name: edge}`
	)
	good := func(generation string) string {
		return `[{type: Accepted, status: "True", reason: Accepted` + generation + `}, {type: ResolvedRefs, status: "True", reason: ResolvedRefs` + generation + `}]`
	}
	says := func(controller, ref, conditions string) string {
		return `{controllerName: ` + controller + `, parentRef: ` + ref + `, conditions: ` + conditions + `}`
	}
	now := good(", observedGeneration: 3")
	cases := map[string]struct {
		ref         string
		controllers []string
		problem     string
		status      string
		age         time.Duration
		want        Answer
	}{
		"Istio answers for a Service": {ref: mesh, status: says(istio, mesh, now), want: Answer{Landed: true}},
		"Kuma, which writes the namespace": {
			ref: mesh, status: says("gateways.kuma.io/controller", `{group: "", kind: Service, namespace: shop, name: foobar, port: 8080}`, now),
			want: Answer{Landed: true},
		},
		"Linkerd calls the group core, and says no generation": {
			ref: mesh, status: says(linkerd, `{group: core, kind: Service, namespace: shop, name: foobar, port: 8080}`, good("")),
			want: Answer{
				Message: `HTTPRoute "shop" settles: linkerd.io/policy-controller for Service "foobar" port 8080 does not say of which generation it speaks, ` +
					"so it counts 10 s after it was written",
				Again: 5 * time.Second,
			},
		},
		"Linkerd, 10 s after the write": {
			ref: mesh, age: 10 * time.Second, status: says(linkerd, `{group: core, kind: Service, namespace: shop, name: foobar, port: 8080}`, good("")),
			want: Answer{Landed: true},
		},
		"another port of the Service": {
			ref: mesh, status: says(istio, `{group: "", kind: Service, name: foobar, port: 9090}`, now),
			want: Answer{Message: `HTTPRoute "shop" waits for its mesh to answer for Service "foobar" port 8080`},
		},
		"two meshes of which one waits": {
			ref: mesh, status: says(istio, mesh, now) + ", " + says(linkerd, mesh, good(", observedGeneration: 2")),
			want: Answer{Message: `HTTPRoute "shop" waits for linkerd.io/policy-controller for Service "foobar" port 8080, which has seen generation 2 of 3`},
		},
		"a mesh that is not known, alone": {ref: mesh, status: says("example.com/mesh", mesh, now), want: Answer{Landed: true}},
		"a mesh that is not known beside one that is": {
			ref: mesh, status: says("example.com/mesh", mesh, "[]") + ", " + says(istio, mesh, now), want: Answer{Landed: true},
		},
		"Istio's ambient mesh without a waypoint": {
			ref:    mesh,
			status: says(istio, mesh, now[:len(now)-1]+`, {type: ResolvedWaypoints, status: "False", reason: NoWaypoint, message: no waypoint, observedGeneration: 3}]`),
			want: Answer{Message: `HTTPRoute "shop" is not ready yet, says istio.io/gateway-controller for Service "foobar" port 8080: ` +
				"ResolvedWaypoints=False, NoWaypoint: no waypoint"},
		},
		"Traefik answers for a Gateway, leaving out what is the default": {
			ref: edge, controllers: []string{traefik}, status: says(traefik, `{name: edge}`, now), want: Answer{Landed: true},
		},
		"another controller than that of the Gateway's class": {
			ref: edge, controllers: []string{traefik}, status: says(istio, edge, now),
			want: Answer{Message: `HTTPRoute "shop" waits for traefik.io/gateway-controller to answer for Gateway "edge"; so far only istio.io/gateway-controller did`},
		},
		"nobody": {
			ref: edge, controllers: []string{traefik}, want: Answer{Message: `HTTPRoute "shop" waits for traefik.io/gateway-controller to answer for Gateway "edge"`},
		},
		"a Gateway that is not there": {ref: edge, problem: "no Gateway", status: says(traefik, edge, now), want: Answer{Message: "no Gateway"}},
		"an old generation": {
			ref: edge, controllers: []string{traefik}, status: says(traefik, edge, good(", observedGeneration: 2")),
			want: Answer{Message: `HTTPRoute "shop" waits for traefik.io/gateway-controller for Gateway "edge", which has seen generation 2 of 3`},
		},
		"no ResolvedRefs": {
			ref: edge, controllers: []string{traefik}, status: says(traefik, edge, `[{type: Accepted, status: "True", observedGeneration: 3}]`),
			want: Answer{Message: `HTTPRoute "shop" waits for traefik.io/gateway-controller for Gateway "edge" to say ResolvedRefs`},
		},
		"a reason that is final": {
			ref: edge, controllers: []string{traefik},
			status: says(traefik, edge, `[{type: Accepted, status: "False", reason: NotAllowedByListeners, message: never, observedGeneration: 3}]`),
			want:   Answer{Final: true, Message: `HTTPRoute "shop" is refused by traefik.io/gateway-controller for Gateway "edge": Accepted=False, NotAllowedByListeners: never`},
		},
		"a reason that may go away": {
			ref: edge, controllers: []string{traefik},
			status: says(traefik, edge, `[{type: Accepted, status: "True", observedGeneration: 3},`+
				` {type: ResolvedRefs, status: "False", reason: BackendNotFound, message: v2, observedGeneration: 3}]`),
			want: Answer{Message: `HTTPRoute "shop" is not ready yet, says traefik.io/gateway-controller for Gateway "edge": ResolvedRefs=False, BackendNotFound: v2`},
		},
		"taken in part, told of the generation before": {
			ref: edge, controllers: []string{traefik},
			status: says(traefik, edge, good(", observedGeneration: 2")[:len(good(", observedGeneration: 2"))-1]+
				`, {type: PartiallyInvalid, status: "True", reason: UnsupportedValue, message: Fall Back, observedGeneration: 2}]`),
			want: Answer{Final: true, Message: `HTTPRoute "shop" is taken only in part by traefik.io/gateway-controller for Gateway "edge": UnsupportedValue: Fall Back`},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := Written{Kind: KindHTTP, Namespace: "shop", Name: "shop", Generation: 3, At: time.Unix(0, 0)}
			parent := Expected{Controllers: tc.controllers, Problem: tc.problem}
			if err := yaml.Unmarshal([]byte(tc.ref), &parent.Ref); err != nil {
				t.Fatal(err)
			}
			var status gatewayv1.RouteStatus
			if err := yaml.UnmarshalStrict([]byte("parents: ["+tc.status+"]"), &status); err != nil {
				t.Fatal(err)
			}
			w.Parents, w.Status = []Expected{parent}, status.Parents
			age := tc.age
			if age == 0 {
				age = 5 * time.Second
			}
			if diff := cmp.Diff(tc.want, Judge(w, time.Unix(0, 0).Add(age))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
