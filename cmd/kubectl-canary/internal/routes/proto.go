package routes

import (
	"bytes"
	"fmt"
	"regexp"

	"github.com/serin-dev/serin/api/smi/specs"

	"github.com/bufbuild/protocompile/parser"
	"github.com/bufbuild/protocompile/reporter"
)

// Proto reads the services of a .proto file. What it imports is not needed: the path of a gRPC request has the names of the package, the
// service and the method, and nothing else.
func Proto(name string, text []byte) (API, error) {
	handler := reporter.NewHandler(nil)
	file, err := parser.Parse(name, bytes.NewReader(text), handler)
	if err != nil {
		return API{}, fmt.Errorf("it is no .proto file: %s", oneLine(err))
	}
	result, err := parser.ResultFromAST(file, true, handler)
	if err != nil {
		return API{}, fmt.Errorf("it is no .proto file: %s", oneLine(err))
	}
	described := result.FileDescriptorProto()
	api := API{Title: described.GetPackage()}
	for _, service := range described.GetService() {
		full := service.GetName()
		if described.GetPackage() != "" {
			full = described.GetPackage() + "." + full
		}
		for _, method := range service.GetMethod() {
			api.Matches = append(api.Matches, specs.HTTPMatch{
				Name:      full + "." + method.GetName(),
				PathRegex: regexp.QuoteMeta("/"+full+"/"+method.GetName()) + "$",
				Methods:   []string{"POST"},
			})
		}
	}
	return api, nil
}
