package config_test

import (
	"context"
	"errors"
	"testing"

	"github.com/serin-dev/serin/controllers/canary/config"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// forbidden is a reader that nobody may ask.
type forbidden struct{ client.Reader }

func (forbidden) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return errors.New("forbidden")
}

func TestASecretOutOfScopeIsUsedAsItIsAndNotRead(t *testing.T) {
	book := config.NewBook(forbidden{}, forbidden{})
	book.Secrets = config.Only("pay")
	key := config.Ref{Kind: config.Secret, Name: "key"}
	set, err := book.Read(t.Context(), "shop", []config.Ref{key})
	if want := (config.Set{{Ref: key, Found: true}}); err != nil || !cmp.Equal(set, want) {
		t.Errorf("Read() = %v, %v, want %v", set, err, want)
	}
	if missing, digests := set.Missing(), set.Digests(); len(missing) > 0 || len(digests) > 0 {
		t.Errorf("missing %v, digests %v", missing, digests)
	}
	if _, err := book.Read(t.Context(), "pay", []config.Ref{key}); err == nil {
		t.Error("a Secret in scope was not read")
	}
	if _, err := book.Read(t.Context(), "shop", []config.Ref{{Kind: config.ConfigMap, Name: "key"}}); err == nil {
		t.Error("a ConfigMap was not read")
	}
}

func TestAScopeHasItsNamespaces(t *testing.T) {
	for name, c := range map[string]struct {
		scope                config.Scope
		shop, pay, none, all bool
	}{
		"zero":       {scope: config.Scope{}, shop: true, pay: true, all: true},
		"everywhere": {scope: config.Only("shop", config.Everywhere), shop: true, pay: true, all: true},
		"one":        {scope: config.Only("shop"), shop: true},
		"none":       {scope: config.Only(), none: true},
	} {
		if c.scope.Has("shop") != c.shop || c.scope.Has("pay") != c.pay || c.scope.Empty() != c.none {
			t.Errorf("%s: %+v", name, c.scope)
		}
		if limited := len(c.scope.Namespaces()) > 0 || c.scope.Empty(); limited == c.all {
			t.Errorf("%s is limited: %v", name, limited)
		}
	}
}
