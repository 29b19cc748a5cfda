package queries

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/serin-dev/serin/api/v1alpha1"
)

var (
	placeholder = regexp.MustCompile(`\$\([^)]*\)?`)
	// safe is what may stand in a quoted string of PromQL as it is: the names that Kubernetes gives to objects.
	safe = regexp.MustCompile(`^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$`)
)

// value is what a placeholder stands for.
type value struct{ name, text string }

// placeholders are what stands for the names of a Canary and one of its versions.
func placeholders(canary *v1alpha1.Canary, version string) []value {
	apex := canary.Spec.Service.Name
	if apex == "" {
		apex = canary.Spec.TargetRef.Name
	}
	return []value{
		{"namespace", canary.Namespace}, {"canary", canary.Name}, {"version", version}, {"backend", apex + "-" + version},
	}
}

// expand replaces the placeholders of a query, or says what is wrong with one of them.
func expand(query string, values []value) (expanded, problem string) {
	expanded = placeholder.ReplaceAllStringFunc(query, func(found string) string {
		for _, v := range values {
			switch {
			case found != "$("+v.name+")":
			case !safe.MatchString(v.text):
				problem = fmt.Sprintf("cannot be asked: %s is %s, which is no name of Kubernetes", found, quoted(v.text))
				return found
			default:
				return v.text
			}
		}
		problem = fmt.Sprintf("has the unknown placeholder %s: use %s", strings.ToValidUTF8(found, ""), known(values))
		return found
	})
	return expanded, problem
}

// known lists the placeholders.
func known(values []value) string {
	var names []string
	for _, v := range values {
		names = append(names, "$("+v.name+")")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

func quoted(text string) string { return strconv.Quote(text) }
