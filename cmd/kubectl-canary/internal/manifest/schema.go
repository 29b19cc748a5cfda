package manifest

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// judgedSchema is what the CRD says of spec.analysis and spec.steps, without descriptions. A test holds it to config/crd;
// `go test ./cmd/kubectl-canary/internal/manifest -update` writes it anew.
//
//go:embed judged.schema.json
var judgedSchema []byte

// schema is a structural schema, as far as those of spec.analysis and spec.steps go.
type schema struct {
	Type       string             `json:"type"`
	Properties map[string]*schema `json:"properties"`
	Items      *schema            `json:"items"`
	Required   []string           `json:"required"`
	Default    json.RawMessage    `json:"default"`
	Enum       []string           `json:"enum"`
	Pattern    string             `json:"pattern"`
	Format     string             `json:"format"`
	Minimum    *float64           `json:"minimum"`
	Maximum    *float64           `json:"maximum"`
	MinLength  *int               `json:"minLength"`
	MaxLength  *int               `json:"maxLength"`
	MaxItems   *int               `json:"maxItems"`
	ListType   string             `json:"x-kubernetes-list-type"`
	MapKeys    []string           `json:"x-kubernetes-list-map-keys"`
	Rules      []struct {
		Rule    string `json:"rule"`
		Message string `json:"message"`
	} `json:"x-kubernetes-validations"`
}

// judged is the schema of the parts of a spec that are judged by.
func judged() *schema {
	s := &schema{Type: "object", Required: []string{"steps"}}
	if err := json.Unmarshal(judgedSchema, &s.Properties); err != nil {
		panic(err) // It is a part of this program.
	}
	return s
}

// settle fills in the defaults of the schema's own fields, and checks these.
func (s *schema) settle(spec map[string]any) error {
	s.fill(spec)
	for _, name := range s.Required {
		if _, there := spec[name]; !there {
			return fmt.Errorf("spec.%s: it is missing", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if err := s.Properties[name].check("spec."+name, spec[name]); err != nil {
			return err
		}
	}
	return nil
}

// fill gives a value the defaults of what it leaves out, as an API server does. A null counts as left out.
func (s *schema) fill(value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, field := range s.Properties {
			if value[name] == nil {
				delete(value, name)
				if len(field.Default) > 0 {
					value[name] = field.fallback()
				}
			}
			field.fill(value[name])
		}
	case []any:
		for _, item := range value {
			if s.Items != nil {
				s.Items.fill(item)
			}
		}
	}
}

// fallback is a new copy of the default.
func (s *schema) fallback() (value any) {
	if err := json.Unmarshal(s.Default, &value); err != nil {
		panic(err) // It is a part of this program.
	}
	return value
}

// check refuses a value that the schema does not allow. CEL rules are not the schema's business here: see hold.
func (s *schema) check(path string, value any) error {
	switch value := value.(type) {
	case map[string]any:
		if s.Type == "object" {
			return s.checkFields(path, value)
		}
	case []any:
		if s.Type == "array" {
			return s.checkItems(path, value)
		}
	case string:
		if s.Type == "string" {
			return s.checkString(path, value)
		}
	case float64:
		if s.Type == "number" || s.Type == "integer" {
			return s.checkNumber(path, value)
		}
	case bool:
		if s.Type == "boolean" {
			return nil
		}
	}
	return fmt.Errorf("%s: it is no %s", path, s.Type)
}

func (s *schema) checkFields(path string, value map[string]any) error {
	for _, name := range s.Required {
		if _, there := value[name]; !there {
			return fmt.Errorf("%s.%s: it is missing", path, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(value)) {
		field, known := s.Properties[name]
		if !known {
			return fmt.Errorf("%s has the unknown field %q", path, name)
		}
		if err := field.check(path+"."+name, value[name]); err != nil {
			return err
		}
	}
	return nil
}

func (s *schema) checkItems(path string, value []any) error {
	if s.MaxItems != nil && len(value) > *s.MaxItems {
		return fmt.Errorf("%s: there are %d, and at most %d are allowed", path, len(value), *s.MaxItems)
	}
	seen := map[string]int{}
	for i, item := range value {
		here := fmt.Sprintf("%s[%d]", path, i)
		if err := s.Items.check(here, item); err != nil {
			return err
		}
		key, unique := s.key(item)
		if first, twice := seen[key]; unique && twice {
			return fmt.Errorf("%s: it is there already, as %s[%d]", here, path, first)
		}
		seen[key] = i
	}
	return nil
}

// key is what must be unique among the items of a list.
func (s *schema) key(item any) (string, bool) {
	switch s.ListType {
	case "set":
		return fmt.Sprint(item), true
	case "map":
		var parts []string
		for _, name := range s.MapKeys {
			object, _ := item.(map[string]any)
			parts = append(parts, fmt.Sprint(object[name]))
		}
		return strings.Join(parts, "\n"), true
	default:
		return "", false
	}
}

func (s *schema) checkString(path, value string) error {
	length := utf8.RuneCountInString(value)
	switch {
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, value):
		return fmt.Errorf("%s: %q is none of %s", path, value, strings.Join(s.Enum, ", "))
	case s.MinLength != nil && length < *s.MinLength:
		return fmt.Errorf("%s: it is empty", path)
	case s.MaxLength != nil && length > *s.MaxLength:
		return fmt.Errorf("%s: it has %d characters, and at most %d are allowed", path, length, *s.MaxLength)
	case s.Pattern == "":
		return nil
	}
	pattern, err := regexp.Compile(s.Pattern)
	if err != nil {
		return errors.Join(fmt.Errorf("%s: its pattern cannot be read", path), err)
	}
	if !pattern.MatchString(value) {
		return fmt.Errorf("%s: %q is not of the form %s", path, value, s.Pattern)
	}
	return nil
}

func (s *schema) checkNumber(path string, value float64) error {
	switch {
	case s.Type == "integer" && (value != float64(int32(value))):
		return fmt.Errorf("%s: %v is no whole number", path, value)
	case s.Minimum != nil && value < *s.Minimum:
		return fmt.Errorf("%s: %v is less than %v", path, value, *s.Minimum)
	case s.Maximum != nil && value > *s.Maximum:
		return fmt.Errorf("%s: %v is more than %v", path, value, *s.Maximum)
	}
	return nil
}
