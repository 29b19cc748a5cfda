package main

import (
	"fmt"
	"os/exec"
	"slices"
	"testing"
)

// rules are those of a Role or ClusterRole; other kinds have none.
func rules(o object) []object {
	list, _ := o["rules"].([]any)
	found := make([]object, 0, len(list))
	for _, rule := range list {
		found = append(found, rule.(object))
	}
	return found
}

func has(list any, names ...string) bool {
	values, _ := list.([]any)
	return slices.ContainsFunc(values, func(v any) bool { return slices.Contains(names, fmt.Sprint(v)) })
}

// readsSecrets says whether a rule lets somebody read Secrets that it does not name.
func readsSecrets(rule object) bool {
	return has(rule["apiGroups"], "", "*") && has(rule["resources"], "secrets", "*") && has(rule["verbs"], "get", "list", "watch", "*") &&
		rule["resourceNames"] == nil
}

// broad are the rights that no part has: each of them is, or leads to, all of a cluster.
func broad(rule object) bool {
	return has(rule["apiGroups"], "*") || has(rule["verbs"], "*", "escalate", "bind", "impersonate") ||
		has(rule["resources"], "*") && !has(rule["apiGroups"], "metrics.smi-spec.io") ||
		has(rule["resources"], "pods/exec", "pods/attach", "serviceaccounts/token", "nodes/proxy")
}

// installations are everything that an installation can be.
func installations(t *testing.T) map[string]map[string]object {
	t.Helper()
	found := map[string]map[string]object{
		"chart": must(t),
		"chart with everything": must(t, "authz.enabled=true", "networkPolicy.enabled=true", "monitoring.serviceMonitor=true",
			"monitoring.prometheusRule=true", `rbac.secretNamespaces=["shop"]`),
	}
	for _, folder := range []string{"default", "authz", "without-smi", "secrets"} {
		out, err := exec.Command(tool(t, "kustomize"), "build", "../../config/"+folder).Output()
		if err != nil {
			t.Fatalf("config/%s: %v", folder, err)
		}
		found["config/"+folder] = decode(t, out)
	}
	return found
}

func TestNoPartMayReadSecretsOfTheWholeCluster(t *testing.T) {
	for from, objects := range installations(t) {
		for name, o := range objects {
			for _, rule := range rules(o) {
				if o["kind"] == "ClusterRole" && readsSecrets(rule) {
					t.Errorf("%s: %s reads the Secrets of every namespace: %v", from, name, rule)
				}
				if broad(rule) {
					t.Errorf("%s: %s has a right without a bound: %v", from, name, rule)
				}
			}
		}
	}
}

func TestSecretsAreReadWhereItWasSaid(t *testing.T) {
	for name, o := range must(t, `rbac.secretNamespaces=["shop","pay"]`) {
		for _, rule := range rules(o) {
			namespace := at(o, "metadata", "namespace")
			if readsSecrets(rule) && namespace != "shop" && namespace != "pay" {
				t.Errorf("%s reads Secrets of %v", name, namespace)
			}
		}
	}
	if !slices.ContainsFunc(rules(must(t, `rbac.secrets="Cluster"`)["ClusterRole serin-controller-secrets"]), readsSecrets) {
		t.Error("rbac.secrets: Cluster gives no right to read Secrets")
	}
	for name, o := range must(t, `rbac.secrets="Off"`) {
		if slices.ContainsFunc(rules(o), readsSecrets) {
			t.Errorf("rbac.secrets: Off leaves %s", name)
		}
	}
}

// What a part binds to must be there, or its rights are not.
func TestEveryBindingLeadsSomewhere(t *testing.T) {
	given := []string{"ClusterRole system:auth-delegator", "Role extension-apiserver-authentication-reader in kube-system"}
	for from, objects := range installations(t) {
		for name, o := range objects {
			if o["kind"] != "RoleBinding" && o["kind"] != "ClusterRoleBinding" {
				continue
			}
			want := fmt.Sprintf("%v %v", at(o, "roleRef", "kind"), at(o, "roleRef", "name"))
			if namespace := at(o, "metadata", "namespace"); at(o, "roleRef", "kind") == "Role" && namespace != nil {
				want += fmt.Sprintf(" in %v", namespace)
			}
			if objects[want] == nil && !slices.Contains(given, want) {
				t.Errorf("%s: %s leads to %s, which is not there", from, name, want)
			}
		}
	}
}
