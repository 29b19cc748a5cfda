//go:build e2e

package e2e

import (
	"context"
	"os"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// metricsServerManifest is metrics-server, with the kubelet's certificate taken as it is.
const metricsServerManifest = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: metrics-server, namespace: $NAMESPACE}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: e2e-metrics-server}
rules:
- {apiGroups: [""], resources: [nodes/metrics, pods, nodes, namespaces, configmaps], verbs: [get, list, watch]}
- {apiGroups: [authentication.k8s.io], resources: [tokenreviews], verbs: [create]}
- {apiGroups: [authorization.k8s.io], resources: [subjectaccessreviews], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: e2e-metrics-server}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: e2e-metrics-server}
subjects: [{kind: ServiceAccount, name: metrics-server, namespace: $NAMESPACE}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: metrics-server, namespace: $NAMESPACE}
spec:
  replicas: 1
  selector: {matchLabels: {app: metrics-server}}
  template:
    metadata: {labels: {app: metrics-server}}
    spec:
      serviceAccountName: metrics-server
      containers:
      - name: metrics-server
        image: $IMAGE
        imagePullPolicy: IfNotPresent
        args: [--secure-port=10250, --cert-dir=/tmp, --kubelet-insecure-tls, --kubelet-preferred-address-types=InternalIP, --metric-resolution=10s, --kubelet-request-timeout=5s]
        ports: [{name: https, containerPort: 10250}]
        readinessProbe: {httpGet: {path: /readyz, port: https, scheme: HTTPS}, periodSeconds: 1}
        volumeMounts: [{name: tmp, mountPath: /tmp}]
      volumes: [{name: tmp, emptyDir: {}}]
---
apiVersion: v1
kind: Service
metadata: {name: metrics-server, namespace: $NAMESPACE}
spec:
  selector: {app: metrics-server}
  ports: [{port: 443, targetPort: https}]
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  group: metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
  service: {name: metrics-server, namespace: $NAMESPACE}
`

// autoscalerManifest aims at the Canary. Each pod asks for 10m of CPU, and takes more than that under these callers.
const autoscalerManifest = `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: foobar, namespace: $NAMESPACE}
spec:
  scaleTargetRef: {apiVersion: serin.dev/v1alpha1, kind: Canary, name: foobar}
  minReplicas: $LEAST
  maxReplicas: 4
  metrics:
  - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 20}}}
`

var _ = Describe("A shop with an autoscaler that aims at the Canary", Ordered, func() {
	var s *shop
	// Without metrics-server the autoscaler follows its least number of pods, which is all it does without metrics.
	measured := os.Getenv("METRICS_SERVER_IMAGE") != ""

	BeforeAll(func(ctx SpecContext) {
		s = openShop(ctx, "scale")
		if measured {
			startMetricsServer(ctx, s.namespace)
		}
	}, NodeTimeout(specTime))

	It("grows as its load asks, and loses no request", func(ctx SpecContext) {
		least := "1"
		if !measured {
			AddReportEntry("how", "no metrics-server: the autoscaler was given another minReplicas")
			least = "4"
		}
		apply(ctx, autoscalerManifest, "$NAMESPACE", s.namespace, "$LEAST", least)
		s.await(ctx, HaveField("Spec.Replicas", HaveValue(BeEquivalentTo(4))))
		Eventually(s.size).WithContext(ctx).WithArguments("foobar-v1").Should(BeEquivalentTo(4))
		if measured {
			hpa := &autoscalingv2.HorizontalPodAutoscaler{}
			Expect(cluster.Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: "foobar"}, hpa)).To(Succeed())
			Expect(hpa.Status.CurrentMetrics).To(ContainElement(HaveField("Resource.Current.AverageUtilization", HaveValue(BeNumerically(">", 0)))))
		}
		s.noneLost(ctx)
	}, SpecTimeout(specTime))

	It("has as many pods after a promotion", func(ctx SpecContext) {
		s.release(ctx, release{"VERSION": "v2"})
		s.await(ctx, serves("v2"))
		Eventually(s.size).WithContext(ctx).WithArguments("foobar-v1").Should(BeZero())
		Expect(s.size(ctx, "foobar-v2")).To(BeEquivalentTo(4))
		s.noneLost(ctx)
	}, SpecTimeout(specTime))
})

// startMetricsServer starts metrics-server, which goes with the spec.
func startMetricsServer(ctx context.Context, namespace string) {
	GinkgoHelper()
	values := []string{"$NAMESPACE", namespace, "$IMAGE", os.Getenv("METRICS_SERVER_IMAGE")}
	DeferCleanup(func(ctx SpecContext) {
		run(ctx, "", "kubectl", "delete", "apiservice/v1beta1.metrics.k8s.io", "clusterrole/e2e-metrics-server",
			"clusterrolebinding/e2e-metrics-server", "--ignore-not-found")
	}, NodeTimeout(patience))
	apply(ctx, metricsServerManifest, values...)
	Eventually(func(g Gomega, ctx context.Context) {
		service := &apiregistrationv1.APIService{}
		g.Expect(cluster.Get(ctx, client.ObjectKey{Name: "v1beta1.metrics.k8s.io"}, service)).To(Succeed())
		g.Expect(service.Status.Conditions).To(ContainElement(And(
			HaveField("Type", apiregistrationv1.Available), HaveField("Status", apiregistrationv1.ConditionTrue))))
	}).WithContext(ctx).Should(Succeed())
}
