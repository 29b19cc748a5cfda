package cli

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/routes"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

type describe struct {
	*shared

	openapi, name string
	protos        []string
	// basePath is nil when the description's servers have it.
	basePath *string
}

const routesLong = `Write the HTTPRouteGroup (specs.smi-spec.io/v1alpha4) of an API description, as YAML.

  --openapi FILE  OpenAPI 3, or 2 (Swagger), in YAML or JSON. There is one match for each operation, by the name of its operationId or
                  else of its method and path. A parameter {id} of a path is [^/]+, and the path ends where the description's does.
  --proto FILE    Protocol Buffers. There is one match for each method of each service: POST /package.Service/Method. Imports are not read.

A TrafficTarget names the group, or some of its matches, in rules. The same description gives the same text, in the same order.

Exit codes: 0 written; 1 something in the description cannot be a match, said in one sentence.`

func routesCommand(s *shared) *cobra.Command {
	d := &describe{shared: s}
	cmd := &cobra.Command{
		Use:               "routes (--openapi FILE | --proto FILE...)",
		Short:             "Write the HTTPRouteGroup of an API description",
		Long:              routesLong,
		Example:           "  kubectl canary routes --openapi openapi.yaml --name cart -n shop > routes.yaml\n  kubectl canary routes --proto cart.proto --proto pay.proto",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags := cmd.Flags()
	basePath := flags.String("base-path", "", "what stands before every path; that of the description's servers if left out")
	cmd.RunE = func(*cobra.Command, []string) error {
		if flags.Changed("base-path") {
			d.basePath = basePath
		}
		return d.run()
	}
	flags.StringVar(&d.openapi, "openapi", "", "a description in OpenAPI, - for the standard input")
	flags.StringArrayVar(&d.protos, "proto", nil, "a .proto file, - for the standard input; may be repeated")
	flags.StringVar(&d.name, "name", "", "the name of the group; that of the API if left out")
	_ = cmd.MarkFlagFilename("openapi", "yaml", "yml", "json")
	_ = cmd.MarkFlagFilename("proto", "proto")
	return cmd
}

func (d *describe) run() error {
	switch {
	case (d.openapi == "") == (len(d.protos) == 0):
		return errors.New("routes needs --openapi FILE or --proto FILE, and not both")
	case d.basePath != nil && d.openapi == "":
		return errors.New("--base-path is for --openapi: gRPC has no path before its own")
	}
	api, err := d.api()
	if err != nil {
		return err
	}
	group, err := routes.Group(cmp.Or(d.name, routes.Name(api.Title)), *d.flags.Namespace, api.Matches)
	if err != nil {
		return err
	}
	for _, note := range api.Notes {
		fmt.Fprintln(d.ErrOut, "note: "+note)
	}
	text, err := yaml.Marshal(group)
	if err != nil {
		return err
	}
	_, err = d.Out.Write(text)
	return err
}

func (d *describe) api() (routes.API, error) {
	if d.openapi != "" {
		text, err := d.read(d.openapi)
		if err != nil {
			return routes.API{}, err
		}
		api, err := routes.OpenAPI(text, d.basePath)
		if err != nil {
			return api, fmt.Errorf("%s: %w", called(d.openapi), err)
		}
		return api, nil
	}
	var all routes.API
	for _, file := range d.protos {
		text, err := d.read(file)
		if err != nil {
			return all, err
		}
		api, err := routes.Proto(called(file), text)
		if err != nil {
			return all, err
		}
		all.Title = cmp.Or(all.Title, api.Title)
		all.Matches = append(all.Matches, api.Matches...)
	}
	return all, nil
}
