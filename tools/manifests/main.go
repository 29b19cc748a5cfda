// Command manifests compares two streams of Kubernetes objects, so that the chart and the kustomization cannot drift apart:
//
//	manifests LEFT.yaml RIGHT.yaml
//
// In: two files of YAML documents. Out: nothing and exit code 0 if they hold the same objects with the same fields, in any
// order; else one line per difference and exit code 1. Namespaces are not compared, because Helm makes them by itself, and
// neither are the labels and annotations that only Helm has a use for. It must not read a cluster.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: manifests LEFT.yaml RIGHT.yaml")
		os.Exit(2)
	}
	differences, err := compare(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	for _, difference := range differences {
		fmt.Println(difference)
	}
	if len(differences) > 0 {
		os.Exit(1)
	}
}

// object is one decoded document.
type object = map[string]any

// compare lists how the objects of two files differ.
func compare(left, right string) ([]string, error) {
	ours, err := read(left)
	if err != nil {
		return nil, err
	}
	theirs, err := read(right)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(ours)
	maps.Copy(all, theirs)
	var found []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		switch our, their := ours[name], theirs[name]; {
		case our == nil:
			found = append(found, fmt.Sprintf("%s: only in %s", name, right))
		case their == nil:
			found = append(found, fmt.Sprintf("%s: only in %s", name, left))
		default:
			found = append(found, differ(name, our, their)...)
		}
	}
	return found, nil
}

// read returns the objects of a file by kind, namespace and name.
func read(path string) (map[string]object, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	objects := map[string]object{}
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		var o object
		if err := yaml.Unmarshal(document, &o); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if len(o) == 0 || o["kind"] == "Namespace" {
			continue
		}
		name := nameOf(o)
		if objects[name] != nil {
			return nil, fmt.Errorf("%s: %s is there twice", path, name)
		}
		dropHelm(o)
		objects[name] = o
	}
}

func nameOf(o object) string {
	meta, _ := o["metadata"].(object)
	name := fmt.Sprintf("%v %v", o["kind"], meta["name"])
	if namespace := meta["namespace"]; namespace != nil {
		name += fmt.Sprintf(" in %v", namespace)
	}
	return name
}

// helms are the labels and annotations that only a chart sets.
var helms = map[string][]string{
	"labels":      {"helm.sh/chart", "app.kubernetes.io/managed-by", "app.kubernetes.io/instance", "app.kubernetes.io/version"},
	"annotations": {"helm.sh/resource-policy"},
}

// dropHelm removes what only a chart says about itself.
func dropHelm(o object) {
	meta, _ := o["metadata"].(object)
	for field, names := range helms {
		values, _ := meta[field].(object)
		for _, name := range names {
			delete(values, name)
		}
		if values != nil && len(values) == 0 {
			delete(meta, field)
		}
	}
}

// differ lists the paths at which two values differ.
func differ(path string, left, right any) []string {
	if ours, ok := left.(object); ok {
		if theirs, ok := right.(object); ok {
			all := maps.Clone(ours)
			maps.Copy(all, theirs)
			var found []string
			for _, key := range slices.Sorted(maps.Keys(all)) {
				found = append(found, differ(path+"."+key, ours[key], theirs[key])...)
			}
			return found
		}
	}
	if ours, ok := left.([]any); ok {
		if theirs, ok := right.([]any); ok && len(ours) == len(theirs) {
			var found []string
			for i := range ours {
				found = append(found, differ(fmt.Sprintf("%s[%d]", path, i), ours[i], theirs[i])...)
			}
			return found
		}
	}
	if reflect.DeepEqual(left, right) {
		return nil
	}
	return []string{fmt.Sprintf("%s: %v, but %v", path, left, right)}
}
