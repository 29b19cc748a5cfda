package main_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// shopAccess is who may call whom, in several versions of SMI, and the pods that run as them.
const shopAccess = `
apiVersion: access.smi-spec.io/v1alpha2
kind: TrafficTarget
metadata: {name: frontend-cart}
spec:
  destination: {kind: ServiceAccount, name: cart, port: 8080}
  sources: [{kind: ServiceAccount, name: frontend}]
  rules: [{kind: TCPRoute, name: any}, {kind: HTTPRouteGroup, name: cart}]
---
apiVersion: specs.smi-spec.io/v1alpha1
kind: TCPRoute
metadata: {name: any}
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: cart}
spec: {matches: [{name: read, pathRegex: /api/cart, methods: [GET]}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: cart}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: frontend}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec: {serviceAccountName: cart, containers: [{name: cart, image: "cart:1"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: frontend-7d4b9-aaaaa, labels: {app: frontend, pod-template-hash: 7d4b9}}
spec: {serviceAccountName: frontend, containers: [{name: frontend, image: "frontend:1"}]}
`

var _ = It("access reads what the cluster has, and exports what it accepts", func(ctx SpecContext) {
	namespace := freshNamespace(ctx)
	for document := range strings.SplitSeq(shopAccess, "---\n") {
		o := &unstructured.Unstructured{}
		Expect(yaml.Unmarshal([]byte(document), o)).To(Succeed())
		o.SetNamespace(namespace)
		Expect(api.Create(ctx, o)).To(Succeed(), document)
	}
	check := func(path string) []string {
		return []string{"access", "check", "--cluster", "--from", namespace + "/frontend", "--to", namespace + "/cart", "--port", "8080", "--path", path}
	}
	code, out, errOut := do(ctx, "default", check("/api/cart/7")...)
	Expect(code).To(Equal(0), errOut)
	Expect(out).To(HavePrefix("ALLOW " + namespace + "/frontend -> " + namespace + "/cart:8080 GET /api/cart/7\n"))
	Expect(out).To(ContainSubstring("TrafficTarget " + namespace + "/frontend-cart allows every match of HTTPRouteGroup cart on port 8080"))
	code, out, errOut = do(ctx, "default", check("/admin")...)
	Expect(code).To(Equal(1), errOut)
	Expect(out).To(HavePrefix("DENY "))
	code, out, errOut = do(ctx, "default", "access", "who", "--cluster", "--from", namespace+"/frontend")
	Expect(code).To(Equal(0), errOut)
	Expect(out).To(MatchRegexp(`/cart +\S+/frontend-cart +8080 +GET +/api/cart +-\n`))
	code, out, errOut = do(ctx, namespace, "access", "export", "--cluster", "--for", "networkpolicy", "--l4-only")
	Expect(code).To(Equal(0), errOut)
	documents := strings.Split(out, "---\n")[1:]
	Expect(documents).To(HaveLen(2))
	for _, document := range documents {
		written := &networkingv1.NetworkPolicy{}
		Expect(yaml.UnmarshalStrict([]byte(document), written)).To(Succeed())
		Expect(api.Create(ctx, written)).To(Succeed(), document)
	}
	cart := &networkingv1.NetworkPolicy{}
	Expect(api.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "smi-cart"}, cart)).To(Succeed())
	Expect(cart.Spec.PodSelector.MatchLabels).To(Equal(map[string]string{"app": "cart"}))
	Expect(cart.Spec.Ingress).To(HaveLen(1))
	Expect(cart.Spec.Ingress[0].From[0].PodSelector.MatchLabels).To(Equal(map[string]string{"app": "frontend"}))
	Expect(cart.Spec.Ingress[0].Ports[0].Port.IntValue()).To(Equal(8080))
	code, _, errOut = do(ctx, "default", append(check("/"), "--server", "https://127.0.0.1:1")...)
	Expect(code).To(Equal(2))
	Expect(errOut).To(MatchRegexp(`^error: the API server cannot be reached: [^\n]+\n$`))
})
