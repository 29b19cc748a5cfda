package conformance

// accessCase is a published case about access: what is applied, and what follows for requests to the ServiceAccount b.
type accessCase struct {
	id, title, from string
	// objects are YAML documents of the namespace; those of outside are applied in another one.
	objects, outside string
	// steps are what is asked; between two steps the objects of remove are deleted.
	rows   []accessRow
	remove bool // afterwards, without the objects, everybody is denied again
}

// accessRow is one request, and whether it is allowed.
type accessRow struct {
	source, method, path string
	want                 bool
}

func allow(source, method, path string) accessRow { return accessRow{source, method, path, true} }
func deny(source, method, path string) accessRow  { return accessRow{source, method, path, false} }

// What the cases are made of.
const (
	aToB = `
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: a-b}
spec:
  destination: {kind: ServiceAccount, name: b, namespace: NAMESPACE}
  sources: [{kind: ServiceAccount, name: a, namespace: NAMESPACE}]
`
	everyPort = `
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: TCPRoute
metadata: {name: ports}
spec: {matches: {ports: []}}
`
	groupHead = `
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: routes}
spec:
  matches:
`
	byGroup = "  rules: [{kind: HTTPRouteGroup, name: routes}]\n"
)

var accessCases = []accessCase{
	{id: "TT-01", title: "without a TrafficTarget nothing is allowed", from: "learn-layer5 access 03",
		rows: []accessRow{deny("a", "GET", "/echo")}},
	{id: "TT-02 TT-03", title: "a TCPRoute without ports opens all of them to the source alone, and closes them when it is deleted", from: "learn-layer5 04-07",
		objects: aToB + "  rules: [{kind: TCPRoute, name: ports}]\n" + everyPort,
		rows:    []accessRow{allow("a", "GET", "/echo"), deny("c", "GET", "/echo")}, remove: true},
	{id: "TT-04", title: "a path with every method", from: "learn-layer5 spec 03-04",
		objects: aToB + byGroup + groupHead + "  - {name: metrics, pathRegex: /metrics, methods: ['*']}\n",
		rows:    []accessRow{allow("a", "GET", "/metrics"), allow("a", "POST", "/metrics"), deny("a", "GET", "/echo")}},
	{id: "TT-05", title: "every path with one method", from: "learn-layer5 spec 05-06",
		objects: aToB + byGroup + groupHead + "  - {name: all, pathRegex: .*, methods: [GET]}\n",
		rows:    []accessRow{allow("a", "GET", "/echo"), deny("a", "POST", "/echo")}},
	{id: "TT-06", title: "the example of the specification: web and c are the website and payments, prom is prometheus, b the API", from: "traffic-access.md",
		objects: `
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: api-service-metrics}
spec:
  destination: {kind: ServiceAccount, name: b, namespace: NAMESPACE}
  rules: [{kind: HTTPRouteGroup, name: routes, matches: [metrics]}]
  sources: [{kind: ServiceAccount, name: prom, namespace: NAMESPACE}]
---
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: api-service-api}
spec:
  destination: {kind: ServiceAccount, name: b, namespace: NAMESPACE}
  rules: [{kind: HTTPRouteGroup, name: routes, matches: [api]}]
  sources: [{kind: ServiceAccount, name: web, namespace: NAMESPACE}, {kind: ServiceAccount, name: c, namespace: NAMESPACE}]
` + groupHead + "  - {name: api, pathRegex: /api, methods: ['*']}\n  - {name: metrics, pathRegex: /metrics, methods: [GET]}\n",
		rows: []accessRow{
			allow("web", "GET", "/api"), allow("web", "POST", "/api"), deny("web", "GET", "/metrics"), deny("web", "POST", "/metrics"),
			allow("c", "GET", "/api"), allow("c", "POST", "/api"), deny("c", "GET", "/metrics"), deny("c", "POST", "/metrics"),
			deny("prom", "GET", "/api"), deny("prom", "POST", "/api"), allow("prom", "GET", "/metrics"), deny("prom", "POST", "/metrics"),
			deny("a", "GET", "/api"), deny("a", "POST", "/api"), deny("a", "GET", "/metrics"), deny("a", "POST", "/metrics"),
		}},
	{id: "TT-07", title: "a pathRegex is anchored at the start alone", from: "traffic-specs.md",
		objects: aToB + byGroup + groupHead + "  - {name: metrics, pathRegex: /metrics, methods: ['*']}\n",
		rows:    []accessRow{allow("a", "GET", "/metrics"), allow("a", "GET", "/metrics/x"), allow("a", "GET", "/metricsfoo"), deny("a", "GET", "/x/metrics")}},
	{id: "TT-10", title: "a rule without matches means all of them", from: "traffic-access.md",
		objects: aToB + byGroup + groupHead + "  - {name: one, pathRegex: /one, methods: ['*']}\n  - {name: two, pathRegex: /two, methods: ['*']}\n",
		rows:    []accessRow{allow("a", "GET", "/one"), allow("a", "GET", "/two"), deny("a", "GET", "/three")}},
	{id: "TT-12", title: "two TrafficTargets with the same routes", from: "OSM's unit tests",
		objects: aToB + byGroup + "---\n" + cToB + byGroup + groupHead + "  - {name: all, pathRegex: .*, methods: ['*']}\n",
		rows:    []accessRow{allow("a", "GET", "/"), allow("c", "GET", "/"), deny("web", "GET", "/")}},
	{id: "TT-13", title: "two TrafficTargets with different routes", from: "OSM's e2e tests",
		objects: aToB + "  rules: [{kind: HTTPRouteGroup, name: routes, matches: [anything]}]\n---\n" + cToB +
			"  rules: [{kind: HTTPRouteGroup, name: routes, matches: [foo]}]\n" + groupHead +
			"  - {name: anything, pathRegex: /anything, methods: ['*']}\n  - {name: foo, pathRegex: /foo, methods: ['*']}\n",
		rows: []accessRow{allow("a", "GET", "/anything"), deny("c", "GET", "/anything"), allow("c", "GET", "/foo"), deny("a", "GET", "/foo")}},
	{id: "TT-14", title: "a TrafficTarget of another namespace grants nothing", from: "OSM's e2e tests",
		outside: aToB + "  rules: [{kind: TCPRoute, name: ports}]\n" + everyPort,
		rows:    []accessRow{deny("a", "GET", "/echo")}},
	{id: "TT-16a", title: "the port of a TCPRoute, beside a UDPRoute", from: "traffic-specs.md",
		objects: aToB + "  rules: [{kind: TCPRoute, name: tcp}, {kind: UDPRoute, name: udp}]\n" + ports("TCPRoute", "tcp", "8301, 8080") + ports("UDPRoute", "udp", "8301"),
		rows:    []accessRow{allow("a", "GET", "/"), deny("c", "GET", "/")}},
	{id: "TT-16b", title: "a port that only a UDPRoute has is closed to TCP", from: "traffic-specs.md",
		objects: aToB + "  rules: [{kind: TCPRoute, name: tcp}, {kind: UDPRoute, name: udp}]\n" + ports("TCPRoute", "tcp", "8301") + ports("UDPRoute", "udp", "8080"),
		rows:    []accessRow{deny("a", "GET", "/")}},
}

const cToB = `
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: c-b}
spec:
  destination: {kind: ServiceAccount, name: b, namespace: NAMESPACE}
  sources: [{kind: ServiceAccount, name: c, namespace: NAMESPACE}]
`

func ports(kind, name, list string) string {
	return "\n---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: " + kind + "\nmetadata: {name: " + name + "}\nspec: {matches: {ports: [" + list + "]}}\n"
}
