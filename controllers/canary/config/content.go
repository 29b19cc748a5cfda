package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// empty is an object of a kind, for a client to fill.
func empty(kind Kind) client.Object {
	if kind == Secret {
		return &corev1.Secret{}
	}
	return &corev1.ConfigMap{}
}

// tracked says whether an object's content belongs to revisions.
func tracked(object client.Object) bool {
	if object.GetAnnotations()[Tracking] == TrackingDisabled {
		return false
	}
	secret, ok := object.(*corev1.Secret)
	return !ok || secret.Type != corev1.SecretTypeServiceAccountToken
}

// digest is a hash of an object's content. Each part is written with its length, so no two contents look alike.
func digest(object client.Object) string {
	h := sha256.New()
	switch o := object.(type) {
	case *corev1.ConfigMap:
		hashAll(h, "data", o.Data)
		hashAll(h, "binaryData", o.BinaryData)
	case *corev1.Secret:
		hashAll(h, "type", map[string]string{"type": string(o.Type)})
		hashAll(h, "data", o.Data)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func hashAll[T string | []byte](h hash.Hash, name string, data map[string]T) {
	fmt.Fprintf(h, "%s %d\n", name, len(data))
	for _, key := range slices.Sorted(maps.Keys(data)) {
		fmt.Fprintf(h, "%d %s %d %s\n", len(key), key, len(data[key]), data[key])
	}
}

// copied is an immutable object with the same content.
func copied(object client.Object, meta metav1.ObjectMeta) client.Object {
	if secret, ok := object.(*corev1.Secret); ok {
		return &corev1.Secret{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: string(Secret)},
			ObjectMeta: meta, Immutable: ptr.To(true), Type: secret.Type, Data: secret.Data,
		}
	}
	configMap := object.(*corev1.ConfigMap)
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: string(ConfigMap)},
		ObjectMeta: meta, Immutable: ptr.To(true), Data: configMap.Data, BinaryData: configMap.BinaryData,
	}
}
