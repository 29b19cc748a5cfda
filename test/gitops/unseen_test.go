package gitops

import (
	"os"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// TestANewCanaryIsNotReadyBeforeItsFirstLook is about the moment between `kubectl apply` and the controller's first look. To
// kstatus an object without observedGeneration and conditions is ready, unless the CRD gives it a status that says otherwise.
func TestANewCanaryIsNotReadyBeforeItsFirstLook(t *testing.T) {
	s := newStage(t)
	object := s.object()
	initial := initialStatus(t)
	if initial == nil {
		t.Fatal("the CRD gives a new Canary no status, so kstatus takes it for ready before the controller's first look")
	}
	object["status"] = initial
	result, err := status.Compute(&unstructured.Unstructured{Object: object})
	if err != nil {
		t.Fatal(err)
	}
	if result.Status != status.InProgressStatus {
		t.Errorf("kstatus: %s (%s), want %s", result.Status, result.Message, status.InProgressStatus)
	}
	var h health
	run(t, script(t, "health.lua"), object, s.now, &h)
	if h.Status != progressing {
		t.Errorf("Argo CD: %s (%s), want %s", h.Status, h.Message, progressing)
	}
}

// initialStatus is the status that the CRD gives a new Canary, nil if it gives none.
func initialStatus(t *testing.T) any {
	t.Helper()
	text, err := os.ReadFile("../../config/crd/serin.dev_canaries.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema struct {
						Properties struct {
							Status struct{ Default map[string]int64 }
						}
					}
				}
			}
		}
	}
	if err := yaml.Unmarshal(text, &crd); err != nil {
		t.Fatal(err)
	}
	initial := map[string]any{}
	for field, value := range crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties.Status.Default {
		initial[field] = value
	}
	if len(initial) == 0 {
		return nil
	}
	return initial
}
