package manifest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write judged.schema.json anew")

// TestSchemaIsTheCRDs holds the schema of this package to what `make generate` made of the API's types.
func TestSchemaIsTheCRDs(t *testing.T) {
	text, err := os.ReadFile("../../../../config/crd/serin.dev_canaries.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var crd map[string]any
	if err := yaml.Unmarshal(text, &crd); err != nil {
		t.Fatal(err)
	}
	version := crd["spec"].(map[string]any)["versions"].([]any)[0].(map[string]any)
	all := version["schema"].(map[string]any)["openAPIV3Schema"].(map[string]any)["properties"].(map[string]any)
	spec := all["spec"].(map[string]any)["properties"].(map[string]any)
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(undescribed(map[string]any{"analysis": spec["analysis"], "steps": spec["steps"]})); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("judged.schema.json", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		judgedSchema = want.Bytes()
	}
	if diff := cmp.Diff(want.String(), string(judgedSchema)); diff != "" {
		t.Errorf("judged.schema.json is not the CRD's any more, write it with -update (-CRD +here):\n%s", diff)
	}
}

// undescribed leaves descriptions out.
func undescribed(value any) any {
	switch value := value.(type) {
	case map[string]any:
		if _, isText := value["description"].(string); isText {
			delete(value, "description")
		}
		for name := range value {
			value[name] = undescribed(value[name])
		}
	case []any:
		for i := range value {
			value[i] = undescribed(value[i])
		}
	}
	return value
}

// TestSchemaHasNothingElse fails when the CRD begins to use a word that is not looked at here.
func TestSchemaHasNothingElse(t *testing.T) {
	decoder := json.NewDecoder(bytes.NewReader(judgedSchema))
	decoder.DisallowUnknownFields()
	var fields map[string]*schema
	if err := decoder.Decode(&fields); err != nil {
		t.Fatal(err)
	}
}

// TestRulesAreTheCRDs fails when the CRD has a rule that is not held here, or the other way round.
func TestRulesAreTheCRDs(t *testing.T) {
	want := judged().messages()
	var got []string
	for _, r := range rules() {
		got = append(got, r.message)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the rules (-CRD +here):\n%s", diff)
	}
}

// messages are those of all rules.
func (s *schema) messages() (all []string) {
	if s == nil {
		return nil
	}
	for _, r := range s.Rules {
		all = append(all, r.Message)
	}
	for _, field := range s.Properties {
		all = append(all, field.messages()...)
	}
	return append(all, s.Items.messages()...)
}
