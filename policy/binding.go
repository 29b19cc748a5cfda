package policy

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/serin-dev/serin/api/smi/access"
)

// party is the workloads that a subject of a TrafficTarget stands for: those that any of these fits.
type party struct {
	// namespace is where they run.
	namespace string
	// account is their ServiceAccount in that namespace, empty when they are not known by one.
	account string
	// ids are SPIFFE ids as normalID makes them.
	ids []string
	// selectors are sets of pod labels.
	selectors []selector
	note      string // the first thing wrong with the binding that says so
}

// selector is the labels that a pod must have, sorted by name.
type selector []label

type label struct {
	name, value string
}

func (s selector) matches(labels map[string]string) bool {
	for _, l := range s {
		if value, has := labels[l.name]; !has || value != l.value {
			return false
		}
	}
	return true
}

// addBinding compiles an IdentityBinding. What is wrong in it makes it stand for nobody, for which workloads are meant cannot be told.
func (c *compiler) addBinding(source *access.IdentityBinding) {
	o := c.object(kindIdentityBinding, objectName{source.Namespace, source.Name})
	for _, message := range source.Spec.Problems {
		o.problem(reasonNotUnderstood, message)
	}
	p := &party{namespace: source.Namespace}
	if len(source.Spec.Problems) == 0 {
		p = compileSchemes(o, source.Spec.Schemes)
	}
	if o.first != "" {
		p = &party{}
	}
	p.note = o.note()
	c.bindings[o.name] = p
}

func compileSchemes(o *object, schemes access.IdentitySchemes) *party {
	p := &party{namespace: o.name.namespace, account: schemes.ServiceAccount}
	if p.account != "" && len(schemes.PodLabelSelectors) > 0 {
		o.problem(reasonExclusiveSchemes, exclusiveSchemes)
	}
	if p.account == "" && len(schemes.PodLabelSelectors) == 0 && len(schemes.SPIFFEIdentities) == 0 {
		o.problem(reasonNoSchemes, noSchemes)
	}
	for _, written := range schemes.SPIFFEIdentities {
		id := normalID(written)
		if err := checkID(id); err != nil {
			o.problem(reasonInvalidSPIFFEID, invalidSPIFFEID(written, err))
		}
		p.ids = append(p.ids, id)
	}
	for _, labels := range schemes.PodLabelSelectors {
		if len(labels.MatchLabels) == 0 {
			o.problem(reasonNoLabels, noLabels)
		}
		var s selector
		for _, name := range slices.Sorted(maps.Keys(labels.MatchLabels)) {
			s = append(s, label{name, labels.MatchLabels[name]})
		}
		p.selectors = append(p.selectors, s)
	}
	return p
}

// normalID is the form in which SPIFFE ids are compared: without the scheme. It is compared letter by letter, as the standard has
// it, which wants the trust domain in lower case.
func normalID(id string) string {
	const scheme = "spiffe://"
	if len(id) >= len(scheme) && strings.EqualFold(id[:len(scheme)], scheme) {
		return id[len(scheme):]
	}
	return id
}

// Why a SPIFFE id is none. Each completes the sentence "the SPIFFE id ... is none: ...".
var (
	errTrustDomain = errors.New("its trust domain must be of a-z, 0-9, dot, hyphen and underscore")
	errSPIFFEPath  = errors.New("its path must be of letters, digits, dots, hyphens and underscores, and have no empty part or dot segment")
	errLongID      = errors.New("it is longer than 2048 bytes")
)

// checkID checks a SPIFFE id without its scheme.
func checkID(id string) error {
	const longest = 2048 - len("spiffe://")
	if len(id) > longest {
		return errLongID
	}
	domain, path, hasPath := strings.Cut(id, "/")
	if domain == "" || strings.Trim(domain, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != "" {
		return errTrustDomain
	}
	if !hasPath {
		return nil
	}
	for part := range strings.SplitSeq(path, "/") {
		isOther := func(r rune) bool { return r > 0x7f || !isUnreserved(byte(r)) || r == '~' }
		if part == "" || part == "." || part == ".." || strings.ContainsFunc(part, isOther) {
			return errSPIFFEPath
		}
	}
	return nil
}
