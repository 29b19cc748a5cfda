package route

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/serin-dev/serin/api/smi/specs"

	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// methods are those that an HTTPRoute can name.
var methods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

// matchWriter writes the matches of HTTPRouteGroups as those of a route.
type matchWriter struct {
	*builder
	grpc    bool
	dialect *dialect // of those who will read them
	// undetermined says that a match depends on who reads it, and that nobody has answered yet.
	undetermined bool
}

// all are the matches of every group that the split names, any of which may match.
func (w *matchWriter) all() ([]gatewayv1.HTTPRouteMatch, bool) {
	var matches []gatewayv1.HTTPRouteMatch
	for _, ref := range w.in.Split.Spec.Matches {
		if group := cmp.Or(ref.APIGroup, specs.GroupVersion.Group); group != specs.GroupVersion.Group {
			return nil, w.refuse(ReasonUnsupported, otherGroup(ref.Name, group))
		}
		group := w.in.Groups[ref.Name]
		switch {
		case group == nil:
			return nil, w.refuse(ReasonNotUnderstood, noGroup(ref.Name))
		case len(group.Spec.Problems) > 0:
			return nil, w.refuse(ReasonNotUnderstood, badGroup(ref.Name, group.Spec.Problems[0]))
		}
		for _, m := range group.Spec.Matches {
			next, err := w.write(m)
			if err != nil {
				return nil, w.refuse(ReasonUnsupported, badMatch(ref.Name, m.Name, err))
			}
			matches = append(matches, next...)
		}
	}
	return matches, true
}

// write writes one match: once for each of its methods.
func (w *matchWriter) write(m specs.HTTPMatch) ([]gatewayv1.HTTPRouteMatch, error) {
	path, err := w.path(m.PathRegex)
	if err != nil {
		return nil, err
	}
	headers, err := w.headers(m.Headers)
	if err != nil {
		return nil, err
	}
	if w.grpc && (*path.Type != gatewayv1.PathMatchPathPrefix || !anyMethod(m.Methods) && !slices.Contains(m.Methods, "POST")) {
		return nil, errNotForGRPC
	}
	if w.grpc || anyMethod(m.Methods) {
		return []gatewayv1.HTTPRouteMatch{{Path: path, Headers: headers}}, nil
	}
	var matches []gatewayv1.HTTPRouteMatch
	for _, method := range m.Methods {
		if !slices.Contains(methods, method) {
			return nil, oddMethod(method)
		}
		matches = append(matches, gatewayv1.HTTPRouteMatch{Path: path, Headers: headers, Method: ptr.To(gatewayv1.HTTPMethod(method))})
	}
	return matches, nil
}

func anyMethod(methods []string) bool {
	return len(methods) == 0 || slices.Contains(methods, "*")
}

// path writes a pathRegex, which matches at the start of the path.
func (w *matchWriter) path(pattern string) (*gatewayv1.HTTPPathMatch, error) {
	written, err := portable(pattern)
	switch {
	case err != nil:
		return nil, err
	case isAnyPath(pattern):
		return anyPath(), nil
	}
	if exact := exactPath(pattern); exact != "" {
		return &gatewayv1.HTTPPathMatch{Type: ptr.To(gatewayv1.PathMatchExact), Value: ptr.To(exact)}, nil
	}
	if err := w.readers(); err != nil {
		return nil, err
	}
	value := w.dialect.path(written)
	if len(value) > maxPathBytes {
		return nil, tooLong("pathRegex", len(value), maxPathBytes)
	}
	return &gatewayv1.HTTPPathMatch{Type: ptr.To(gatewayv1.PathMatchRegularExpression), Value: ptr.To(value)}, nil
}

// headers writes header expressions, which may match anywhere in a value, in the order of their names.
func (w *matchWriter) headers(of map[string]string) ([]gatewayv1.HTTPHeaderMatch, error) {
	if len(of) > maxHeaders {
		return nil, tooLong("headers, in number,", len(of), maxHeaders)
	}
	written := map[string]string{}
	for name, pattern := range of {
		name = strings.ToLower(name) // Kuma takes no other
		if name == ":authority" {
			name = "host"
		}
		if _, twice := written[name]; twice {
			return nil, sameHeader(name)
		}
		written[name] = pattern
	}
	var matches []gatewayv1.HTTPHeaderMatch
	for _, name := range slices.Sorted(maps.Keys(written)) {
		kind, value, err := w.header(written[name])
		if err != nil {
			return nil, err
		}
		matches = append(matches, gatewayv1.HTTPHeaderMatch{Type: ptr.To(kind), Name: gatewayv1.HTTPHeaderName(name), Value: value})
	}
	return matches, nil
}

func (w *matchWriter) header(pattern string) (gatewayv1.HeaderMatchType, string, error) {
	written, err := portable(pattern)
	if err != nil {
		return "", "", err
	}
	if exact := exactValue(pattern); exact != "" {
		return gatewayv1.HeaderMatchExact, exact, nil
	}
	if err := w.readers(); err != nil {
		return "", "", err
	}
	value := w.dialect.header(written)
	if len(value) > maxHeaderBytes {
		return "", "", tooLong("header expression", len(value), maxHeaderBytes)
	}
	return gatewayv1.HeaderMatchRegularExpression, value, nil
}

// readers refuses an expression that someone would read of whom it is not known how. While nobody is known, it goes on as if for
// everybody, and remembers that what comes out must not be used.
func (w *matchWriter) readers() error {
	if w.dialect.unknown != "" {
		return unknownReader(w.dialect.unknown)
	}
	w.undetermined = w.undetermined || w.dialect.nobody
	return nil
}
