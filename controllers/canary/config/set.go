package config

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Tracking is the annotation that takes a ConfigMap or Secret out of revisions when its value is TrackingDisabled: it is neither
// hashed nor copied, and every version uses the object itself, whatever becomes of it.
const (
	Tracking         = "serin.dev/config-tracking"
	TrackingDisabled = "disabled"
)

// absent stands for a digest of what does not exist.
const absent = "absent"

// Entry is what became of a reference.
type Entry struct {
	Ref
	// Found says that the object exists.
	Found bool
	// Tracked says that its content belongs to the revision. What does not exist is tracked, so that it counts once it does.
	Tracked bool
	// Digest is a hash of its content: data and binaryData of a ConfigMap, data and type of a Secret. It is "absent" for what
	// does not exist, and empty for what is not tracked.
	Digest string
}

// Set is what a pod template refers to, in the order of Refs.
type Set []Entry

// Missing are the references without which no pod runs, and that lead nowhere.
func (s Set) Missing() []Ref {
	var missing []Ref
	for _, e := range s {
		if !e.Found && !e.Optional {
			missing = append(missing, e.Ref)
		}
	}
	return missing
}

// Digests are sorted lines, one for each tracked entry: ConfigMap/settings=0c1d. They belong into the hash of the revision.
func (s Set) Digests() []string {
	var lines []string
	for _, e := range s {
		if e.Tracked {
			lines = append(lines, e.Ref.String()+"="+e.Digest)
		}
	}
	slices.Sort(lines)
	return lines
}

// Point turns a version's references to tracked entries to the backend's copies, in place. One to an optional entry that does not
// exist is turned as well: the version goes on without it, also when the original is made later.
func (s Set) Point(spec *corev1.PodSpec, backend string) {
	tracked := map[string]bool{}
	for _, e := range s {
		tracked[e.Ref.String()] = e.Tracked
	}
	Rewrite(spec, func(r Ref) (string, bool) {
		if !tracked[r.String()] {
			return "", false
		}
		return CopyName(backend, r.Name), true
	})
}
