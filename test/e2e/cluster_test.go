//go:build e2e

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// system is the namespace that Serin is installed in.
	system = "serin-system"
	// madeHere is the label of every namespace that a spec makes.
	madeHere = "e2e.serin.dev/spec"
)

var (
	cluster client.Client // a user's own: uncached, field manager kubectl
	pods    kubernetes.Interface
	// root is the folder of the checkout; tests run in their package's folder.
	root, _ = filepath.Abs("../..")
)

// connect makes the clients of the cluster that KUBECONFIG names.
func connect() {
	GinkgoHelper()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	Expect(err).NotTo(HaveOccurred())
	config.QPS, config.Burst = 100, 200
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, v1alpha1.AddToScheme, split.AddToScheme, apiregistrationv1.AddToScheme,
	} {
		Expect(add(scheme)).To(Succeed())
	}
	cluster, err = client.New(config, client.Options{Scheme: scheme, FieldOwner: "kubectl"})
	Expect(err).NotTo(HaveOccurred())
	pods, err = kubernetes.NewForConfig(config)
	Expect(err).NotTo(HaveOccurred())
}

// run runs a command in the checkout with an input, and returns what it prints.
func run(ctx context.Context, input string, command ...string) string {
	GinkgoHelper()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Stdin = root, strings.NewReader(input)
	problems := &strings.Builder{}
	cmd.Stderr = problems
	text, err := cmd.Output()
	Expect(err).NotTo(HaveOccurred(), "%s: %s%s", strings.Join(command, " "), text, problems)
	return strings.TrimSpace(string(text))
}

// apply applies a manifest, of which each $NAME is replaced by the text that follows it in values.
func apply(ctx context.Context, manifest string, values ...string) {
	GinkgoHelper()
	run(ctx, strings.NewReplacer(values...).Replace(manifest), "kubectl", "apply", "--server-side", "--field-manager=git", "-f", "-")
}

// quickStart does what README tells a newcomer to do, on the fresh cluster.
func quickStart(ctx context.Context) {
	GinkgoHelper()
	By("the quick start of README")
	GinkgoWriter.Println(run(ctx, "", filepath.Join(root, "test", "e2e", "quickstart")))
}

// install installs Serin as README says, over what the quick start has left.
func install(ctx context.Context) {
	GinkgoHelper()
	By("installing Serin")
	run(ctx, "", "kubectl", "apply", "-k", "config/default")
	awaitInstalled(ctx)
}

// awaitInstalled waits for every part of Serin.
func awaitInstalled(ctx context.Context) {
	GinkgoHelper()
	for _, name := range []string{"serin-controller", "serin-metrics", "serin-proxy"} {
		awaitRollout(ctx, system, name)
	}
	Eventually(func(g Gomega, ctx context.Context) {
		service := &apiregistrationv1.APIService{}
		g.Expect(cluster.Get(ctx, client.ObjectKey{Name: "v1alpha1.metrics.smi-spec.io"}, service)).To(Succeed())
		g.Expect(service.Status.Conditions).To(ContainElement(And(
			HaveField("Type", apiregistrationv1.Available), HaveField("Status", apiregistrationv1.ConditionTrue))))
	}).WithContext(ctx).Should(Succeed())
}

// awaitRollout waits until every pod of a Deployment is a new one and ready.
func awaitRollout(ctx context.Context, namespace, name string) {
	GinkgoHelper()
	Eventually(func(g Gomega, ctx context.Context) {
		d := &appsv1.Deployment{}
		g.Expect(cluster.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, d)).To(Succeed())
		g.Expect(d.Status.ObservedGeneration).To(Equal(d.Generation))
		g.Expect(d.Status.Replicas).To(Equal(*d.Spec.Replicas))
		g.Expect(d.Status.UpdatedReplicas).To(Equal(*d.Spec.Replicas))
		g.Expect(d.Status.AvailableReplicas).To(Equal(*d.Spec.Replicas), "%s", name)
	}).WithContext(ctx).Should(Succeed())
}

// leftovers are the names of the namespaces that specs made and that are still there.
func leftovers(ctx context.Context) ([]string, error) {
	list := &corev1.NamespaceList{}
	err := cluster.List(ctx, list, client.HasLabels{madeHere})
	var names []string
	for _, namespace := range list.Items {
		names = append(names, namespace.Name)
	}
	return names, err
}
