package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/yaml"
)

const folder = "../../../../config/crd/smi"

func TestTheManifestsAreWhatTheTemplatesSay(t *testing.T) {
	want, err := render()
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(folder, "*.smi-spec.io_*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) != len(want) {
		t.Errorf("there are %d files, want %d; run go generate ./api/smi", len(paths), len(want))
	}
	for name, text := range want {
		got, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(string(text), string(got)); diff != "" {
			t.Errorf("%s is stale; run go generate ./api/smi:\n%s", name, diff)
		}
	}
}

func TestEveryVersionIsServedAndTheHubIsStored(t *testing.T) {
	want := map[string]map[string]bool{
		"TrafficSplit":    {"v1alpha1": false, "v1alpha2": false, "v1alpha3": false, "v1alpha4": true},
		"TrafficTarget":   {"v1alpha1": false, "v1alpha2": false, "v1alpha3": true, "v1alpha4": false},
		"IdentityBinding": {"v1alpha4": true},
		"HTTPRouteGroup":  {"v1alpha1": false, "v1alpha2": false, "v1alpha3": false, "v1alpha4": true},
		"TCPRoute":        {"v1alpha1": false, "v1alpha2": false, "v1alpha3": false, "v1alpha4": true},
		"UDPRoute":        {"v1alpha4": true},
	}
	files, err := render()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]map[string]bool{}
	for name, text := range files {
		var crd struct {
			Spec struct {
				Names    struct{ Kind string }
				Versions []struct {
					Name            string
					Served, Storage bool
				}
			}
		}
		if err := yaml.Unmarshal(text, &crd); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		stored := map[string]bool{}
		for _, v := range crd.Spec.Versions {
			if v.Served {
				stored[v.Name] = v.Storage
			}
		}
		got[crd.Spec.Names.Kind] = stored
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
