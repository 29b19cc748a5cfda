package main_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

var _ = It("get lists Canaries and the policies that hold them", func(ctx SpecContext) {
	c := made(ctx, "shop:2", underTest(v1alpha1.PhaseProgressing))
	policy := &v1alpha1.RolloutPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: "year-end"},
		Spec: v1alpha1.RolloutPolicySpec{MaxRollouts: ptr.To[int32](5), Freeze: &v1alpha1.Freeze{
			Reason: "no changes over the holidays", Until: ptr.To(metav1.NewTime(time.Now().Add(50 * time.Hour))),
		}},
	}
	Expect(api.Create(ctx, policy)).To(Succeed())
	code, out, errOut := do(ctx, c.Namespace, "get")
	Expect(code).To(Equal(0), errOut)
	Expect(out).To(MatchRegexp(`NAME +PHASE +STEP +WEIGHT +SUCCESS +P99 +VERSION +AGE +MESSAGE\nfoobar +Progressing +1/2 +10 +- +- +v1 -> v2 +\d+m?s +testing v2 at 10%\n`))
	Expect(out).To(MatchRegexp(`rolloutpolicy/year-end +\S+ +no changes over the holidays +\S+ \S+ UTC \(in 2d1h\) +1 of 5 rollouts run\n`))
	code, out, _ = do(ctx, "default", "get", "-A")
	Expect(code).To(Equal(0))
	Expect(out).To(MatchRegexp(c.Namespace + ` +foobar +Progressing`))
})

var _ = It("get NAME shows the tree, and -o yaml the object", func(ctx SpecContext) {
	c := made(ctx, "shop:2", underTest(v1alpha1.PhaseProgressing))
	code, out, errOut := do(ctx, c.Namespace, "get", "foobar")
	Expect(code).To(Equal(0), errOut)
	Expect(out).To(And(HavePrefix("foobar in namespace "+c.Namespace+": Progressing"), ContainSubstring("▶  1/2   10%"), ContainSubstring("there is no TrafficSplit foobar")))
	code, out, _ = do(ctx, c.Namespace, "get", "foobar", "-o", "yaml")
	Expect(code).To(Equal(0))
	got := &v1alpha1.Canary{}
	Expect(yaml.UnmarshalStrict([]byte(out), got)).To(Succeed())
	Expect(got.Kind).To(Equal("Canary"))
	Expect(got.Status.Candidate.Revision).To(Equal(two.Revision))
	Expect(got.ManagedFields).To(BeEmpty())
	code, _, errOut = do(ctx, c.Namespace, "get", "foobar", "-o", "tea")
	Expect(code).To(Equal(1))
	Expect(errOut).To(Equal("error: -o tea is no format: use json, yaml, wide\n"))
})

var _ = It("get NAME reads the TrafficSplit in the version that is served", Serial, func(ctx SpecContext) {
	serve := func(ctx context.Context, newer bool) {
		patch := fmt.Sprintf(`[{"op":"replace","path":"/spec/versions/2/served","value":%[1]t},{"op":"replace","path":"/spec/versions/3/served","value":%[1]t}]`, newer)
		crd := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "trafficsplits.split.smi-spec.io"}}
		crd.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
		Expect(api.Patch(ctx, crd, client.RawPatch(types.JSONPatchType, []byte(patch)))).To(Succeed())
	}
	c := made(ctx, "shop:2", underTest(v1alpha1.PhaseProgressing))
	Expect(api.Create(ctx, &split.TrafficSplit{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: "foobar"},
		Spec:       split.TrafficSplitSpec{Service: "foobar", Backends: []split.Backend{{Service: "foobar-v1", Weight: 90}, {Service: "foobar-v2", Weight: 10}}},
	})).To(Succeed())
	serve(ctx, false)
	DeferCleanup(func(ctx SpecContext) { serve(ctx, true) })
	Eventually(func(g Gomega) {
		g.Expect(apierrors.IsNotFound(api.Get(ctx, client.ObjectKeyFromObject(c), &split.TrafficSplit{}))).To(BeTrue(), "v1alpha4 is not served any more")
		code, out, errOut := do(ctx, c.Namespace, "get", "foobar")
		g.Expect(code).To(Equal(0), errOut)
		g.Expect(out).To(ContainSubstring("foobar-v2  written 10%"))
	}).Should(Succeed())
})

var _ = It("history lists what ended", func(ctx SpecContext) {
	c := made(ctx, "shop:2", rolledBack)
	code, out, _ := do(ctx, c.Namespace, "history", "foobar", "-o", "wide")
	Expect(code).To(Equal(0))
	Expect(out).To(MatchRegexp(`v2 +81aa77c0d1e2 +shop:2 +RolledBack +Tested +1970-01-01 00:16:40 +1m30s +0s +because of the test\n`))
	code, out, _ = do(ctx, c.Namespace, "history", "foobar", "-o", "json")
	Expect(code).To(Equal(0))
	Expect(out).To(ContainSubstring(`"outcome": "RolledBack"`))
})

var _ = It("an API server that is not there is one sentence", func(ctx SpecContext) {
	code, out, errOut := do(ctx, "default", "get", "--server", "https://127.0.0.1:1")
	Expect(code).To(Equal(1))
	Expect(out).To(BeEmpty())
	Expect(errOut).To(MatchRegexp(`^error: the API server cannot be reached: [^\n]+\n$`))
})

var _ = It("prints the script of config/krew for kubectl's completion", func(ctx SpecContext) {
	code, out, _ := do(ctx, "default", "completion", "plugin")
	Expect(code).To(Equal(0))
	script, err := os.ReadFile("../../config/krew/kubectl_complete-canary")
	Expect(err).NotTo(HaveOccurred())
	Expect(out).To(Equal(string(script)))
})

var _ = It("kubectl finds the plugin, and its completion", func(ctx SpecContext) {
	c := made(ctx, "shop:2", underTest(v1alpha1.PhaseProgressing))
	bin := GinkgoT().TempDir()
	build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(bin, "kubectl-canary"), ".")
	build.Stdout, build.Stderr = GinkgoWriter, GinkgoWriter
	Expect(build.Run()).To(Succeed())
	Expect(os.Symlink("kubectl-canary", filepath.Join(bin, "kubectl_complete-canary"))).To(Succeed())
	kubectl := func(args ...string) string {
		cmd := exec.CommandContext(ctx, assets("kubectl"), args...)
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "KUBECONFIG="+plane.Kubeconfig)
		cmd.Stderr = GinkgoWriter
		out, err := cmd.Output()
		Expect(err).NotTo(HaveOccurred())
		return string(out)
	}
	Expect(kubectl("canary", "get", "-n", c.Namespace)).To(MatchRegexp(`foobar +Progressing +1/2 +10`))
	Expect(kubectl("__complete", "canary", "get", "-n", c.Namespace, "")).To(HavePrefix("foobar\tProgressing v1 -> v2\n"))
	Expect(kubectl("__complete", "canary", "wait", "foobar", "--for", "")).To(HavePrefix("promoted\nrolledback\npaused\n"))
	Expect(kubectl("canary", "version")).To(HavePrefix("kubectl-canary "))
}, SpecTimeout(10*time.Minute))
