package translate

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/smifile"
	"github.com/serin-dev/serin/policy"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Names of what grants are translated for.
const (
	ForNetworkPolicy = "networkpolicy"
	ForIstio         = "istio"
	ForLinkerd       = "linkerd"
)

// For lists what grants can be translated for.
func For() []string { return []string{ForNetworkPolicy, ForIstio, ForLinkerd} }

// Input is what is translated.
type Input struct {
	Grants    []policy.Grant
	Targets   []access.TrafficTarget
	Workloads []smifile.Workload
	// Namespace is the one whose destinations are translated; empty means all.
	Namespace string
	// TrustDomain is the first part of the identities of Istio.
	TrustDomain string
	// HTTPRules says what becomes of rules about HTTP where they cannot be enforced.
	HTTPRules HTTPRules
	// Paths says what becomes of rules about paths where they are compared as they are sent.
	Paths Paths
}

// Paths says what becomes of rules about paths for Linkerd, which compares paths as they are sent: /open/../closed is below /open.
type Paths int

// What becomes of rules about paths.
const (
	// RefusePaths refuses TrafficTargets that have such rules.
	RefusePaths Paths = iota
	// PathsAsSent translates them, for servers that read paths as they are sent.
	PathsAsSent
)

// HTTPRules says what becomes of rules about HTTP in a NetworkPolicy, which knows none.
type HTTPRules int

// What becomes of rules about HTTP.
const (
	// RefuseHTTP refuses TrafficTargets that have such rules.
	RefuseHTTP HTTPRules = iota
	// LeaveHTTP leaves such rules to something else that enforces them, so that the callers and ports alone are translated.
	LeaveHTTP
)

// Refusal is why a TrafficTarget is not translated.
type Refusal struct {
	// Target is the TrafficTarget, as namespace/name.
	Target string
	// Reason completes the sentence "TrafficTarget NAME cannot be exported: ...".
	Reason string
}

// Result is what became of an Input.
type Result struct {
	// Notes say what the objects need, to do what they say.
	Notes []string
	// Objects are sorted by namespace.
	Objects  []any
	Refusals []Refusal
}

// Translate writes grants as objects. What the objects are for is one of For.
func Translate(what string, in Input) (Result, error) {
	j := &job{Input: in, pods: podsOf(in.Workloads), refused: map[string]string{}}
	j.refuseWhatNobodyReads(what)
	writers := map[string]func(*job, destination) []any{
		ForNetworkPolicy: (*job).networkPolicies, ForIstio: (*job).istioPolicies, ForLinkerd: (*job).linkerdPolicies,
	}
	write := writers[what]
	if write == nil {
		return Result{}, fmt.Errorf("--for=%s is not known: use %s", what, strings.Join(For(), ", "))
	}
	result := Result{Notes: notes(what)}
	for _, namespace := range j.namespaces() {
		if deny := denyByDefault(what, namespace); deny != nil {
			result.Objects = append(result.Objects, deny)
		}
		for _, d := range j.destinations(what, namespace) {
			result.Objects = append(result.Objects, write(j, d)...)
		}
	}
	for _, target := range slices.Sorted(maps.Keys(j.refused)) {
		result.Refusals = append(result.Refusals, Refusal{target, j.refused[target]})
	}
	return result, unique(result.Objects)
}

// job is a translation that is under way.
type job struct {
	Input

	pods    pods
	refused map[string]string // why, by TrafficTarget
}

// refuse writes down the first reason why a TrafficTarget is not translated.
func (j *job) refuse(target string, err error) {
	j.refused[target] = cmp.Or(j.refused[target], err.Error())
}

// refuseWhatNobodyReads refuses rules that are legal in SMI, but of which the grants say nothing.
func (j *job) refuseWhatNobodyReads(what string) {
	for i := range j.Targets {
		tt := &j.Targets[i]
		for _, rule := range tt.Spec.Rules {
			if rule.Kind == "UDPRoute" && what != ForNetworkPolicy && j.concerns(tt.Namespace) {
				j.refuse(tt.Namespace+"/"+tt.Name, fmt.Errorf("its rule UDPRoute %s is about UDP, which %s does not decide about", rule.Name, what))
			}
		}
	}
	for _, g := range j.Grants {
		if namespace, _, _ := strings.Cut(g.Target, "/"); g.Bound && j.concerns(namespace) {
			j.refuse(g.Target, errors.New("an IdentityBinding of it knows workloads by SPIFFE ids or labels, which is not translated"))
		}
	}
}

func (j *job) concerns(namespace string) bool { return j.Namespace == "" || j.Namespace == namespace }

// namespaces are those that have TrafficTargets.
func (j *job) namespaces() []string {
	names := map[string]bool{}
	for i := range j.Targets {
		if namespace := j.Targets[i].Namespace; j.concerns(namespace) {
			names[namespace] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// destination is an identity with the labels of its pods and what is granted on it.
type destination struct {
	policy.Identity

	selectors []selector
	grants    []policy.Grant
}

// destinations are those of a namespace whose pods can be told by labels, each with the grants that are not refused yet.
func (j *job) destinations(what, namespace string) []destination {
	var all []destination
	for _, g := range j.Grants {
		if g.Destination.Namespace != namespace {
			continue
		}
		if err := j.check(what, g); err != nil {
			j.refuse(g.Target, err)
		}
		if j.refused[g.Target] != "" {
			continue
		}
		selectors, err := j.pods.of(g.Destination)
		if err != nil {
			j.refuse(g.Target, err)
			continue
		}
		if n := len(all); n == 0 || all[n-1].Identity != g.Destination {
			all = append(all, destination{Identity: g.Destination, selectors: selectors})
		}
		d := &all[len(all)-1]
		d.grants = append(d.grants, g)
	}
	return all
}

// check says why a grant alone cannot be translated, or nothing.
func (j *job) check(what string, g policy.Grant) error {
	for _, id := range append([]policy.Identity{g.Destination}, g.Sources...) {
		// A name that is none could hold a wildcard, or whatever else the objects read as more than a name.
		if len(validation.IsDNS1123Subdomain(id.ServiceAccount)) > 0 || len(validation.IsDNS1123Label(id.Namespace)) > 0 {
			return fmt.Errorf("%q cannot be the name of a ServiceAccount", id)
		}
	}
	switch what {
	case ForNetworkPolicy:
		return j.checkNetworkPolicy(g)
	case ForIstio:
		return checkIstio(g)
	}
	return checkLinkerd(g)
}

// denyByDefault is the object that denies what nothing allows in a namespace; nil where there is no such object.
func denyByDefault(what, namespace string) any {
	switch what {
	case ForNetworkPolicy:
		return denyAll(namespace)
	case ForIstio:
		return allowNothing(namespace)
	}
	return nil
}

// notes say what the objects need, to do what they say.
func notes(what string) []string {
	switch what {
	case ForIstio:
		return []string{
			"Needed: mTLS of mode STRICT, and meshConfig.pathNormalization DECODE_AND_MERGE_SLASHES, so that a path has one spelling.",
			"Envoy joins a header that is sent twice by a comma and compares the whole, so such a request may be denied.",
		}
	case ForLinkerd:
		return []string{
			"A Server denies what nothing allows. Pods without one need the annotation config.linkerd.io/default-inbound-policy: deny",
			"on their namespace. Linkerd compares paths as they are sent: a backend that merges dot segments or // reads another path.",
			"Where a Server has an HTTPRoute, probes of the kubelet on its port need an HTTPRoute of their own that a NetworkAuthentication allows.",
		}
	}
	return []string{"Pods on the network of their node are not told apart by NetworkPolicies, and the network plugin must enforce them."}
}

// metadata is that of an object which comes from TrafficTargets.
func metadata(namespace, name string, grants ...policy.Grant) metav1.ObjectMeta {
	m := metav1.ObjectMeta{Namespace: namespace, Name: name}
	var targets []string
	for _, g := range grants {
		targets = append(targets, g.Target)
	}
	slices.Sort(targets)
	if targets = slices.Compact(targets); len(targets) > 0 {
		m.Annotations = map[string]string{"serin.dev/traffic-targets": strings.Join(targets, ",")}
	}
	return m
}

// named is what every object that is written has.
type named interface {
	GetNamespace() string
	GetName() string
	kind() string
}

// unique says which two objects have one name. Names are made of ServiceAccounts and workloads, which may meet.
func unique(objects []any) error {
	seen := map[string]bool{}
	for _, o := range objects {
		n, ok := o.(named)
		if !ok {
			return errors.New("an object without a name was written")
		}
		key := n.kind() + " " + n.GetNamespace() + "/" + n.GetName()
		if seen[key] {
			return fmt.Errorf("two objects would be called %s: rename one of the ServiceAccounts or workloads that it is named after", key)
		}
		seen[key] = true
	}
	return nil
}
