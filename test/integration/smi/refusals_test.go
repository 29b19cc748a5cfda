package smi_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/api/smi/split"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// refused is the body of every table below: the API server refuses the manifest for one reason, at a field, in a sentence.
func refused(ctx SpecContext, manifest, field, sentence string) {
	err := apply(ctx, manifests(freshNamespace(ctx), manifest)[0])
	var status *apierrors.StatusError
	Expect(errors.As(err, &status)).To(BeTrue(), "got %v", err)
	var causes []string
	for _, cause := range status.ErrStatus.Details.Causes {
		causes = append(causes, cause.Field+": "+cause.Message)
	}
	Expect(causes).To(HaveLen(1), strings.Join(causes, "\n"))
	Expect(causes[0]).To(And(HavePrefix(field+": "), HaveSuffix(sentence)))
}

func manifest(version, kind, fields string) string {
	groups := map[string]string{"TrafficSplit": "split", "TrafficTarget": "access", "IdentityBinding": "access"}
	group, known := groups[kind]
	if !known {
		group = "specs"
	}
	return "{apiVersion: " + group + ".smi-spec.io/" + version + ", kind: " + kind + ", metadata: {name: x}" + fields + "}"
}

func backends(version, list string) string {
	return manifest(version, "TrafficSplit", ", spec: {service: birds, backends: "+list+"}")
}

// Sentences that several entries share.
const (
	wholeNumber = "weight must be a whole number from 0 to 1000000; only v1alpha1 has quantities such as 500m"
	quantity    = "weight must be a number from 0 to 1000000, in whole thousandths, such as 1, 0.5 or 500m"
	allZero     = "at least one weight must be above 0, or no backend would get a request"
	mixed       = "a weight above 1000 and a weight with a fraction must not meet in one split"
)

var _ = DescribeTable("a TrafficSplit is refused with one sentence", refused,
	Entry("no spec", manifest("v1alpha4", "TrafficSplit", ""), "<nil>", "spec is missing; a split needs a service and backends"),
	Entry("no service", manifest("v1alpha2", "TrafficSplit", ", spec: {backends: [{service: a, weight: 1}]}"),
		"spec", "spec.service is missing; it names the Service that clients call"),
	Entry("no backends", manifest("v1alpha4", "TrafficSplit", ", spec: {service: birds}"),
		"spec", "spec.backends is missing; a split needs at least one backend"),
	Entry("an empty list of backends", backends("v1alpha1", "[]"),
		"spec", "spec.backends is missing; a split needs at least one backend"),
	Entry("a backend without a service", backends("v1alpha4", "[{weight: 1}]"), "spec.backends[0]", "a backend needs a service"),
	Entry("a backend without a weight", backends("v1alpha4", "[{service: a}]"), "spec.backends[0]", "a backend needs a weight"),
	Entry("itself as a backend", backends("v1alpha4", "[{service: a, weight: 1}, {service: birds, weight: 1}]"),
		"spec", "a split must not lead to itself; spec.service must not be one of its backends"),
	Entry("a backend twice", backends("v1alpha3", "[{service: a, weight: 1}, {service: a, weight: 1}]"),
		"spec.backends", "a service must not be a backend more than once"),
	Entry("a negative weight", backends("v1alpha4", "[{service: a, weight: -1}]"), "spec.backends[0]", wholeNumber),
	Entry("a weight above a million", backends("v1alpha2", "[{service: a, weight: 1000001}]"), "spec.backends[0]", wholeNumber),
	Entry("a quantity after v1alpha1", backends("v1alpha3", "[{service: a, weight: 500m}]"), "spec.backends[0]", wholeNumber),
	Entry("only weights of 0", backends("v1alpha4", "[{service: a, weight: 0}, {service: b, weight: 0}]"), "spec.backends", allZero),
	Entry("only quantities of 0", backends("v1alpha1", "[{service: a, weight: 0m}, {service: b, weight: '0.0'}, {service: c, weight: 0}]"),
		"spec.backends", allZero),
	Entry("a negative quantity", backends("v1alpha1", "[{service: a, weight: '-500m'}]"), "spec.backends[0]", quantity),
	Entry("a quantity above a million", backends("v1alpha1", "[{service: a, weight: 2M}]"), "spec.backends[0]", quantity),
	Entry("a quantity finer than thousandths", backends("v1alpha1", "[{service: a, weight: 1500u}]"), "spec.backends[0]", quantity),
	Entry("a word as a quantity", backends("v1alpha1", "[{service: a, weight: half}]"), "spec.backends[0]", quantity),
	Entry("a quantity too fine beside one too coarse", backends("v1alpha1", "[{service: a, weight: 1001}, {service: b, weight: 1m}]"),
		"spec.backends", mixed),
	Entry("matches of another kind", manifest("v1alpha4", "TrafficSplit",
		", spec: {service: birds, matches: [{kind: TCPRoute, name: a}], backends: [{service: a, weight: 1}]}"),
		"spec.matches[0]", "a match's kind must be HTTPRouteGroup"),
	Entry("a match without a name", manifest("v1alpha4", "TrafficSplit",
		", spec: {service: birds, matches: [{kind: HTTPRouteGroup}], backends: [{service: a, weight: 1}]}"),
		"spec.matches[0]", "a match needs a kind and a name"),
)

const subject = "{kind: ServiceAccount, name: a}"

var _ = DescribeTable("a TrafficTarget is refused with one sentence", refused,
	Entry("neither form in v1alpha1", manifest("v1alpha1", "TrafficTarget", ", sources: ["+subject+"]"),
		"<nil>", "a TrafficTarget needs a destination, in spec or, as v1alpha1 has it, at the top level"),
	Entry("neither form in v1alpha4", manifest("v1alpha4", "TrafficTarget", ""),
		"<nil>", "a TrafficTarget needs a destination, in spec or, as v1alpha1 has it, at the top level"),
	Entry("both forms", manifest("v1alpha2", "TrafficTarget", ", sources: ["+subject+"], spec: {destination: "+subject+"}"),
		"<nil>", "a TrafficTarget has its fields in spec or, as v1alpha1 has them, at the top level, but not in both places"),
	Entry("a spec without a destination", manifest("v1alpha2", "TrafficTarget", ", spec: {sources: ["+subject+"]}"),
		"spec", "spec.destination is missing; it names the identity that may be called"),
	Entry("no rules in v1alpha3", manifest("v1alpha3", "TrafficTarget", ", spec: {destination: "+subject+", sources: []}"),
		"spec", "spec.rules is missing; it names the routes that are allowed"),
	Entry("no sources in v1alpha4", manifest("v1alpha4", "TrafficTarget", ", spec: {destination: "+subject+", rules: []}"),
		"spec", "spec.sources is missing; it names the identities that may call"),
	Entry("a destination without a name", manifest("v1alpha1", "TrafficTarget", ", destination: {kind: ServiceAccount}"),
		"destination", "a destination and a source need a kind and a name"),
	Entry("a port that is none", manifest("v1alpha1", "TrafficTarget", ", destination: {kind: ServiceAccount, name: a, port: 0}"),
		"destination.port", "should be greater than or equal to 1"),
	Entry("a rule of another kind", manifest("v1alpha1", "TrafficTarget", ", destination: "+subject+", specs: [{kind: Ingress, name: a}]"),
		"specs[0]", "a rule's kind must be HTTPRouteGroup, TCPRoute or UDPRoute"),
	Entry("a rule without a name", manifest("v1alpha2", "TrafficTarget", ", spec: {destination: "+subject+", rules: [{kind: TCPRoute}]}"),
		"spec.rules[0]", "a rule needs a kind and a name"),
)

var _ = DescribeTable("an IdentityBinding is refused with one sentence", refused,
	Entry("no spec", manifest("v1alpha4", "IdentityBinding", ""), "<nil>", "spec is missing; a binding needs schemes"),
	Entry("no schemes", manifest("v1alpha4", "IdentityBinding", ", spec: {}"),
		"spec", "spec.schemes is missing; it says which workloads are meant"),
	Entry("schemes of none", manifest("v1alpha4", "IdentityBinding", ", spec: {schemes: {spiffeIdentities: []}}"), "spec.schemes",
		"a binding needs a scheme, podLabelSelectors, spiffeIdentities or serviceAccount, or it names nobody"),
	Entry("labels and a ServiceAccount",
		manifest("v1alpha4", "IdentityBinding", ", spec: {schemes: {podLabelSelectors: [{matchLabels: {a: b}}], serviceAccount: x}}"),
		"spec.schemes", "podLabelSelectors and serviceAccount exclude each other; make two bindings"),
	Entry("a selector of every pod", manifest("v1alpha4", "IdentityBinding", ", spec: {schemes: {podLabelSelectors: [{matchLabels: {}}]}}"),
		"spec.schemes.podLabelSelectors[0]", "a selector needs matchLabels; without any it would mean every pod"),
	Entry("expressions", manifest("v1alpha4", "IdentityBinding",
		", spec: {schemes: {podLabelSelector: {matchLabels: {a: b}, matchExpressions: [{key: c, operator: DoesNotExist}]}}}"),
		"spec.schemes.podLabelSelector", "matchExpressions are not part of SMI; only matchLabels select pods"),
)

var _ = DescribeTable("a route object is refused with one sentence", refused,
	Entry("a group without matches", manifest("v1alpha4", "HTTPRouteGroup", ", spec: {}"),
		"<nil>", "an HTTPRouteGroup needs matches, in spec or, as v1alpha1 and v1alpha2 have them, at the top level"),
	Entry("a group with both forms", manifest("v1alpha3", "HTTPRouteGroup", ", matches: [], spec: {matches: []}"), "<nil>",
		"an HTTPRouteGroup has its matches in spec or, as v1alpha1 and v1alpha2 have them, at the top level, but not in both places"),
	Entry("a match without a name", manifest("v1alpha1", "HTTPRouteGroup", ", matches: [{pathRegex: /a}]"),
		"matches[0]", "a match needs a name"),
	Entry("two matches of one name", manifest("v1alpha4", "HTTPRouteGroup", ", spec: {matches: [{name: a}, {name: a}]}"),
		"spec.matches", "two matches of a group must not have the same name"),
	Entry("a method in lower case", manifest("v1alpha4", "HTTPRouteGroup", ", spec: {matches: [{name: a, methods: [get]}]}"),
		"spec.matches[0]",
		`methods must be GET, HEAD, PUT, POST, DELETE, CONNECT, OPTIONS, TRACE or PATCH, in capitals, or "*" for any`),
	Entry("a path that is no expression", manifest("v1alpha4", "HTTPRouteGroup", ", spec: {matches: [{name: a, pathRegex: '/(a'}]}"),
		"spec.matches[0]", "pathRegex is not a regular expression that RE2 accepts"),
	Entry("TCP ports at the top level", manifest("v1alpha1", "TCPRoute", ", matches: {ports: [8080]}"), "<nil>",
		"ports belong in spec.matches.ports; no version has matches at the top level, and without ports every port is meant"),
	Entry("a TCP port that is none", manifest("v1alpha4", "TCPRoute", ", spec: {matches: {ports: [70000]}}"),
		"spec.matches.ports[0]", "should be less than or equal to 65535"),
	Entry("UDP ports at the top level", manifest("v1alpha4", "UDPRoute", ", matches: {ports: [8080]}"), "<nil>",
		"ports belong in spec.matches.ports; no version has matches at the top level, and without ports every port is meant"),
)

// What the API server admits must also be understood: an admitted object that has Problems would be refused after all, where
// its author does not see it.
var _ = DescribeTable("what is admitted at the edge of the rules is read without problems",
	func(ctx SpecContext, manifest string) {
		object := manifests(freshNamespace(ctx), manifest)[0]
		Expect(apply(ctx, object)).To(Succeed())
		read := hubObject(object.GetKind())
		Expect(typed.Get(ctx, client.ObjectKeyFromObject(object), read)).To(Succeed())
		Expect(problems(read)).To(BeEmpty())
	},
	Entry("weights of nothing but fractions", backends("v1alpha1", "[{service: a, weight: '.5'}, {service: b, weight: 1m}]")),
	Entry("the coarsest and the finest fraction", backends("v1alpha1", "[{service: a, weight: 1000}, {service: b, weight: 1m}]")),
	Entry("zeros and whole thousands of thousandths beside a large weight",
		backends("v1alpha1", "[{service: a, weight: 1000000}, {service: b, weight: 0m}, {service: c, weight: 3000m}, {service: d, weight: '7.0'}]")),
	Entry("a suffix that multiplies", backends("v1alpha1", "[{service: a, weight: 1M}, {service: b, weight: 2k}]")),
	Entry("the most backends", backends("v1alpha4", "["+list(64, "{service: b%d, weight: 1000000}")+"]")),
	Entry("the apex written with its domain", backends("v1alpha4", "[{service: birds.shop, weight: 1}]")),
	Entry("a TrafficTarget with nothing but a destination", manifest("v1alpha1", "TrafficTarget", ", destination: "+subject)),
	Entry("a v1alpha2 TrafficTarget with nothing but a destination", manifest("v1alpha2", "TrafficTarget", ", spec: {destination: "+subject+"}")),
	Entry("empty rules and sources, which allow nothing",
		manifest("v1alpha3", "TrafficTarget", ", spec: {destination: "+subject+", rules: [], sources: []}")),
	Entry("the v1alpha1 form in v1alpha4", manifest("v1alpha4", "TrafficTarget", ", destination: "+subject+", sources: ["+subject+"]")),
	Entry("top-level matches in v1alpha4", manifest("v1alpha4", "HTTPRouteGroup", ", matches: [{name: a, headers: [{x: 'y'}]}]")),
	Entry("an empty spec beside top-level matches", manifest("v1alpha2", "HTTPRouteGroup", ", spec: {}, matches: [{name: a}]")),
	Entry("a match that is only a name", manifest("v1alpha4", "HTTPRouteGroup", ", spec: {matches: [{name: a, methods: ['*', GET]}]}")),
	Entry("the most matches", manifest("v1alpha4", "HTTPRouteGroup",
		", spec: {matches: ["+list(256, `{name: m%d, pathRegex: "^/(?P<id>[0-9]+)", headers: {x: "1"}}`)+"]}")),
	Entry("both forms of pod labels, and SPIFFE ids", manifest("v1alpha4", "IdentityBinding",
		", spec: {schemes: {podLabelSelectors: [{name: x, matchLabels: {a: b}}], podLabelSelector: {matchLabels: {c: ''}}, "+
			"spiffeIdentities: ['spiffe://a/b', a]}}")),
	Entry("a UDPRoute without ports", manifest("v1alpha4", "UDPRoute", ", spec: {}")),
	Entry("a TCPRoute without ports", manifest("v1alpha4", "TCPRoute", ", spec: {matches: {ports: []}}")),
)

// list joins n numbered pieces.
func list(n int, format string) string {
	pieces := make([]string, n)
	for i := range pieces {
		pieces[i] = fmt.Sprintf(format, i)
	}
	return strings.Join(pieces, ", ")
}

func problems(object client.Object) []string {
	switch o := object.(type) {
	case *split.TrafficSplit:
		return o.Spec.Problems
	case *access.TrafficTarget:
		return o.Spec.Problems
	case *specs.HTTPRouteGroup:
		return o.Spec.Problems
	case *specs.TCPRoute:
		return o.Spec.Problems
	case *specs.UDPRoute:
		return o.Spec.Problems
	case *access.IdentityBinding:
		return o.Spec.Problems
	default:
		return nil
	}
}
