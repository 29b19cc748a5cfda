package translate

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/serin-dev/serin/policy"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// istioPolicy is an AuthorizationPolicy of Istio, as far as grants need it.
type istioPolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec istioSpec `json:"spec"`
}

func (*istioPolicy) kind() string { return "AuthorizationPolicy" }

type istioSpec struct {
	Selector *istioSelector `json:"selector,omitempty"`
	Action   string         `json:"action,omitempty"`
	Rules    []istioRule    `json:"rules,omitempty"`
}

type istioSelector struct {
	MatchLabels map[string]string `json:"matchLabels"`
}

type istioRule struct {
	From []istioFrom      `json:"from"`
	To   []istioTo        `json:"to,omitempty"`
	When []istioCondition `json:"when,omitempty"`
}

type istioFrom struct {
	Source istioSource `json:"source"`
}

type istioSource struct {
	Principals []string `json:"principals"`
}

type istioTo struct {
	Operation istioOperation `json:"operation"`
}

type istioOperation struct {
	Ports   []string `json:"ports,omitempty"`
	Methods []string `json:"methods,omitempty"`
	Paths   []string `json:"paths,omitempty"`
}

type istioCondition struct {
	Key    string   `json:"key"`
	Values []string `json:"values"`
}

func newIstioPolicy(m metav1.ObjectMeta, spec istioSpec) *istioPolicy {
	return &istioPolicy{metav1.TypeMeta{APIVersion: "security.istio.io/v1", Kind: "AuthorizationPolicy"}, m, spec}
}

// allowNothing denies every request to a namespace that no other policy allows.
func allowNothing(namespace string) *istioPolicy {
	return newIstioPolicy(metadata(namespace, "smi-deny-by-default"), istioSpec{})
}

// istioPolicies allow what is granted on the pods of a destination.
func (j *job) istioPolicies(d destination) []any {
	spec := istioSpec{Action: "ALLOW"}
	for _, g := range d.grants {
		spec.Rules = append(spec.Rules, j.istioRules(g)...)
	}
	var all []any
	for _, s := range d.selectors {
		spec.Selector = &istioSelector{s.labels}
		all = append(all, newIstioPolicy(metadata(d.Namespace, nameOf(d, s), d.grants...), spec))
	}
	return all
}

func (j *job) istioRules(g policy.Grant) []istioRule {
	var principals, ports []string
	for _, source := range g.Sources {
		principals = append(principals, fmt.Sprintf("%s/ns/%s/sa/%s", j.TrustDomain, source.Namespace, source.ServiceAccount))
	}
	for _, port := range g.Ports {
		ports = append(ports, strconv.Itoa(int(port)))
	}
	from := []istioFrom{{istioSource{principals}}}
	if g.AnyTraffic {
		if g.EveryPort {
			return []istioRule{{From: from}}
		}
		return []istioRule{{From: from, To: []istioTo{{istioOperation{Ports: ports}}}}}
	}
	rules := make([]istioRule, 0, len(g.Matches))
	for _, m := range g.Matches {
		operation, when := istioMatch(m)
		operation.Ports = ports
		rules = append(rules, istioRule{From: from, To: []istioTo{{operation}}, When: when})
	}
	return rules
}

// istioMatch writes a match that was checked. One that any HTTP request meets asks for a method, which only HTTP requests have.
func istioMatch(m policy.GrantedMatch) (istioOperation, []istioCondition) {
	operation := istioOperation{Methods: slices.Clone(m.Methods)}
	if c, _ := compare(m.PathRegex, atStart); c.kind != anything {
		operation.Paths = []string{istioText(c)}
	}
	if len(operation.Methods) == 0 && len(operation.Paths) == 0 {
		operation.Methods = []string{"*"}
	}
	var when []istioCondition
	for _, h := range m.Headers {
		c, _ := compare(h.Regex, anywhere)
		when = append(when, istioCondition{Key: "request.headers[" + h.Name + "]", Values: []string{istioText(c)}})
	}
	return operation, when
}

func istioText(c comparison) string {
	switch c.kind {
	case prefix:
		return c.text + "*"
	case suffix:
		return "*" + c.text
	case anything:
		return "*"
	default:
		return c.text
	}
}

var (
	// plainPath are the texts that every proxy reads as they stand: no escapes, nothing that stands for more, no segments that merge.
	plainPath   = regexp.MustCompile(`^[A-Za-z0-9._~!$&'()+,;=:@/-]+$`)
	dotSegments = regexp.MustCompile(`/\.{0,2}/|/\.{1,2}$`)
	token       = regexp.MustCompile("^[A-Za-z0-9!#$%&'+.^_`|~-]+$")
)

// isPlainValue says whether a text means itself, and whether joining several values by a comma cannot make it.
func isPlainValue(text string) bool {
	if text == "" || strings.TrimSpace(text) != text {
		return false
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' || r == '*' || r == ',' })
}

// checkIstio says what of a grant Istio cannot say.
func checkIstio(g policy.Grant) error {
	for _, m := range g.Matches {
		if err := checkIstioMatch(m); err != nil {
			return fmt.Errorf("match %s of HTTPRouteGroup %s: %w", m.Name, m.Group, err)
		}
	}
	return nil
}

func checkIstioMatch(m policy.GrantedMatch) error {
	for _, method := range m.Methods {
		if !token.MatchString(method) {
			return fmt.Errorf("%q is no method that Istio compares as it is written", method)
		}
	}
	c, isText := compare(m.PathRegex, atStart)
	switch {
	case !isText:
		return fmt.Errorf("Istio compares paths with a whole text, a prefix or a suffix, and the pathRegex %s is none of them", m.PathRegex)
	case c.kind != anything && (!plainPath.MatchString(c.text) || dotSegments.MatchString(c.text)):
		return fmt.Errorf("the path %q of its pathRegex has characters or segments that Istio would read otherwise", c.text)
	}
	for _, h := range m.Headers {
		if err := checkIstioHeader(h); err != nil {
			return err
		}
	}
	return nil
}

func checkIstioHeader(h policy.GrantedHeader) error {
	c, isText := compare(h.Regex, anywhere)
	switch {
	case h.Name == ":authority":
		return errors.New("it has a condition on the host, and Istio compares hosts without regard to upper and lower case")
	case !token.MatchString(h.Name):
		return fmt.Errorf("%q is no name of a header", h.Name)
	case !isText:
		return fmt.Errorf("Istio compares headers with a whole text, a prefix or a suffix, and the pattern %s of %s is none of them: "+
			"it is searched for anywhere unless ^ or $ stands at its ends", h.Regex, h.Name)
	case c.kind != anything && !isPlainValue(c.text):
		return fmt.Errorf("the text %q in the pattern of header %s has characters that Istio would read otherwise", c.text, h.Name)
	}
	return nil
}
