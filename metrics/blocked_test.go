package metrics

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// block stops the servers, deletes a namespace, and wants it to stay and to say why.
func (c *certificateTest) block(t *testing.T, name string) {
	t.Helper()
	c.one.stop()
	c.two.stop()
	began := time.Now()
	down := c.available(apiregistrationv1.ConditionFalse)
	t.Logf("after %s the APIService says %s", time.Since(began).Round(time.Second), down.Status.Conditions[0].Message)
	if out, err := c.run("get apiservice " + apiService); err != nil || !strings.Contains(out, "False (FailedDiscoveryCheck)") {
		t.Errorf("got %s, %v", out, err)
	}
	if _, err := c.admin.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	content := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "content"}}
	if _, err := c.admin.CoreV1().ConfigMaps(name).Create(t.Context(), content, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.admin.CoreV1().Namespaces().Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	within(t, 2*time.Minute, "the namespace says why it stays", func() error {
		found, err := c.admin.CoreV1().Namespaces().Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, condition := range found.Status.Conditions {
			if condition.Type == corev1.NamespaceDeletionDiscoveryFailure && condition.Status == corev1.ConditionTrue &&
				strings.Contains(condition.Message, "metrics.smi-spec.io/v1alpha1") {
				t.Logf("the namespace says %s: %s", condition.Reason, condition.Message)
				return nil
			}
		}
		return fmt.Errorf("%v", found.Status.Conditions)
	})
	c.emptyButThere(t, name)
}

// emptyButThere wants the namespace without its content, and kubectl without the API.
func (c *certificateTest) emptyButThere(t *testing.T, name string) {
	t.Helper()
	eventually(t, "the content is deleted", func() error {
		if found, err := c.admin.CoreV1().ConfigMaps(name).List(t.Context(), metav1.ListOptions{}); err != nil || len(found.Items) > 0 {
			return fmt.Errorf("%d ConfigMaps, %w", len(found.Items), err)
		}
		return nil
	})
	if out, err := c.run("get namespace " + name); err != nil || !strings.Contains(out, "Terminating") {
		t.Errorf("got %s, %v", out, err)
	}
	if out, err := c.run("api-resources"); err != nil || strings.Contains(out, "metrics.smi-spec.io") || !strings.Contains(out, "configmaps") {
		t.Errorf("kubectl lists the API that is down, or no other: %s, %v", out, err)
	}
	want := `the server doesn't have a resource type "trafficsplits" in group "metrics.smi-spec.io"`
	if _, err := c.run("get trafficsplits.metrics.smi-spec.io -A"); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// gone waits until the namespace is deleted. Its controller tries again after a pause that grows to a minute.
func (c *certificateTest) gone(t *testing.T, name string) {
	t.Helper()
	began := time.Now()
	within(t, 3*time.Minute, "the namespace is deleted", func() error {
		found, err := c.admin.CoreV1().Namespaces().Get(t.Context(), name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("%v, %w", found.Status.Conditions, err)
	})
	t.Logf("the namespace was deleted %s later", time.Since(began).Round(time.Second))
}

func (c *certificateTest) blockedUntilDeleted(t *testing.T) {
	c.block(t, "blocked-until-deleted")
	c.deleteAPIService(t)
	c.gone(t, "blocked-until-deleted")
}

func (c *certificateTest) blockedUntilBack(t *testing.T) {
	c.createAPIService() // The servers are still down.
	c.block(t, "blocked-until-back")
	c.one, c.two = c.start(c.one.port), c.start(c.two.port)
	c.now(t)
	c.gone(t, "blocked-until-back")
}
