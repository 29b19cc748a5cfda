package smifile

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/serin-dev/serin/policy"
)

// Groups of the objects that are read, as they stand before the slash of an apiVersion.
const (
	AccessGroup = "access.smi-spec.io"
	SpecsGroup  = "specs.smi-spec.io"
)

// Objects are what was read.
type Objects struct {
	policy.Snapshot
	// Otherwise is the namespace of objects that name none.
	Otherwise string
	// origins tells where each object was read, so that none counts twice.
	origins   map[string]string
	workloads []rawWorkload
}

// New is where nothing was read yet. Objects that name no namespace will be in the given one.
func New(otherwise string) *Objects {
	return &Objects{Otherwise: otherwise, origins: map[string]string{}}
}

// header is what every object has.
type header struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"metadata"`
}

// AddJSON takes one object in, or each object of a list. Kinds that are of no concern are left out. The origin is what its errors begin with.
func (o *Objects) AddJSON(origin string, object []byte) error {
	if err := o.add(origin, object, header{}); err != nil {
		return fmt.Errorf("%s: %w", origin, err)
	}
	return nil
}

// add takes an object in; an item of a typed list has the kind of the list unless it says another.
func (o *Objects) add(origin string, object []byte, unsaid header) error {
	head := struct {
		header
		Items *[]json.RawMessage `json:"items"`
	}{}
	if trimmed := strings.TrimSpace(string(object)); trimmed == "" || trimmed == "null" {
		return nil
	}
	if err := json.Unmarshal(object, &head); err != nil {
		return errors.New("it is no object of Kubernetes: " + plain(err))
	}
	if head.Kind == "" {
		head.Kind, head.APIVersion = unsaid.Kind, unsaid.APIVersion
	}
	if kind, isList := strings.CutSuffix(head.Kind, "List"); isList && (head.Items != nil || kind == "") {
		item := header{Kind: kind, APIVersion: head.APIVersion}
		if kind == "" {
			item = header{}
		}
		if head.Items == nil {
			return nil
		}
		for _, one := range *head.Items {
			if err := o.add(origin, one, item); err != nil {
				return err
			}
		}
		return nil
	}
	return o.one(origin, object, head.header)
}

// one takes a single object in.
func (o *Objects) one(origin string, object []byte, head header) error {
	group, _, hasGroup := strings.Cut(head.APIVersion, "/")
	if !hasGroup {
		group = ""
	}
	into := o.reader(origin, group, head.Kind)
	if into == nil {
		return nil
	}
	if head.Metadata.Name == "" {
		return fmt.Errorf("a %s has no metadata.name", head.Kind)
	}
	if head.Metadata.Namespace == "" {
		head.Metadata.Namespace = o.Otherwise
	}
	key := fmt.Sprintf("%s %s/%s", head.Kind, head.Metadata.Namespace, head.Metadata.Name)
	if first, twice := o.origins[group+"/"+key]; twice {
		return fmt.Errorf("%s was read before, in %s: which of them holds is unclear", key, first)
	}
	o.origins[group+"/"+key] = origin
	if err := into(object, head); err != nil {
		return errors.New(plain(err))
	}
	return nil
}

// reader is what takes in objects of a kind, nil for a kind that is of no concern.
func (o *Objects) reader(origin, group, kind string) func([]byte, header) error {
	switch {
	case group == AccessGroup && kind == "TrafficTarget":
		return func(object []byte, head header) error {
			return read(object, head, &o.TrafficTargets)
		}
	case group == SpecsGroup && kind == "HTTPRouteGroup":
		return func(object []byte, head header) error {
			return read(object, head, &o.HTTPRouteGroups)
		}
	case group == SpecsGroup && kind == "TCPRoute":
		return func(object []byte, head header) error {
			return read(object, head, &o.TCPRoutes)
		}
	case group == SpecsGroup && kind == "UDPRoute":
		return func(object []byte, head header) error {
			return read(object, head, &o.UDPRoutes)
		}
	case group == AccessGroup && kind == "IdentityBinding":
		return func(object []byte, head header) error {
			return read(object, head, &o.IdentityBindings)
		}
	case slices.Contains(workloadKinds(), groupKind{group, kind}):
		return func(object []byte, head header) error {
			o.workloads = append(o.workloads, rawWorkload{head, origin, object})
			return nil
		}
	}
	return nil
}

// read decodes an object of any published version and puts it into the namespace that it is in.
func read[T any, P interface {
	*T
	SetNamespace(string)
}](object []byte, head header, into *[]T) error {
	var t T
	if err := json.Unmarshal(object, &t); err != nil {
		return err
	}
	P(&t).SetNamespace(head.Metadata.Namespace)
	*into = append(*into, t)
	return nil
}

// plain is an error of a decoder in one line, without what it says of itself.
func plain(err error) string {
	sentence := strings.Join(strings.Fields(err.Error()), " ")
	for _, noise := range []string{"error converting YAML to JSON: ", "error unmarshaling JSON: ", "while decoding JSON: ", "json: ", "yaml: "} {
		sentence = strings.TrimPrefix(sentence, noise)
	}
	return sentence
}
