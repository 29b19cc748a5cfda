package policy

import (
	"regexp"
	"slices"
	"strings"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
)

// reference is the decision procedure written down as it is specified: every object is read anew for every request. It returns
// the TrafficTargets that allow the request, in the order of the snapshot.
func reference(s Snapshot, r Request) []objectName {
	var allowing []objectName
	if (r.Source.Namespace == "" || r.Source.ServiceAccount == "") && r.SourceWorkload.SPIFFEID == "" || r.Protocol != TCP && r.Protocol != UDP && r.Protocol != HTTP {
		return nil
	}
	for _, tt := range s.TrafficTargets {
		named := slices.ContainsFunc(tt.Spec.Sources, func(source access.Subject) bool {
			return referenceCovers(s, tt.Namespace, source, r.Source, r.SourceWorkload)
		})
		if tt.Namespace == r.Destination.Namespace &&
			referenceCovers(s, tt.Namespace, tt.Spec.Destination, r.Destination, r.DestinationWorkload) &&
			named && referenceValid(tt.Spec) && referenceAllows(s, tt, r) {
			allowing = append(allowing, objectName{tt.Namespace, tt.Name})
		}
	}
	return allowing
}

func referenceCovers(s Snapshot, namespace string, subject access.Subject, id Identity, w Workload) bool {
	if subject.Namespace != "" {
		namespace = subject.Namespace
	}
	if subject.Kind == "ServiceAccount" {
		return subject.Name != "" && id == Identity{namespace, subject.Name}
	}
	for _, b := range s.IdentityBindings {
		if subject.Kind == "IdentityBinding" && b.Namespace == namespace && b.Name == subject.Name {
			return referenceBinds(b, id, w)
		}
	}
	return false
}

// referenceBinds is true where any of a binding's schemes means the workload, which must not be in another namespace.
func referenceBinds(b access.IdentityBinding, id Identity, w Workload) bool {
	schemes := b.Spec.Schemes
	valid := len(b.Spec.Problems) == 0 && (schemes.ServiceAccount == "" || len(schemes.PodLabelSelectors) == 0)
	meant := schemes.ServiceAccount != "" && id == Identity{b.Namespace, schemes.ServiceAccount}
	for _, written := range schemes.SPIFFEIdentities {
		written = strings.TrimPrefix(written, "spiffe://")
		valid = valid && referenceSPIFFE.MatchString(written)
		meant = meant || w.SPIFFEID != "" && written == strings.TrimPrefix(w.SPIFFEID, "spiffe://") &&
			(id.Namespace == b.Namespace || id.Namespace == "")
	}
	for _, selector := range schemes.PodLabelSelectors {
		valid = valid && len(selector.MatchLabels) > 0
		all := id.Namespace == b.Namespace && id.ServiceAccount != ""
		for name, value := range selector.MatchLabels {
			has, known := w.Labels[name]
			all = all && known && has == value
		}
		meant = meant || all
	}
	return valid && meant
}

var referenceSPIFFE = regexp.MustCompile(`^[a-z0-9._-]+(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$`)

func referenceValid(spec access.TrafficTargetSpec) bool {
	for _, source := range spec.Sources {
		if source.Kind != "ServiceAccount" && source.Kind != "IdentityBinding" {
			return false
		}
	}
	for _, rule := range spec.Rules {
		if rule.Kind != "HTTPRouteGroup" && rule.Kind != "TCPRoute" && rule.Kind != "UDPRoute" {
			return false
		}
	}
	port := spec.Destination.Port
	return len(spec.Rules) > 0 && len(spec.Problems) == 0 && port >= 0 && port <= 65535
}

// referenceAllows is true where each layer that the rules speak of has a rule that the request matches.
func referenceAllows(s Snapshot, tt access.TrafficTarget, r Request) bool {
	if port := tt.Spec.Destination.Port; port != 0 && port != r.Port {
		return false
	}
	namesL4, l4, namesL7, l7 := false, false, false, false
	for _, rule := range tt.Spec.Rules {
		switch rule.Kind {
		case "UDPRoute":
			namesL4 = true
			for _, route := range s.UDPRoutes {
				if route.Namespace == tt.Namespace && route.Name == rule.Name && r.Protocol == UDP {
					spec := specs.TCPRouteSpec{Matches: specs.TCPMatch(route.Spec.Matches), Problems: route.Spec.Problems}
					l4 = l4 || referencePort(spec, rule, r.Port)
				}
			}
		case "TCPRoute":
			namesL4 = true
			for _, route := range s.TCPRoutes {
				if route.Namespace == tt.Namespace && route.Name == rule.Name && r.Protocol != UDP {
					l4 = l4 || referencePort(route.Spec, rule, r.Port)
				}
			}
		case "HTTPRouteGroup":
			namesL7 = true
			for _, group := range s.HTTPRouteGroups {
				if group.Namespace == tt.Namespace && group.Name == rule.Name && r.Protocol == HTTP {
					l7 = l7 || referenceGroup(group.Spec, rule, r)
				}
			}
		}
	}
	return (l4 || !namesL4) && (l7 || !namesL7)
}

func referencePort(route specs.TCPRouteSpec, rule access.Rule, port int32) bool {
	for _, name := range rule.Matches {
		if name != route.Matches.Name {
			return false
		}
	}
	known := len(route.Matches.Ports) == 0 || slices.Contains(route.Matches.Ports, port) && port >= 1 && port <= 65535
	return len(route.Problems) == 0 && known
}

func referenceGroup(group specs.HTTPRouteGroupSpec, rule access.Rule, r Request) bool {
	uses := map[string]int{}
	for _, m := range group.Matches {
		uses[m.Name]++
	}
	for _, m := range group.Matches {
		meant := len(rule.Matches) == 0 || slices.Contains(rule.Matches, m.Name)
		if meant && uses[m.Name] == 1 && len(group.Problems) == 0 && referenceMatch(m, r) {
			return true
		}
	}
	return false
}

func referenceMatch(m specs.HTTPMatch, r Request) bool {
	paths, ok := referencePath(r.Path)
	if !ok {
		return false
	}
	regex, err := regexp.Compile(m.PathRegex)
	if err != nil {
		return false
	}
	for _, path := range paths {
		if at := regex.FindStringIndex(path); at == nil || at[0] != 0 {
			return false
		}
	}
	if len(m.Methods) > 0 && !slices.Contains(m.Methods, "*") && !slices.Contains(m.Methods, r.Method) {
		return false
	}
	headers := map[string][]string{}
	for name, values := range r.Headers {
		headers[strings.ToLower(name)] = append(headers[strings.ToLower(name)], values...)
	}
	if r.Host != "" {
		headers[":authority"] = []string{r.Host}
	}
	if _, ok := headers[":authority"]; !ok {
		headers[":authority"] = headers["host"]
	}
	headers["host"] = headers[":authority"]
	for name, pattern := range m.Headers {
		value, err := regexp.Compile(pattern)
		if err != nil || !slices.ContainsFunc(headers[strings.ToLower(name)], value.MatchString) {
			return false
		}
	}
	return true
}

var (
	referenceInvalid    = regexp.MustCompile(`#|^//|%[89a-fA-F]|%($|.$|[^0-9A-Fa-f]|.[^0-9A-Fa-f])|%2[Ff]|%5[Cc]|%00|[\x00-\x20\x7f\\]`)
	referenceUnreserved = regexp.MustCompile(`%(2[dDeE]|3[0-9]|4[1-9a-fA-F]|5[0-9aA]|5[fF]|6[1-9a-fA-F]|7[0-9aAeE])`)
	referenceParameter  = regexp.MustCompile(`/\.\.?;`)
	referenceUp         = regexp.MustCompile(`/\.\.(/|$)`)
	referenceDot        = regexp.MustCompile(`/\.(/|$)`)
	referenceAboveRoot  = regexp.MustCompile(`^/\.\.(/|$)`)
	referenceStep       = regexp.MustCompile(`/[^/]+/\.\.(/|$)`)
)

// referencePath is canonicalPath, for targets in ASCII, by rewriting the text until nothing is left to rewrite. It returns the
// path unmerged and merged.
func referencePath(target string) ([]string, bool) {
	path, _, _ := strings.Cut(target, "?")
	switch path {
	case "":
		return []string{"/"}, true
	case "*":
		return []string{"*"}, true
	}
	if path[0] != '/' || referenceInvalid.MatchString(path) {
		return nil, false
	}
	path = referenceUnreserved.ReplaceAllStringFunc(path, func(escape string) string {
		var c byte
		for _, digit := range strings.ToLower(escape[1:]) {
			c = c<<4 | byte(strings.IndexRune("0123456789abcdef", digit))
		}
		return string(rune(c))
	})
	path = regexp.MustCompile(`%..`).ReplaceAllStringFunc(path, strings.ToUpper)
	unmerged := path
	if referenceParameter.MatchString(path) ||
		strings.Contains(path, "//") && (referenceUp.MatchString(path) || referenceDot.MatchString(path)) {
		return nil, false
	}
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	for referenceDot.MatchString(path) {
		path = referenceDot.ReplaceAllString(path, "/")
	}
	for referenceUp.MatchString(path) {
		step := referenceAboveRoot
		if !step.MatchString(path) {
			step = referenceStep
		}
		at := step.FindStringIndex(path)
		path = path[:at[0]] + "/" + path[at[1]:]
	}
	return []string{unmerged, path}, true
}
