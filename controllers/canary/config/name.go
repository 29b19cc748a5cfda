package config

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// CopyName is the name of a backend's copy: foobar-v2-settings. One that would be too long for Kubernetes is cut and ends with
// a hash of the whole, and so does the copy's name of something that can have no name in Kubernetes: there is nothing to copy
// then, and the reference still leads nowhere.
func CopyName(backend, original string) string {
	name := backend + "-" + original
	if len(validation.IsDNS1123Subdomain(name)) == 0 {
		return name
	}
	sum := sha256.Sum256([]byte(backend + "/" + original))
	tail := "-" + hex.EncodeToString(sum[:6])
	for _, head := range []string{name, backend} {
		// What is cut off must leave no label that ends with a hyphen or is empty.
		cut := strings.TrimRight(head[:min(len(head), validation.DNS1123SubdomainMaxLength-len(tail))], "-.") + tail
		if len(validation.IsDNS1123Subdomain(cut)) == 0 {
			return cut
		}
	}
	return "copy" + tail
}
