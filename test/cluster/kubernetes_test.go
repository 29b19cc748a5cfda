package main

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// command returns the program with arguments.
func command(args ...string) *exec.Cmd { return exec.Command(program, args...) }

// testNamespaces checks that a namespace gets what pods in it need, and goes.
func (r *running) testNamespaces(t *testing.T) {
	if got := r.must(t, "", "get", "namespaces", "--output=name"); !strings.Contains(got, "namespace/kube-system\n") {
		t.Errorf("the namespaces are %q", got)
	}
	r.must(t, "", "create", "namespace", "empty")
	for _, object := range []string{"serviceaccount/default", "configmap/kube-root-ca.crt"} {
		eventually(t, "the namespace has "+object, func() bool {
			_, err := r.kubectl("", "get", object, "--namespace=empty")
			return err == nil
		})
	}
	r.must(t, "", "delete", "namespace", "empty", "--wait=false")
}

const deployment = `
apiVersion: v1
kind: Node
metadata: {name: simulated}
---
apiVersion: v1
kind: Service
metadata: {name: app}
spec:
  selector: {app: app}
  ports: [{port: 80}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      nodeName: simulated
      containers: [{name: app, image: example.invalid/app}]
`

const readyPod = `{"status":{"phase":"Running","podIP":"10.1.2.3","podIPs":[{"ip":"10.1.2.3"}],
	"conditions":[{"type":"Ready","status":"True"}]}}`

// testDeployment plays the kubelet for one pod and checks that the controllers see it through to an endpoint.
func (r *running) testDeployment(t *testing.T) {
	r.must(t, deployment, "apply", "--filename=-")
	if got := r.must(t, "", "get", "node", "simulated", "--output=jsonpath={.spec.taints}"); got != "" {
		t.Errorf("the node is tainted: %s", got)
	}
	pod := ""
	eventually(t, "there is a pod", func() bool {
		pod = strings.TrimSpace(r.must(t, "", "get", "pods", "--selector=app=app", "--output=name"))
		return pod != ""
	})
	r.must(t, "", "patch", pod, "--subresource=status", "--patch="+readyPod)
	r.must(t, "", "rollout", "status", "deployment/app", "--timeout=60s")
	eventually(t, "the pod is a ready endpoint", func() bool {
		const endpoints = `--output=jsonpath={.items[*].endpoints[?(@.conditions.ready==true)].addresses}`
		got := r.must(t, "", "get", "endpointslices", "--selector=kubernetes.io/service-name=app", endpoints)
		return got == `["10.1.2.3"]`
	})
	r.must(t, "", "delete", "deployment", "app", "--wait=false")
	eventually(t, "the garbage collector deletes what the deployment made", func() bool {
		return r.must(t, "", "get", "replicasets", "--selector=app=app", "--output=name") == ""
	})
}

// testAccessRules checks that there are some.
func (r *running) testAccessRules(t *testing.T) {
	if got, _ := r.kubectl("", "auth", "can-i", "create", "pods", "--as=ada"); strings.TrimSpace(got) != "no" {
		t.Errorf("whether anybody may create pods is answered %q", got)
	}
	r.must(t, "", "create", "rolebinding", "ada", "--clusterrole=edit", "--user=ada")
	eventually(t, "a binding allows it", func() bool {
		got, _ := r.kubectl("", "auth", "can-i", "create", "pods", "--as=ada")
		return strings.TrimSpace(got) == "yes"
	})
}

const apiService = `
apiVersion: v1
kind: Service
metadata: {name: behind, namespace: default}
spec: {type: ExternalName, externalName: localhost}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.test.serin.dev}
spec:
  group: test.serin.dev
  version: v1
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
  service: {name: behind, namespace: default, port: %s}
`

// testAggregation puts a server behind the API server and checks that requests arrive with the caller's name, vouched for by
// the API server's own certificate.
func (r *running) testAggregation(t *testing.T) {
	var mu sync.Mutex
	var user, voucher string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/apis/test.serin.dev/v1/hello" && len(request.TLS.PeerCertificates) > 0 {
			mu.Lock()
			user, voucher = request.Header.Get("X-Remote-User"), request.TLS.PeerCertificates[0].Subject.CommonName
			mu.Unlock()
		}
		response.Header().Set("Content-Type", "application/json")
		fmt.Fprint(response, `{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"test.serin.dev/v1","resources":[]}`)
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	defer server.Close()
	port := server.URL[strings.LastIndex(server.URL, ":")+1:]
	r.must(t, fmt.Sprintf(apiService, port), "apply", "--filename=-")
	r.must(t, "", "wait", "apiservice/v1.test.serin.dev", "--for=condition=Available", "--timeout=60s")
	r.must(t, "", "get", "--raw=/apis/test.serin.dev/v1/hello")
	mu.Lock()
	defer mu.Unlock()
	if user != "serin-admin" || voucher != "front-proxy-client" {
		t.Errorf("the server behind sees user %q, vouched for by %q", user, voucher)
	}
	r.must(t, "", "delete", "apiservice", "v1.test.serin.dev")
}
