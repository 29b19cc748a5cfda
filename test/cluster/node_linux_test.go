//go:build e2e

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/serin-dev/serin/test/cluster/internal/image"
)

// probeService is the fixed address of the Service of the probe.
const probeService = "10.96.7.7"

const probe = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: probe}
spec:
  replicas: 2
  selector: {matchLabels: {app: probe}}
  template:
    metadata: {labels: {app: probe}}
    spec:
      containers:
      - name: probe
        image: probe.test/probe:1
        imagePullPolicy: Never
        readinessProbe: {httpGet: {path: /name, port: 8080}, periodSeconds: 1}
        volumeMounts: [{name: memory, mountPath: /memory}]
      volumes: [{name: memory, emptyDir: {medium: Memory}}]
---
apiVersion: v1
kind: Service
metadata: {name: probe}
spec:
  clusterIP: ` + probeService + `
  selector: {app: probe}
  ports: [{name: http, port: 80, targetPort: 8080}, {name: https, port: 443, targetPort: 8443}]
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.probe.test}
spec:
  group: probe.test
  version: v1
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
  service: {name: probe, namespace: default, port: 443}
`

const loaded = `
apiVersion: v1
kind: Pod
metadata: {name: loaded}
spec:
  containers:
  - {name: probe, image: "probe.test/loaded:1", imagePullPolicy: Never, ports: [{containerPort: 8080, hostPort: 28080}]}
`

// TestNode is one story, since a node takes the machine: a node runs pods, its programs are killed and come back, a second
// node waits for it, the first is killed, the second clears away what that left, and at the end the machine is as it was.
func TestNode(t *testing.T) {
	if said, err := command("node", "--check").CombinedOutput(); err != nil {
		t.Skipf("no node runs here: %s", said)
	}
	if said, err := command("node", "--prepare").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	before := takePicture(t)
	r := begin(t, "node", "--audit", "--log-space=64M", "--image="+probeImage(t, "probe.test/probe:1"))
	r.start(t)
	r.awaitReport(t)
	if r.Node == nil || !r.Owned || !alive(r.Pids["kubelet"]) || r.Audit == "" {
		t.Errorf("the report is %+v", r.report)
	}
	t.Run("pods", r.testPods)
	t.Run("an API behind the API server", r.testInClusterAPI)
	t.Run("load", r.testLoad)
	t.Run("the space for logs", r.testLogSpace)
	for _, name := range []string{"kube-apiserver", "etcd", "kubelet", "kube-proxy", "containerd"} {
		t.Run(name+" comes back", func(t *testing.T) { r.testKill(t, name) })
	}

	second := begin(t, "node", "--", "sh", "-c", `kubectl get node serin-node && test -s "$SERIN_NODE" && exit 7`)
	second.start(t)
	eventually(t, "the second node says that it waits", func() bool { return second.hasSaid("there can be only one") })
	pids := r.now(t).Pids
	if err := r.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	r.exit()
	for name, pid := range pids {
		eventually(t, name+" ends with the node", func() bool { return !alive(pid) })
	}
	second.awaitReport(t)
	if !second.hasSaid("clearing away what a killed node left") {
		t.Error("nothing is said of what the first node left")
	}
	if printed, err := io.ReadAll(second.lines); err != nil || !strings.Contains(string(printed), "serin-node") {
		t.Errorf("the command printed %q, %v", printed, err)
	}
	if code := second.exit(); code != 7 {
		t.Errorf("exit status %d, want the command's, 7", code)
	}
	before.wantSame(t, takePicture(t))
}

// testPods checks that pods run and that they, DNS and Services reach each other.
func (r *running) testPods(t *testing.T) {
	r.must(t, probe, "apply", "--filename=-")
	r.must(t, "", "rollout", "status", "deployment/probe", "--timeout="+patience.String())
	eventually(t, "the Service has both pods behind it, seen from the machine", func() bool {
		_, err := fetch("http://" + probeService + "/name")
		const ready = `--output=jsonpath={.items[*].endpoints[?(@.conditions.ready==true)].addresses}`
		return err == nil && strings.Count(r.must(t, "", "get", "endpointslices", "--selector=kubernetes.io/service-name=probe", ready), "10.244.") == 2
	})
	for question, want := range map[string]string{
		"/lookup?of=probe":                                    probeService,
		"/lookup?of=probe.default.svc.cluster.local":          probeService,
		"/lookup?of=kubernetes.default":                       "10.96.0.1",
		"/fetch?from=" + url.QueryEscape("http://probe/name"): "probe-",
	} {
		eventually(t, "a pod answers "+question+" with "+want, func() bool {
			got, err := fetch("http://" + probeService + question)
			return err == nil && strings.Contains(got, want)
		})
	}
	if got := r.must(t, "", "logs", "deployment/probe"); !strings.Contains(got, "probe listens") {
		t.Errorf("the log is %q", got)
	}
	if got, err := r.kubectl("", "auth", "can-i", "list", "pods", "--as=system:serviceaccount:kube-system:coredns"); err != nil || !strings.Contains(got, "yes") {
		t.Errorf("the DNS may list pods: %q, %v", got, err)
	}
}

// testInClusterAPI checks that the API server reaches an API at the address of a Service.
func (r *running) testInClusterAPI(t *testing.T) {
	r.must(t, "", "wait", "apiservice/v1.probe.test", "--for=condition=Available", "--timeout="+patience.String())
	if got := r.must(t, "", "get", "--raw=/apis/probe.test/v1/caller"); got != "serin-admin says front-proxy-client" {
		t.Errorf("the caller is %q", got)
	}
}

// testLoad imports an image into the running node and reaches the pod by a port of the node.
func (r *running) testLoad(t *testing.T) {
	load := command("load", "--image", probeImage(t, "probe.test/loaded:1"))
	if said, err := load.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	r.must(t, loaded, "apply", "--filename=-")
	r.must(t, "", "wait", "pod/loaded", "--for=condition=Ready", "--timeout="+patience.String())
	eventually(t, "the pod answers on a port of the node", func() bool {
		got, err := fetch("http://" + r.Node.Address + ":28080/name")
		return err == nil && got == "loaded"
	})
}

// testLogSpace checks that the logs of pods have a file system of the size that was asked for.
func (r *running) testLogSpace(t *testing.T) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(r.Node.PodLogs, &stat); err != nil {
		t.Fatal(err)
	}
	if size := int64(stat.Blocks) * stat.Bsize; size != 64<<20 {
		t.Errorf("the space for logs has %d bytes, want 64 MiB", size)
	}
	if found, err := filepath.Glob(r.Node.PodLogs + "/default_probe-*/probe/0.log"); err != nil || len(found) != 2 {
		t.Errorf("the logs of the pods are %v, %v", found, err)
	}
}

// testKill kills a program and checks that it comes back and that the node works.
func (r *running) testKill(t *testing.T, name string) {
	earlier := r.now(t).Pids[name]
	if err := syscall.Kill(earlier, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another process is named in the state", func() bool {
		pid := r.now(t).Pids[name]
		return pid != earlier && alive(pid)
	})
	eventually(t, "the API server is ready and the node too", func() bool {
		const ready = `--output=jsonpath={.status.conditions[?(@.type=="Ready")].status}`
		health, err := r.kubectl("", "get", "--raw=/readyz")
		status, _ := r.kubectl("", "get", "node", "serin-node", ready)
		return err == nil && health == "ok" && status == "True"
	})
	pod := "after-" + name
	r.must(t, strings.NewReplacer("{name: loaded}", "{name: "+pod+"}", ", ports: [{containerPort: 8080, hostPort: 28080}]", "").Replace(loaded),
		"create", "--filename=-")
	r.must(t, "", "wait", "pod/"+pod, "--for=condition=Ready", "--timeout="+patience.String())
	r.must(t, "", "delete", "pod", pod, "--wait=false", "--grace-period=1")
}

// now is the report in the state file.
func (r *running) now(t *testing.T) report {
	t.Helper()
	text, err := os.ReadFile(r.Node.State)
	if err != nil {
		t.Fatal(err)
	}
	var now report
	if err := json.Unmarshal(text, &now); err != nil {
		t.Fatal(err)
	}
	return now
}

// probeImage builds the probe and returns an archive with it as an image.
func probeImage(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(dir, "probe"), "./testdata/probe")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	path := filepath.Join(dir, "image.tar")
	if err := image.WriteFile(path, image.Spec{Name: name, Program: filepath.Join(dir, "probe")}); err != nil {
		t.Fatal(err)
	}
	return path
}

// fetch gets a page over a connection of its own, as a new caller does.
func fetch(address string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, text)
	}
	return string(text), err
}

func TestNodeFlags(t *testing.T) {
	got, err := parseNode([]string{"--image", "a.tar", "--image=b.tar", "--audit", "--log-space=64M", "--", "sh", "-c", "true"})
	if err != nil || !slices.Equal(got.images, []string{"a.tar", "b.tar"}) || !got.audit || got.logSpace != 64<<20 ||
		!slices.Equal(got.command, []string{"sh", "-c", "true"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, args := range [][]string{{"--other"}, {"--log-space=x"}, {"--log-space=-1M"}, {"--log-space=0"}, {"--image"}} {
		if got, err := parseNode(args); err == nil {
			t.Errorf("%v is taken for %+v", args, got)
		}
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{"512": 512, "4K": 4096, "64M": 64 << 20, "2G": 2 << 30} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%s is %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestLoadWithoutANodeSaysSo(t *testing.T) {
	load := command("load", "--image=image.tar")
	load.Env = append(os.Environ(), "SERIN_NODE="+filepath.Join(t.TempDir(), "node.json"))
	text, err := load.CombinedOutput()
	if err == nil || !strings.Contains(string(text), "no node runs") {
		t.Errorf("got %v, %q", err, text)
	}
}
