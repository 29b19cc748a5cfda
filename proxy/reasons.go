package proxy

import (
	"fmt"

	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// Reasons of the Events on a TrafficSplit.
const (
	reasonInvalidSplit      = "InvalidSplit"
	reasonApexTaken         = "ApexTaken"
	reasonBackendMissing    = "BackendMissing"
	reasonPortMismatch      = "PortMismatch"
	reasonInvalidAccessMode = "InvalidAccessMode"
	reasonApexWithoutIP     = "ApexWithoutClusterIP"
	reasonListenFailed      = "ListenFailed"
)

// Flaws of a split that need no arguments.
const (
	noWeights  = "it gives no backend a weight above 0"
	hasMatches = "it is limited by matches, which the bundled proxy does not carry out"
)

// Bodies of the proxy's own responses, a line each.
const (
	noEndpoints  = "serin: no version of this service has a ready endpoint"
	notReachable = "serin: no endpoint of this service could be reached"
	brokenOff    = "serin: the endpoint broke the exchange off before it answered"
	tooSlow      = "serin: the endpoint did not answer in time"
	noTunnels    = "serin: CONNECT is not carried"
)

func forbidden(reason string) string {
	return "serin: " + reason
}

func neverValid(flaw string) string {
	return "the split is not served: " + flaw
}

func keptWeights(flaw string) string {
	return "the weights it last had stay in force: " + flaw
}

func negativeWeight(backend string, weight int64) string {
	return fmt.Sprintf("it gives backend %s the weight %d", backend, weight)
}

func leadsToItself(service string) string {
	return fmt.Sprintf("it names %s both as the service and as a backend", service)
}

func nestedSplit(backend string) string {
	return fmt.Sprintf("its backend %s is the service of another split", backend)
}

func apexTaken(apex string, winner types.NamespacedName) string {
	return fmt.Sprintf("Service %s is shared by the older split %s, so this one is ignored", apex, winner.Name)
}

func apexWithoutIP(apex string) string {
	return fmt.Sprintf("Service %s has no cluster IP, so the bundled proxy cannot stand behind it; give it one, or use another data plane", apex)
}

func backendMissing(backend string, weight int64) string {
	return fmt.Sprintf("backend Service %s does not exist, so the others get its weight of %d", backend, weight)
}

func portMismatch(backend, apex string, port int32) string {
	return fmt.Sprintf("backend Service %s has no port %d, so it gets none of the requests to that port of %s", backend, port, apex)
}

func invalidAccessMode(value string) string {
	return fmt.Sprintf("annotation %s is %q, which is not a mode; it is read as Enforce", v1alpha1.AnnotationAccessMode, value)
}
