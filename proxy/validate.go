package proxy

import (
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// flawOf says in a clause why a split must not be carried out, or nothing.
func (b *builder) flawOf(s *split.TrafficSplit) string {
	if len(s.Spec.Problems) > 0 {
		return strings.Join(s.Spec.Problems, "; ")
	}
	if len(s.Spec.Matches) > 0 {
		return hasMatches
	}
	var sum int64
	for _, share := range s.Spec.Backends {
		switch {
		case share.Weight < 0:
			return negativeWeight(share.Service, share.Weight)
		case share.Service == s.Spec.Service:
			return leadsToItself(share.Service)
		case b.apexNames[types.NamespacedName{Namespace: s.Namespace, Name: share.Service}]:
			return nestedSplit(share.Service)
		}
		sum += share.Weight
	}
	if sum == 0 {
		return noWeights
	}
	return ""
}

// modeOf reads the access mode of a split. What cannot be read is Enforce, because nobody asks for a mode in order to have none.
func (b *builder) modeOf(s *split.TrafficSplit) accessMode {
	value := s.Annotations[v1alpha1.AnnotationAccessMode]
	switch mode := accessMode(value); mode {
	case accessOff, accessAudit, accessEnforce:
		return mode
	case "":
		return accessOff
	default:
		b.report(s, reasonInvalidAccessMode, invalidAccessMode(value))
		return accessEnforce
	}
}
