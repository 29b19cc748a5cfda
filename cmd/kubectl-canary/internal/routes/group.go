package routes

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/policy"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Group makes a group of matches. What policy would not accept is an error.
func Group(name, namespace string, matches []specs.HTTPMatch) (*specs.HTTPRouteGroup, error) {
	if faults := validation.IsDNS1123Subdomain(name); len(faults) > 0 {
		return nil, fmt.Errorf("%q cannot be the name of an HTTPRouteGroup: %s (--name gives another)", name, faults[0])
	}
	if len(matches) == 0 {
		return nil, errors.New("it describes no operation")
	}
	slices.SortFunc(matches, func(a, b specs.HTTPMatch) int {
		return cmp.Or(cmp.Compare(order(a.PathRegex), order(b.PathRegex)), cmp.Compare(a.Name, b.Name))
	})
	g := specs.HTTPRouteGroup{
		TypeMeta:   metav1.TypeMeta{APIVersion: "specs.smi-spec.io/v1alpha4", Kind: "HTTPRouteGroup"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       specs.HTTPRouteGroupSpec{Matches: matches},
	}
	if problems := policy.Build(policy.Snapshot{HTTPRouteGroups: []specs.HTTPRouteGroup{g}}).Problems(); len(problems) > 0 {
		return nil, errors.New(problems[0].Message)
	}
	return &g, nil
}

// order puts a path before those with a parameter in its place, so that it is named when both match.
func order(pathRegex string) string { return strings.ReplaceAll(pathRegex, anySegment, "\U0010FFFF") }

// anySegment is what stands for a parameter.
const anySegment = "[^/]+"

// Name makes a name of what a description is called.
func Name(title string) string {
	name := strings.ToLower(regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(title, "-"))
	return cmp.Or(strings.Trim(name, "-"), "routes")
}
