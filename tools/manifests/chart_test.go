package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// tool returns the path of a program that go.mod pins.
var tool = func() func(t *testing.T, name string) string {
	var mu sync.Mutex
	paths := map[string]string{}
	return func(t *testing.T, name string) string {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if paths[name] == "" {
			path, err := exec.Command("go", "tool", "-n", name).Output()
			if err != nil {
				t.Fatalf("go tool -n %s: %v", name, err)
			}
			paths[name] = strings.TrimSpace(string(path))
		}
		return paths[name]
	}
}()

// render renders the chart with values, and returns its objects by name, or what Helm said against it.
func render(t *testing.T, values ...string) (rendered map[string]object, refused string) {
	t.Helper()
	args := []string{"template", "serin", "../../charts/serin", "--namespace", "serin-system"}
	for _, value := range values {
		args = append(args, "--set-json", value)
	}
	cmd := exec.Command(tool(t, "helm"), args...)
	home := t.TempDir()
	cmd.Env = append(os.Environ(), "HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return nil, said.String()
	}
	return decode(t, out.Bytes()), ""
}

func decode(t *testing.T, text []byte) map[string]object {
	t.Helper()
	file := filepath.Join(t.TempDir(), "objects.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	objects, err := read(file)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// must renders the chart with values that it takes.
func must(t *testing.T, values ...string) map[string]object {
	t.Helper()
	objects, refused := render(t, values...)
	if refused != "" {
		t.Fatalf("%v is refused: %s", values, refused)
	}
	return objects
}

// at returns a field of an object.
func at(value any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			fields, _ := value.(object)
			value = fields[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				return nil
			}
			value = list[step]
		}
	}
	return value
}

func container(o object) any { return at(o, "spec", "template", "spec", "containers", 0) }

// args are those of the part's only container.
func args(t *testing.T, objects map[string]object, part string) []string {
	t.Helper()
	list, _ := at(container(objects["Deployment serin-"+part+" in serin-system"]), "args").([]any)
	if len(list) == 0 {
		t.Fatalf("there is no Deployment of %s", part)
	}
	texts := make([]string, 0, len(list))
	for _, arg := range list {
		texts = append(texts, fmt.Sprint(arg))
	}
	return texts
}

func TestEachPartCanBeOnOrOff(t *testing.T) {
	parts := []string{"controller", "metrics", "proxy", "authz"}
	for mask := range 1 << len(parts) {
		values, on := []string{"networkPolicy.enabled=true"}, []string{}
		for i, part := range parts {
			enabled := mask>>i&1 == 1
			values = append(values, fmt.Sprintf("%s.enabled=%v", part, enabled))
			if enabled {
				on = append(on, part)
			}
		}
		t.Run(strings.Join(on, "+"), func(t *testing.T) {
			objects := must(t, values...)
			for _, part := range parts {
				want := slices.Contains(on, part)
				if got := objects["Deployment serin-"+part+" in serin-system"] != nil; got != want {
					t.Errorf("Deployment of %s: %v, want %v", part, got, want)
				}
				for name := range objects {
					if !want && strings.Contains(name, "serin-"+part) {
						t.Errorf("%s is off and leaves %s", part, name)
					}
				}
			}
			if got := objects["APIService v1alpha1.metrics.smi-spec.io"] != nil; got != slices.Contains(on, "metrics") {
				t.Errorf("APIService: %v", got)
			}
		})
	}
}

func TestEveryPodIsRestricted(t *testing.T) {
	objects := must(t, "authz.enabled=true")
	pods := 0
	for name, o := range objects {
		spec := at(o, "spec", "template", "spec")
		if o["kind"] == "Pod" {
			spec = o["spec"]
		}
		if spec == nil {
			continue
		}
		pods++
		own, c := at(spec, "securityContext"), at(spec, "containers", 0, "securityContext")
		if fmt.Sprint(at(own, "runAsNonRoot")) != "true" || at(own, "seccompProfile", "type") != "RuntimeDefault" || fmt.Sprint(at(c, "allowPrivilegeEscalation")) != "false" ||
			fmt.Sprint(at(c, "readOnlyRootFilesystem")) != "true" || fmt.Sprint(at(c, "capabilities", "drop")) != "[ALL]" {
			t.Errorf("%s is not restricted: %v %v", name, own, c)
		}
	}
	if pods != 5 {
		t.Errorf("%d kinds of pods, want those of four parts and of helm test", pods)
	}
}

func TestValuesReachTheParts(t *testing.T) {
	for _, c := range []struct {
		part, want string
		values     []string
	}{
		{"controller", "--access=false", []string{"controller.access=false"}},
		{"controller", "--gateway=false", []string{"controller.gateway=false"}},
		{"controller", "--secret-namespaces=shop,pay", []string{`rbac.secretNamespaces=["shop","pay"]`}},
		{"controller", "--secret-namespaces=*", []string{`rbac.secrets="Cluster"`}},
		{"controller", "--secret-namespaces=", []string{`rbac.secrets="Off"`}},
		{"controller", "--secret-namespaces=", nil},
		{"controller", "--prometheus-address=http://prometheus:9090", []string{`prometheus.address="http://prometheus:9090"`}},
		{"controller", "--workers=4", []string{`controller.args=["--workers=4"]`}},
		{"metrics", "--prometheus-scrape-interval=30s", []string{`metrics.prometheus={"address":"http://p:9090","profile":"auto","scrapeInterval":"30s"}`}},
		{"metrics", "--cert-secret=serin-system/serin-metrics-certificate", nil},
		{"metrics", "--cert-dir=/certificate", []string{`metrics.tls.secretName="cert"`}},
		{"proxy", "--drain-timeout=1m", []string{`proxy.args=["--drain-timeout=1m"]`}},
		{"authz", "--identity=linkerd,address", []string{"authz.enabled=true", `authz.identity=["linkerd","address"]`}},
		{"authz", "--mode=Audit", []string{"authz.enabled=true", `authz.mode="Audit"`}},
		{"authz", "--trust-headers-from=10.0.0.0/8", []string{"authz.enabled=true", `authz.trustHeadersFrom=["10.0.0.0/8"]`}},
		{"authz", "--client-ca-file=/certificate/ca.crt", []string{"authz.enabled=true", `authz.tls={"secretName":"cert","clientCA":true}`}},
	} {
		if got := args(t, must(t, c.values...), c.part); !slices.Contains(got, c.want) {
			t.Errorf("%v: %s has %v, want %s", c.values, c.part, got, c.want)
		}
	}
	objects := must(t, `image={"repository":"registry.example/serin","tag":"1.0"}`, "authz.enabled=true", `pod.nodeSelector={"disk":"ssd"}`)
	for _, part := range []string{"controller", "metrics", "proxy", "authz"} {
		o := objects["Deployment serin-"+part+" in serin-system"]
		if image := at(container(o), "image"); image != "registry.example/serin:1.0" {
			t.Errorf("%s has the image %v", part, image)
		}
		if at(o, "spec", "template", "spec", "nodeSelector", "disk") != "ssd" {
			t.Errorf("pod.nodeSelector does not reach %s", part)
		}
	}
}

func TestOneReplicaHasNoBudget(t *testing.T) {
	for _, part := range []string{"controller", "metrics", "authz"} {
		name := "PodDisruptionBudget serin-" + part + " in serin-system"
		if must(t, "authz.enabled=true")[name] == nil {
			t.Errorf("%s is missing", name)
		}
		if must(t, "authz.enabled=true", part+".replicas=1")[name] != nil {
			t.Errorf("%s with one replica: a node under it cannot be drained", name)
		}
	}
}

func TestMonitoringIsOptional(t *testing.T) {
	names := []string{"ServiceMonitor serin-controller in serin-system", "PrometheusRule serin in serin-system"}
	off, on := must(t), must(t, "monitoring.serviceMonitor=true", "monitoring.prometheusRule=true")
	for _, name := range names {
		if off[name] != nil || on[name] == nil {
			t.Errorf("%s: %v when off, %v when on", name, off[name] != nil, on[name] != nil)
		}
	}
}

func TestTheCertificateIsOneOfFour(t *testing.T) {
	api := "APIService v1alpha1.metrics.smi-spec.io"
	secret := "Secret serin-metrics-certificate in serin-system"
	for name, c := range map[string]struct {
		values               []string
		kept, unverified     bool
		caBundle, injectFrom any
	}{
		"kept by the servers": {kept: true},
		"in memory":           {values: []string{"metrics.tls.rotate=false"}, unverified: true},
		"of one's own":        {values: []string{`metrics.tls.secretName="cert"`, `metrics.tls.caBundle="QQ=="`}, caBundle: "QQ=="},
		"of cert-manager":     {values: []string{"metrics.tls.certManager.enabled=true"}, injectFrom: "serin-system/serin-metrics"},
	} {
		objects := must(t, c.values...)
		unverified := fmt.Sprint(at(objects[api], "spec", "insecureSkipTLSVerify")) == "true"
		if (objects[secret] != nil) != c.kept || unverified != c.unverified || at(objects[api], "spec", "caBundle") != c.caBundle ||
			at(objects[api], "metadata", "annotations", "cert-manager.io/inject-ca-from") != c.injectFrom {
			t.Errorf("%s: %v, Secret %v", name, objects[api], objects[secret] != nil)
		}
		if issued := objects["Certificate serin-metrics in serin-system"] != nil; issued != (c.injectFrom != nil) {
			t.Errorf("%s: a Certificate is there: %v", name, issued)
		}
	}
}

func TestAReleaseElsewhereNamesNothingOfHere(t *testing.T) {
	cmd := exec.Command(tool(t, "helm"), "template", "other", "../../charts/serin", "--namespace", "elsewhere", "--set",
		"authz.enabled=true,networkPolicy.enabled=true,monitoring.serviceMonitor=true,monitoring.prometheusRule=true,rbac.secretNamespaces={shop}")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "serin-system") {
		t.Error("a release in another namespace names serin-system")
	}
}

func TestCRDsStayAndSMIIsOptional(t *testing.T) {
	cmd := exec.Command(tool(t, "helm"), "template", "serin", "../../charts/serin")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	crds, kept := strings.Count(string(out), "\nkind: CustomResourceDefinition"), strings.Count(string(out), "\n    helm.sh/resource-policy: keep")
	if crds != 9 || kept != crds {
		t.Errorf("of %d CustomResourceDefinitions %d stay when the chart is uninstalled", crds, kept)
	}
	for name := range must(t, "crds.smi=false") {
		if strings.HasPrefix(name, "CustomResourceDefinition") && strings.HasSuffix(name, "smi-spec.io") {
			t.Errorf("crds.smi=false leaves %s", name)
		}
	}
}

func TestWrongValuesAreRefusedWithASentence(t *testing.T) {
	for value, want := range map[string]string{
		`proxi.enabled=false`:                                "additional properties 'proxi' not allowed",
		`controller.replica=1`:                               "additional properties 'replica' not allowed",
		`controller.replicas=0`:                              "minimum: got 0, want 1",
		`metrics.enabled="yes"`:                              "got string, want boolean",
		`prometheus.address="prometheus:9090"`:               "does not match pattern",
		`rbac.secrets="Everything"`:                          "value must be one of 'Namespaces', 'Cluster', 'Off'",
		`rbac.secretNamespaces=["a b"]`:                      "does not match pattern",
		`authz.identity=[]`:                                  "minItems: got 0, want 1",
		`authz.identity=["jwt"]`:                             "value must be one of 'principal', 'xfcc', 'linkerd', 'address'",
		`controller.args=["workers=4"]`:                      "does not match pattern",
		`image.pullPolicy="Sometimes"`:                       "value must be one of 'Always', 'IfNotPresent', 'Never'",
		`metrics.tls.caBundle="QQ=="`:                        "metrics.tls.caBundle goes with metrics.tls.secretName alone",
		`authz={"enabled":true,"tls":{"clientCA":true}}`:     "authz.tls.clientCA needs authz.tls.secretName",
		`rbac={"secrets":"Off","secretNamespaces":["shop"]}`: "rbac.secretNamespaces goes with rbac.secrets: Namespaces alone, and rbac.secrets is Off",
	} {
		if _, refused := render(t, value); !strings.Contains(refused, want) {
			t.Errorf("%s: %q, want %q in it", value, refused, want)
		}
	}
}
