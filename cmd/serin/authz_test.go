package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	extauthzv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_authz/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"sigs.k8s.io/yaml"
)

// document is docs/authz.md.
func document(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/authz.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	flagName  = regexp.MustCompile("`--([a-z0-9-]+)")
)

func TestTheDocumentOfAuthzNamesFlagsThatExist(t *testing.T) {
	flags, seen := authzCommand(&common{}).Flags(), 0
	for _, match := range flagName.FindAllStringSubmatch(document(t), -1) {
		if seen++; flags.Lookup(match[1]) == nil {
			t.Errorf("there is no flag --%s", match[1])
		}
	}
	if seen < 8 {
		t.Errorf("only %d flags found", seen)
	}
}

func TestTheSnippetsOfAuthzAreWhatTheySay(t *testing.T) {
	var kinds []string
	for _, block := range yamlBlock.FindAllStringSubmatch(document(t), -1) {
		for text := range strings.SplitSeq(block[1], "---\n") {
			object := map[string]any{}
			if err := yaml.UnmarshalStrict([]byte(text), &object); err != nil {
				t.Errorf("%v in\n%s", err, text)
				continue
			}
			kind, isKubernetes := object["kind"].(string)
			if !isKubernetes {
				kind = ofEnvoy(t, text, object)
			}
			kinds = append(kinds, kind)
		}
	}
	want := []string{"ConfigMap", "PeerAuthentication", "AuthorizationPolicy", "HttpFilter", "Route", "Middleware", "Ingress"}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("snippets (-want +got):\n%s", diff)
	}
}

// ofEnvoy reads a snippet as Envoy would, and returns of which message it is.
func ofEnvoy(t *testing.T, text string, object map[string]any) string {
	t.Helper()
	inJSON, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var message proto.Message = &hcmv3.HttpFilter{}
	if object["match"] != nil {
		message = &routev3.Route{}
	}
	if err := protojson.Unmarshal(inJSON, message); err != nil {
		t.Errorf("%v in\n%s", err, text)
		return ""
	}
	switch read := message.(type) {
	case *hcmv3.HttpFilter:
		filter := &extauthzv3.ExtAuthz{}
		if err := read.GetTypedConfig().UnmarshalTo(filter); err != nil {
			t.Error(err)
		}
		if err := filter.ValidateAll(); err != nil || filter.GetFailureModeAllow() || filter.GetTransportApiVersion() != corev3.ApiVersion_V3 {
			t.Errorf("error %v, filter %v", err, filter)
		}
	case *routev3.Route:
		if err := read.ValidateAll(); err != nil {
			t.Error(err)
		}
	}
	return string(message.ProtoReflect().Descriptor().Name())
}

func TestNetworksOfFlags(t *testing.T) {
	tests := map[string]struct {
		texts []string
		want  []string
		err   string
	}{
		"none":                      {},
		"a network":                 {texts: []string{"10.1.2.3/8", "fd00::/8"}, want: []string{"10.0.0.0/8", "fd00::/8"}},
		"an address":                {texts: []string{"10.1.2.3", "fd00::1"}, want: []string{"10.1.2.3/32", "fd00::1/128"}},
		"a name":                    {texts: []string{"traefik"}, err: `--flag: "traefik" is neither a network such as 10.0.0.0/8 nor an address`},
		"a network that is too big": {texts: []string{"10.0.0.0/33"}, err: `--flag: "10.0.0.0/33" is neither a network such as 10.0.0.0/8 nor an address`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := prefixes("--flag", tc.texts)
			message := ""
			if err != nil {
				message = err.Error()
			}
			var shown []string
			for _, p := range got {
				shown = append(shown, p.String())
			}
			if !slices.Equal(shown, tc.want) || message != tc.err {
				t.Errorf("got %v, error %s, want %v, error %s", shown, message, tc.want, tc.err)
			}
		})
	}
}
