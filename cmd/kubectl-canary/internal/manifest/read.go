package manifest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/serin-dev/serin/api/v1alpha1"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// ErrNone says that there is no Canary among the documents.
var ErrNone = errors.New("there is no Canary in it")

// Read returns the first Canary of one or more YAML documents; a list of objects counts as its objects.
func Read(text []byte) (*v1alpha1.Canary, error) {
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for number := 1; ; number++ {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return nil, ErrNone
		}
		if err != nil {
			return nil, err
		}
		var content any
		if err := yaml.UnmarshalStrict(document, &content); err != nil {
			return nil, fmt.Errorf("document %d is no YAML: %s", number, plain(err))
		}
		if object := canaryIn(content); object != nil {
			return parse(object)
		}
	}
}

// canaryIn finds a Canary of any version, nil if there is none.
func canaryIn(content any) map[string]any {
	object, _ := content.(map[string]any)
	group, _, _ := strings.Cut(text(object["apiVersion"]), "/")
	if object["kind"] == "Canary" && group == v1alpha1.GroupVersion.Group {
		return object
	}
	if items, isList := object["items"].([]any); isList {
		for _, item := range items {
			if found := canaryIn(item); found != nil {
				return found
			}
		}
	}
	return nil
}

func text(value any) string {
	s, _ := value.(string)
	return s
}

// parse fills in what the object leaves out, and refuses what an API server would.
func parse(object map[string]any) (*v1alpha1.Canary, error) {
	if got, want := text(object["apiVersion"]), v1alpha1.GroupVersion.String(); got != want {
		return nil, fmt.Errorf("apiVersion %s is not known here: this is for %s", got, want)
	}
	spec, isObject := object["spec"].(map[string]any)
	if !isObject {
		return nil, errors.New("spec: it is missing, or no object")
	}
	if err := judged().settle(spec); err != nil {
		return nil, err
	}
	delete(object, "status") // It may be a newer controller's, and nothing of it is needed.
	whole, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	canary := &v1alpha1.Canary{}
	if err := yaml.UnmarshalStrict(whole, canary); err != nil {
		return nil, errors.New(plain(err))
	}
	return canary, hold(canary.Spec)
}

// plain is an error of a decoder in one line, without what it says of itself.
func plain(err error) string {
	sentence := strings.Join(strings.Fields(err.Error()), " ")
	for _, noise := range []string{
		"error converting YAML to JSON: ", "error unmarshaling JSON: ", "while decoding JSON: ", "json: ", "yaml: ", "unmarshal errors: ",
	} {
		sentence = strings.TrimPrefix(sentence, noise)
	}
	if field, isUnknown := strings.CutPrefix(sentence, "unknown field "); isUnknown {
		return "it has the unknown field " + field
	}
	return sentence
}
