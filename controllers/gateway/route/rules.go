package route

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// rule is a rule of a route of either kind. A match of a GRPCRoute has headers only.
type rule struct {
	matches  []gatewayv1.HTTPRouteMatch
	backends []gatewayv1.BackendRef
}

// rules are those of one route. Without matches every request is shared out; with them those that match are, and the last rule
// leads the others to the apex itself, whose endpoints it means as a backend: the Gateway API uses only one level.
func (b *builder) rules(port corev1.ServicePort, parents []parent, shared []gatewayv1.BackendRef) ([]rule, bool) {
	every := []gatewayv1.HTTPRouteMatch{{Path: anyPath()}}
	if len(b.in.Split.Spec.Matches) == 0 {
		return []rule{{matches: every, backends: shared}}, true
	}
	rest := rule{matches: every, backends: []gatewayv1.BackendRef{backendRef(b.apex.Name, port.Port, 1)}}
	w := &matchWriter{builder: b, grpc: speaksGRPC(port), dialect: dialectOf(parents)}
	matches, ok := w.all()
	switch {
	case !ok:
		return nil, false
	case w.undetermined && IsService(parents[0].ref):
		// The mesh says who it is in the status of this route, which changes nothing for any request.
		b.problem(ReasonUnsupported, askingMesh(b.apex.Name), blocks)
		return []rule{rest}, true
	case w.undetermined:
		return nil, b.refuse(ReasonUnsupported, unknownGateway(parents[0].ref.Name))
	case len(matches)+1 > maxMatches:
		return nil, b.refuse(ReasonUnsupported, tooManyMatches(len(matches)))
	}
	var rules []rule
	for chunk := range slices.Chunk(matches, maxRuleMatches) {
		rules = append(rules, rule{matches: chunk, backends: shared})
	}
	if len(rules)+1 > maxRules {
		return nil, b.refuse(ReasonUnsupported, tooManyMatches(len(matches)))
	}
	return append(rules, rest), true
}

func anyPath() *gatewayv1.HTTPPathMatch {
	return &gatewayv1.HTTPPathMatch{Type: ptr.To(gatewayv1.PathMatchPathPrefix), Value: ptr.To("/")}
}

func httpRules(rules []rule) []gatewayv1.HTTPRouteRule {
	var all []gatewayv1.HTTPRouteRule
	for _, r := range rules {
		next := gatewayv1.HTTPRouteRule{Matches: r.matches}
		for _, ref := range r.backends {
			next.BackendRefs = append(next.BackendRefs, gatewayv1.HTTPBackendRef{BackendRef: ref})
		}
		all = append(all, next)
	}
	return all
}

func grpcRules(rules []rule) []gatewayv1.GRPCRouteRule {
	var all []gatewayv1.GRPCRouteRule
	for _, r := range rules {
		next := gatewayv1.GRPCRouteRule{Matches: grpcMatches(r.matches)}
		for _, ref := range r.backends {
			next.BackendRefs = append(next.BackendRefs, gatewayv1.GRPCBackendRef{BackendRef: ref})
		}
		all = append(all, next)
	}
	return all
}

// grpcMatches are none, which is every request, as soon as one match has no headers.
func grpcMatches(matches []gatewayv1.HTTPRouteMatch) []gatewayv1.GRPCRouteMatch {
	var all []gatewayv1.GRPCRouteMatch
	for _, m := range matches {
		if len(m.Headers) == 0 {
			return nil
		}
		var headers []gatewayv1.GRPCHeaderMatch
		for _, h := range m.Headers {
			headers = append(headers, gatewayv1.GRPCHeaderMatch{
				Type: ptr.To(gatewayv1.GRPCHeaderMatchType(*h.Type)), Name: gatewayv1.GRPCHeaderName(h.Name), Value: h.Value,
			})
		}
		all = append(all, gatewayv1.GRPCRouteMatch{Headers: headers})
	}
	return all
}
