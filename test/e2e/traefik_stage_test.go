//go:build e2e

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// edge is the namespace of Traefik and of the Prometheus that scrapes it.
const edge = "e2e-edge"

// traefikManifest is Traefik as an implementation of the Gateway API. Its own buckets are too coarse for a latency limit. Each
// shop has a Service of its own that leads to Traefik, so that a URL says which route is meant.
const traefikManifest = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: traefik, namespace: $NAMESPACE}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: e2e-traefik}
rules:
- {apiGroups: [""], resources: [services, secrets, configmaps, namespaces, nodes, pods], verbs: [get, list, watch]}
- {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list, watch]}
- {apiGroups: [gateway.networking.k8s.io], resources: ["*"], verbs: [get, list, watch, update, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: e2e-traefik}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: e2e-traefik}
subjects: [{kind: ServiceAccount, name: traefik, namespace: $NAMESPACE}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: traefik, namespace: $NAMESPACE}
spec:
  replicas: 1
  selector: {matchLabels: {app: traefik}}
  template:
    metadata: {labels: {app: traefik}}
    spec:
      serviceAccountName: traefik
      containers:
      - name: traefik
        image: $TRAEFIK
        imagePullPolicy: IfNotPresent
        args:
        - --global.checknewversion=false
        - --global.sendanonymoususage=false
        - --entrypoints.web.address=:8000
        - --entrypoints.metrics.address=:9100
        - --providers.kubernetesgateway=true
        - --ping=true
        - --ping.entrypoint=metrics
        - --metrics.prometheus=true
        - --metrics.prometheus.entrypoint=metrics
        - --metrics.prometheus.addserviceslabels=true
        - --metrics.prometheus.buckets=0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5
        ports: [{name: web, containerPort: 8000}, {name: metrics, containerPort: 9100}]
        readinessProbe: {httpGet: {path: /ping, port: metrics}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: traefik, namespace: $NAMESPACE}
spec:
  selector: {app: traefik}
  ports: [{name: metrics, port: 9100, targetPort: metrics}]
---
apiVersion: v1
kind: Service
metadata: {name: made, namespace: $NAMESPACE}
spec:
  selector: {app: traefik}
  ports: [{name: web, port: 8000, targetPort: web}]
---
apiVersion: v1
kind: Service
metadata: {name: own, namespace: $NAMESPACE}
spec:
  selector: {app: traefik}
  ports: [{name: web, port: 8000, targetPort: web}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: e2e-traefik}
spec: {controllerName: traefik.io/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public, namespace: $NAMESPACE}
spec:
  gatewayClassName: e2e-traefik
  listeners:
  - {name: http, port: 8000, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
`

const prometheusManifest = `
apiVersion: v1
kind: ConfigMap
metadata: {name: prometheus, namespace: $NAMESPACE}
data:
  prometheus.yml: |
    global: {scrape_interval: 1s}
    scrape_configs:
    - job_name: traefik
      static_configs: [{targets: ["traefik.$NAMESPACE:9100"]}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: prometheus, namespace: $NAMESPACE}
spec:
  replicas: 1
  selector: {matchLabels: {app: prometheus}}
  template:
    metadata: {labels: {app: prometheus}}
    spec:
      containers:
      - name: prometheus
        image: $PROMETHEUS
        imagePullPolicy: IfNotPresent
        args: [--config.file=/etc/prometheus/prometheus.yml, --storage.tsdb.path=/data]
        ports: [{name: web, containerPort: 9090}]
        readinessProbe: {httpGet: {path: /-/ready, port: web}, periodSeconds: 1}
        volumeMounts:
        - {name: config, mountPath: /etc/prometheus}
        - {name: data, mountPath: /data}
      volumes:
      - {name: config, configMap: {name: prometheus}}
      - {name: data, emptyDir: {}}
---
apiVersion: v1
kind: Service
metadata: {name: prometheus, namespace: $NAMESPACE}
spec:
  selector: {app: prometheus}
  ports: [{port: 9090, targetPort: web}]
`

// stageTraefik installs the Gateway API, Traefik and a Prometheus, and has Serin's metrics come from there.
func stageTraefik(ctx context.Context) {
	GinkgoHelper()
	traefik, prometheus := os.Getenv("TRAEFIK_IMAGE"), os.Getenv("PROMETHEUS_IMAGE")
	if traefik == "" || prometheus == "" {
		Skip("TRAEFIK_IMAGE and PROMETHEUS_IMAGE do not both name an image that the nodes have or can pull")
	}
	installGatewayAPI(ctx)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: edge, Labels: map[string]string{madeHere: "edge"}}}
	Expect(cluster.Create(ctx, namespace)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) {
		installChart(ctx) // the numbers come from the bundled proxies again
		run(ctx, "", "kubectl", "delete", "gatewayclass/e2e-traefik", "clusterrole/e2e-traefik", "clusterrolebinding/e2e-traefik", "--ignore-not-found")
		Expect(client.IgnoreNotFound(cluster.Delete(ctx, namespace))).To(Succeed())
	}, NodeTimeout(2*patience))
	apply(ctx, traefikManifest, "$NAMESPACE", edge, "$TRAEFIK", traefik)
	apply(ctx, prometheusManifest, "$NAMESPACE", edge, "$PROMETHEUS", prometheus)
	installChart(ctx, "metrics.prometheus.address=http://prometheus."+edge+":9090", "metrics.prometheus.profile=auto",
		"metrics.prometheus.scrapeInterval=1s")
	awaitRollout(ctx, edge, "traefik")
	awaitRollout(ctx, edge, "prometheus")
}

// installGatewayAPI installs the CRDs of the module that Serin is built with, where a cluster has none.
func installGatewayAPI(ctx context.Context) {
	GinkgoHelper()
	const name = "customresourcedefinition/httproutes.gateway.networking.k8s.io"
	version := `-o=jsonpath={.metadata.annotations.gateway\.networking\.k8s\.io/bundle-version} {.metadata.annotations.gateway\.networking\.k8s\.io/channel}`
	if run(ctx, "", "kubectl", "get", name, "--ignore-not-found", "-o=name") == "" {
		module := run(ctx, "", "go", "list", "-m", "-f={{.Dir}}", "sigs.k8s.io/gateway-api")
		for _, kind := range []string{"gatewayclasses", "gateways", "httproutes", "grpcroutes", "referencegrants", "backendtlspolicies"} {
			run(ctx, "", "kubectl", "apply", "--server-side", "-f", filepath.Join(module, "config/crd/standard/gateway.networking.k8s.io_"+kind+".yaml"))
		}
		run(ctx, "", "kubectl", "wait", "--for=condition=Established", name)
	}
	AddReportEntry("the Gateway API's CRDs", run(ctx, "", "kubectl", "get", name, version))
}

// installChart brings the installation to the chart's, with values.
func installChart(ctx context.Context, values ...string) {
	GinkgoHelper()
	run(ctx, "", "go", "tool", "-modfile=tools/manifests/go.mod", "helm", "upgrade", "--install", "serin", "charts/serin",
		"--namespace="+system, "--take-ownership", "--force-conflicts", "--set="+strings.Join(append(values, "image.tag=dev"), ","))
	awaitInstalled(ctx)
}
