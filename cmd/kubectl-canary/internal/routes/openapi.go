package routes

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/serin-dev/serin/api/smi/specs"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"sigs.k8s.io/yaml"
)

// API is what a description says.
type API struct {
	// Title is what it calls itself.
	Title   string
	Matches []specs.HTTPMatch
	// Notes say in a sentence each what a reader of the matches should know.
	Notes []string
}

// OpenAPI reads a description in OpenAPI 3, or in OpenAPI 2 (Swagger), in YAML or JSON. The base path stands before every path; nil
// means the one that the description's servers have.
func OpenAPI(text []byte, basePath *string) (API, error) {
	doc, err := parse(text)
	if err != nil {
		return API{}, err
	}
	base := ""
	if basePath != nil {
		base = *basePath
	} else if base, err = basePathOf(doc); err != nil {
		return API{}, err
	}
	base = strings.TrimRight(base, "/")
	if base != "" && !strings.HasPrefix(base, "/") {
		return API{}, fmt.Errorf("the base path %q does not begin with a slash", base)
	}
	api := API{}
	if doc.Info != nil {
		api.Title = doc.Info.Title
	}
	var all []operation
	paths := doc.Paths.Map()
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		operations, err := operations(base, path, paths[path])
		if err != nil {
			return API{}, err
		}
		all = append(all, operations...)
	}
	for _, o := range all {
		api.Matches = append(api.Matches, o.HTTPMatch)
	}
	api.Notes = overlaps(all)
	return api, nil
}

// parse reads a description of either version. The library was written for descriptions that are right and stumbles over some that are
// not, such as those with null in the place of an object.
func parse(text []byte) (doc *openapi3.T, err error) {
	defer func() {
		if stumbled := recover(); stumbled != nil {
			doc, err = nil, fmt.Errorf("it is no OpenAPI description: reading it failed (%v)", stumbled)
		}
	}()
	data, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return nil, fmt.Errorf("it is no YAML or JSON: %s", oneLine(err))
	}
	var version struct {
		OpenAPI string `json:"openapi"`
		Swagger string `json:"swagger"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return nil, fmt.Errorf("it is no OpenAPI description: %s", oneLine(err))
	}
	switch {
	case strings.HasPrefix(version.OpenAPI, "3."):
		doc, err := openapi3.NewLoader().LoadFromData(data)
		if err != nil {
			return nil, fmt.Errorf("it is no OpenAPI description: %s", oneLine(err))
		}
		return doc, nil
	case version.Swagger == "2.0":
		var old openapi2.T
		if err := json.Unmarshal(data, &old); err != nil {
			return nil, fmt.Errorf("it is no OpenAPI description: %s", oneLine(err))
		}
		doc, err := openapi2conv.ToV3(&old)
		if err != nil {
			return nil, fmt.Errorf("it is no OpenAPI description: %s", oneLine(err))
		}
		return withBase(doc, old.BasePath), nil
	}
	return nil, errors.New(`it is no OpenAPI description: it has neither "openapi: 3..." nor "swagger: 2.0"`)
}

// withBase keeps the base path of OpenAPI 2, which the conversion loses where no host is named.
func withBase(doc *openapi3.T, base string) *openapi3.T {
	doc.Servers = openapi3.Servers{{URL: cmp.Or(base, "/")}}
	return doc
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// basePathOf is the path that the URLs of all servers have.
func basePathOf(doc *openapi3.T) (string, error) {
	paths := map[string]bool{}
	for _, server := range doc.Servers {
		if server == nil {
			continue
		}
		address := server.URL
		for name, variable := range server.Variables {
			if variable == nil {
				continue
			}
			address = strings.ReplaceAll(address, "{"+name+"}", variable.Default)
		}
		u, err := url.Parse(address)
		if err != nil {
			return "", fmt.Errorf("the URL %q of its servers has no path: --base-path gives one", server.URL)
		}
		paths[strings.TrimRight(u.Path, "/")] = true
	}
	switch all := slices.Sorted(maps.Keys(paths)); {
	case len(all) == 0:
		return "", nil
	case len(all) > 1:
		return "", fmt.Errorf("its servers have different paths (%q): --base-path says which of them holds", all)
	case all[0] != "" && !strings.HasPrefix(all[0], "/"):
		return "", fmt.Errorf("the path %q of its servers is relative: --base-path gives one that begins with a slash", all[0])
	default:
		return all[0], nil
	}
}

// operations are the operations of a path, each with a request that it describes.
func operations(base, path string, item *openapi3.PathItem) ([]operation, error) {
	if item == nil {
		return nil, nil
	}
	if !strings.HasPrefix(path, "/") {
		return nil, fmt.Errorf("the path %q does not begin with a slash", path)
	}
	regex, sample, err := pathRegex(base, path)
	if err != nil {
		return nil, err
	}
	var all []operation
	for method, described := range item.Operations() {
		name := cmp.Or(described.OperationID, Name(strings.ToLower(method)+" "+path))
		o := operation{specs.HTTPMatch{Name: name, PathRegex: regex, Methods: []string{method}}, method, sample}
		if graph := o.graph(); len(graph.Problems()) == 0 && !o.belongs(graph) { // What policy refuses is Group's to tell.
			return nil, fmt.Errorf("no request has the path %q once it is spelled as it is compared: dot segments, // or escapes change in it", path)
		}
		all = append(all, o)
	}
	return all, nil
}

var parameter = regexp.MustCompile(`\{[^{}/*+?#]+\}`)

// pathRegex is the regular expression of a path with its parameters, and a path that it matches. A parameter is a part of one segment and
// not empty. The expression ends where the path does, because a pathRegex alone matches whatever begins so.
func pathRegex(base, path string) (regex, sample string, err error) {
	literals := parameter.Split(path, -1)
	for i, literal := range literals {
		if strings.ContainsAny(literal, "{}?#") {
			return "", "", fmt.Errorf("the path %q cannot be read: its parameters are to be {name}, and it must have no query", path)
		}
		literals[i] = regexp.QuoteMeta(escaped(literal))
	}
	sample = escaped(base) + parameter.ReplaceAllString(escaped(path), "parameter")
	return regexp.QuoteMeta(escaped(base)) + strings.Join(literals, anySegment) + "$", sample, nil
}

// escaped writes what is never sent as it stands as a request has it.
func escaped(text string) string {
	var out strings.Builder
	for _, c := range []byte(text) {
		if c <= ' ' || c >= 0x7f {
			fmt.Fprintf(&out, "%%%02X", c)
			continue
		}
		out.WriteByte(c)
	}
	return out.String()
}
