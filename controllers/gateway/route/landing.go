package route

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Settle is how long after it was written a route counts as applied, if its controller never says of which generation it speaks.
const Settle = 10 * time.Second

const (
	accepted         = string(gatewayv1.RouteConditionAccepted)
	resolvedRefs     = string(gatewayv1.RouteConditionResolvedRefs)
	partiallyInvalid = string(gatewayv1.RouteConditionPartiallyInvalid)
	// resolvedWaypoints is Istio's: an ambient mesh accepts a route that no waypoint carries out.
	resolvedWaypoints = "ResolvedWaypoints"
)

// Written is a route as it is in the cluster.
type Written struct {
	Kind, Namespace, Name string
	Generation            int64
	// At is when its specification was last written by the bridge.
	At time.Time
	// Status is what the controllers of its parents say.
	Status []gatewayv1.RouteParentStatus
	// Parents are what it is attached to.
	Parents []Expected
}

// Expected is a parent, and who must answer for it.
type Expected struct {
	Ref gatewayv1.ParentReference
	// Controllers are the controllerNames that must answer; none means that a mesh must.
	Controllers []string
	// Problem says why nobody can answer, such as a Gateway that does not exist.
	Problem string
}

// Answer says whether a route landed.
type Answer struct {
	Landed bool
	// Message says what it waits for or what is wrong; empty when it landed.
	Message string
	// Final says that it does not get better by waiting.
	Final bool
	// Again is how long to wait before it is asked again, zero if a change of the route will tell.
	Again time.Duration
}

// Judge says whether every parent accepted a route as it is now. The first that did not decides, a final one before all.
func Judge(w Written, now time.Time) Answer {
	worst := Answer{Landed: true}
	for _, parent := range w.Parents {
		a := w.judgeParent(parent, now)
		if !a.Landed && (worst.Landed || a.Final && !worst.Final) {
			worst = a
		}
	}
	return worst
}

func (w Written) judgeParent(parent Expected, now time.Time) Answer {
	if parent.Problem != "" {
		return Answer{Message: parent.Problem}
	}
	statuses, others := w.answersFor(parent)
	if len(statuses) == 0 {
		return Answer{Message: w.noAnswer(parent, others)}
	}
	worst := Answer{Landed: true}
	for _, status := range statuses {
		a := w.judgeStatus(status, now)
		if !a.Landed && (worst.Landed || a.Final && !worst.Final) {
			worst = a
		}
	}
	return worst
}

// answersFor are what the expected controllers say of a parent, and the names of the others that say something. A mesh that Serin
// does not know counts if no known one answers.
func (w Written) answersFor(parent Expected) (statuses []gatewayv1.RouteParentStatus, others []string) {
	var strange []gatewayv1.RouteParentStatus
	for _, status := range w.Status {
		if !sameParent(status.ParentRef, parent.Ref, w.Namespace) {
			continue
		}
		name := string(status.ControllerName)
		switch {
		case slices.Contains(parent.Controllers, name), len(parent.Controllers) == 0 && isMesh(name):
			statuses = append(statuses, status)
		case len(parent.Controllers) == 0:
			strange = append(strange, status)
		default:
			others = append(others, name)
		}
	}
	if len(statuses) == 0 {
		return strange, others
	}
	return statuses, others
}

// ControllersOf are the controllerNames that answer for a Service parent, those of known meshes if there are any.
func (w Written) ControllersOf(ref gatewayv1.ParentReference) []string {
	statuses, _ := w.answersFor(Expected{Ref: ref})
	var names []string
	for _, status := range statuses {
		names = append(names, string(status.ControllerName))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (w Written) noAnswer(parent Expected, others []string) string {
	who := "its mesh"
	if len(parent.Controllers) > 0 {
		who = strings.Join(parent.Controllers, ", ")
	}
	message := fmt.Sprintf("%s waits for %s to answer for %s", w.title(), who, describe(parent.Ref))
	if len(others) > 0 {
		message += fmt.Sprintf("; so far only %s did", strings.Join(others, ", "))
	}
	return message
}

func (w Written) title() string { return fmt.Sprintf("%s %q", w.Kind, w.Name) }

// final are the reasons that do not go away by waiting.
var final = []string{
	string(gatewayv1.RouteReasonNoMatchingParent), string(gatewayv1.RouteReasonNotAllowedByListeners),
	string(gatewayv1.RouteReasonNoMatchingListenerHostname), string(gatewayv1.RouteReasonUnsupportedValue),
	string(gatewayv1.RouteReasonIncompatibleFilters), string(gatewayv1.RouteReasonInvalidKind),
	string(gatewayv1.RouteReasonRefNotPermitted), string(gatewayv1.RouteReasonUnsupportedProtocol), "Conflicted", "RouteReasonConflicted",
}

// judgeStatus judges what one controller says of one parent.
func (w Written) judgeStatus(status gatewayv1.RouteParentStatus, now time.Time) Answer {
	who := fmt.Sprintf("%s for %s", status.ControllerName, describe(status.ParentRef))
	find := func(kind string) *metav1.Condition {
		for i := range status.Conditions {
			if status.Conditions[i].Type == kind {
				return &status.Conditions[i]
			}
		}
		return nil
	}
	// Dropped rules are told of the generation before, with Accepted=True, so the generation is no question here.
	if c := find(partiallyInvalid); c != nil && c.Status == metav1.ConditionTrue {
		return Answer{Message: fmt.Sprintf("%s is taken only in part by %s: %s: %s", w.title(), who, c.Reason, c.Message), Final: true}
	}
	silent := false
	for _, kind := range []string{accepted, resolvedRefs, resolvedWaypoints} {
		c := find(kind)
		switch {
		case c == nil && kind == resolvedWaypoints:
			continue
		case c == nil:
			return Answer{Message: fmt.Sprintf("%s waits for %s to say %s", w.title(), who, kind)}
		case c.ObservedGeneration != 0 && c.ObservedGeneration < w.Generation:
			return Answer{Message: fmt.Sprintf("%s waits for %s, which has seen generation %d of %d", w.title(), who, c.ObservedGeneration, w.Generation)}
		case c.Status != metav1.ConditionTrue:
			return w.refused(who, c)
		}
		silent = silent || c.ObservedGeneration == 0
	}
	if wait := Settle - now.Sub(w.At); silent && wait > 0 {
		return Answer{
			Message: fmt.Sprintf("%s settles: %s does not say of which generation it speaks, so it counts %d s after it was written",
				w.title(), who, Settle/time.Second),
			Again: wait,
		}
	}
	return Answer{Landed: true}
}

func (w Written) refused(who string, c *metav1.Condition) Answer {
	a := Answer{Final: slices.Contains(final, c.Reason)}
	verb := "is not ready yet, says"
	if a.Final {
		verb = "is refused by"
	}
	a.Message = fmt.Sprintf("%s %s %s: %s=%s, %s: %s", w.title(), verb, who, c.Type, c.Status, c.Reason, c.Message)
	return a
}

// sameParent compares references as they are meant, not as they are written: controllers fill in what is left out, or leave out
// what is the default, and Linkerd calls the group of Services core.
func sameParent(a, b gatewayv1.ParentReference, namespace string) bool {
	return normal(a, namespace) == normal(b, namespace)
}

type normalRef struct {
	group, kind, namespace, name, section string
	port                                  int32
}

func normal(ref gatewayv1.ParentReference, namespace string) normalRef {
	n := normalRef{
		group: string(ptr.Deref(ref.Group, gatewayv1.GroupName)), kind: string(ptr.Deref(ref.Kind, kindGateway)),
		namespace: string(ptr.Deref(ref.Namespace, gatewayv1.Namespace(namespace))), name: string(ref.Name),
		section: string(ptr.Deref(ref.SectionName, "")), port: ptr.Deref(ref.Port, 0),
	}
	if n.kind == kindService && (n.group == groupCore || ref.Group == nil) {
		n.group = ""
	}
	if n.namespace == "" {
		n.namespace = namespace
	}
	return n
}

func describe(ref gatewayv1.ParentReference) string {
	text := fmt.Sprintf("%s %q", ptr.Deref(ref.Kind, kindGateway), ref.Name)
	if port := ptr.Deref(ref.Port, 0); port != 0 {
		text += fmt.Sprintf(" port %d", port)
	}
	if section := ptr.Deref(ref.SectionName, ""); section != "" {
		text += fmt.Sprintf(" listener %q", section)
	}
	return text
}
