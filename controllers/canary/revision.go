package canary

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
)

// revision is the hash of what the target asks to run: its pod template, as the API server stores it, and the contents of the
// ConfigMaps and Secrets that it refers to. Keys are sorted, so that it does not depend on how Go orders the template's fields.
func revision(target *appsv1.Deployment, digests []string) string {
	text, err := json.Marshal(target.Spec.Template)
	if err != nil {
		// A template that came from the API server always marshals; one that did not would be no revision at all.
		return ""
	}
	var fields map[string]any
	if json.Unmarshal(text, &fields) == nil {
		text, _ = json.Marshal(fields) // what was just read marshals
	}
	for _, digest := range digests {
		text = append(text, "\n"+strings.TrimSpace(digest)...)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// image is the first container's image.
func image(target *appsv1.Deployment) string {
	if containers := target.Spec.Template.Spec.Containers; len(containers) > 0 {
		return containers[0].Image
	}
	return ""
}
