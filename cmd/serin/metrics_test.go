package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
)

func TestTheSecretOfTheCertificate(t *testing.T) {
	for text, want := range map[string]struct {
		name types.NamespacedName
		says string
	}{
		"":      {},
		"n/s":   {name: types.NamespacedName{Namespace: "n", Name: "s"}},
		"s":     {says: `--cert-secret "s" is not a Secret: write namespace/name`},
		"/s":    {says: `--cert-secret "/s" is not a Secret: write namespace/name`},
		"n/":    {says: `--cert-secret "n/" is not a Secret: write namespace/name`},
		"n/s/t": {says: `--cert-secret "n/s/t" is not a Secret: write namespace/name`},
	} {
		t.Run(text, func(t *testing.T) {
			name, err := secretName(text)
			says := ""
			if err != nil {
				says = err.Error()
			}
			if diff := cmp.Diff(want.says, says); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(want.name, name); diff != "" {
				t.Error(diff)
			}
		})
	}
}
