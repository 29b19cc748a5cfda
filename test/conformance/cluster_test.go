package conformance

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/test/controlplane"
	"github.com/serin-dev/serin/test/gen"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

// system is the namespace of an installation.
const system = "serin-system"

// cluster is a control plane with all that both worlds need in it, and its administrator.
type cluster struct {
	plane *controlplane.ControlPlane
	user  client.Client
	admin *kubernetes.Clientset
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	ctrllog.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	plane, err := controlplane.Start(t.Context(), controlplane.Options{Own: true, Progress: t.Output()})
	must(t, err)
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, split.AddToScheme, apiregistrationv1.AddToScheme} {
		must(t, add(scheme))
	}
	c := &cluster{plane: plane}
	c.user, err = client.New(plane.Config, client.Options{Scheme: scheme})
	must(t, err)
	c.admin, err = kubernetes.NewForConfig(plane.Config)
	must(t, err)
	_, err = envtest.InstallCRDs(plane.Config, envtest.CRDInstallOptions{Paths: []string{"../../config/crd/smi"}, ErrorIfPathMissing: true})
	must(t, err)
	must(t, c.namespace(t.Context(), system))
	files, err := filepath.Glob("../../config/rbac/*.yaml")
	must(t, err)
	for _, file := range append(files, "testdata/serin.yaml") {
		if filepath.Base(file) != "kustomization.yaml" {
			must(t, c.apply(t.Context(), file, system))
		}
	}
	return c
}

// namespace makes a namespace.
func (c *cluster) namespace(ctx context.Context, name string) error {
	return c.user.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
}

// apply applies the objects of a file, in the namespace if they name none, with pairs of words to replace.
func (c *cluster) apply(ctx context.Context, file, namespace string, replace ...string) error {
	text, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil {
		return err
	}
	objects, err := gen.Objects(strings.NewReplacer(replace...).Replace(string(text)))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for _, object := range objects {
		if object.GetNamespace() == "" && !strings.HasPrefix(object.GetKind(), "Cluster") {
			object.SetNamespace(namespace)
		}
		if err := c.user.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("user")); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// kubectl runs kubectl as the administrator. It remembers nothing of what it found out about the API groups before.
func (c *cluster) kubectl(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join(c.plane.AssetsDir, "kubectl"), arguments...)
	command.Env = append(command.Environ(), "KUBECONFIG="+c.plane.Kubeconfig, "KUBECACHEDIR="+t.TempDir())
	out, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("kubectl %s: %w: %s", strings.Join(arguments, " "), err, out)
	}
	return string(out), nil
}

// as is how a pod with the ServiceAccount reaches the cluster.
func (c *cluster) as(ctx context.Context, account string) (*rest.Config, error) {
	token, err := c.admin.CoreV1().ServiceAccounts(system).CreateToken(ctx, account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	config := rest.AnonymousClientConfig(c.plane.Config)
	config.BearerToken, config.QPS = token.Status.Token, -1
	return config, nil
}

// ask asks the cluster's API server as the administrator.
func (c *cluster) ask(ctx context.Context, path string) (code int, body []byte, err error) {
	body, err = c.admin.RESTClient().Get().RequestURI(path).Do(ctx).StatusCode(&code).Raw()
	if code != 0 {
		err = nil // the answer says it
	}
	return code, body, err
}

const (
	// patience bounds every wait; the waits end as soon as what they wait for is there.
	patience = 45 * time.Second
	// between is the time between two looks.
	between = 50 * time.Millisecond
)

// until tries until there is no error, for things that other processes do in their own time.
func until(ctx context.Context, what string, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	look := time.NewTicker(between)
	defer look.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w (waited %s)", what, err, patience)
		case <-look.C:
		}
	}
}

func eventually(t *testing.T, what string, try func() error) {
	t.Helper()
	must(t, until(t.Context(), what, try))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
