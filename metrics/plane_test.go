package metrics

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset/typed/apiregistration/v1"

	"github.com/serin-dev/serin/test/controlplane"
)

// testCluster is a control plane with the server behind it, and its administrator.
type testCluster struct {
	t          *testing.T
	plane      *controlplane.ControlPlane
	admin      *kubernetes.Clientset
	aggregator *aggregator.ApiregistrationV1Client
}

func startCluster(t *testing.T) *testCluster {
	t.Helper()
	plane, err := controlplane.Start(t.Context(), controlplane.Options{Own: true, Progress: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	admin, err := kubernetes.NewForConfig(plane.Config)
	if err != nil {
		t.Fatal(err)
	}
	services, err := aggregator.NewForConfig(plane.Config)
	if err != nil {
		t.Fatal(err)
	}
	return &testCluster{t: t, plane: plane, admin: admin, aggregator: services}
}

// apply applies a file as soon as the cluster takes it: kinds and namespaces come to life a moment after they were applied.
func (c *testCluster) apply(file string) {
	c.t.Helper()
	eventually(c.t, file, func() error {
		_, err := c.run("apply -f " + filepath.FromSlash(file))
		return err
	})
}

// run runs kubectl as the administrator. It remembers nothing: what it found out about the API groups of the cluster before there
// was one more is good for hours.
func (c *testCluster) run(arguments string) (string, error) {
	command := exec.CommandContext(c.t.Context(), filepath.Join(c.plane.AssetsDir, "kubectl"), strings.Fields(arguments)...)
	command.Env = append(command.Environ(), "KUBECONFIG="+c.plane.Kubeconfig, "KUBECACHEDIR="+c.t.TempDir())
	out, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return string(out), nil
}

// asServiceAccount is how a pod with the account reaches the cluster.
func (c *testCluster) asServiceAccount(namespace, name string) *rest.Config {
	c.t.Helper()
	token, err := c.admin.CoreV1().ServiceAccounts(namespace).CreateToken(c.t.Context(), name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	config := rest.AnonymousClientConfig(c.plane.Config)
	config.BearerToken = token.Status.Token
	return config
}

// serve runs the server until the test ends, and waits until the cluster leads to it.
func (c *testCluster) serve(options Options) {
	c.t.Helper()
	options.BindAddress = "127.0.0.1"
	began := time.Now()
	s, err := New(options)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(c.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	c.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			c.t.Errorf("Run: %v", err)
		}
	})
	c.register(s)
	c.t.Logf("the APIService was available %s after New was called", time.Since(began).Round(time.Millisecond))
}

// get asks the cluster's API server as the administrator.
func (c *testCluster) get(path string) (code int, body []byte, err error) {
	body, err = c.admin.RESTClient().Get().RequestURI(path).Do(c.t.Context()).StatusCode(&code).Raw()
	if code != 0 {
		err = nil // the answer says it
	}
	return code, body, err
}

// want asks until the answer has the code and passes the check.
func (c *testCluster) want(t *testing.T, path string, code int, check func([]byte) error) {
	t.Helper()
	eventually(t, path, func() error {
		got, body, err := c.get(path)
		if err != nil || got != code {
			return fmt.Errorf("got %d %.300s, want %d (%w)", got, body, code, err)
		}
		return check(body)
	})
}
