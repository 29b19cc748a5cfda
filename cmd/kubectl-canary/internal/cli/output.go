package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/yaml"
)

// output is the flag -o.
type output struct {
	format  string
	objects *genericclioptions.JSONYamlPrintFlags
}

func (o *output) addFlags(cmd *cobra.Command) {
	o.objects = genericclioptions.NewJSONYamlPrintFlags()
	o.objects.AddFlags(cmd)
	cmd.Flags().StringVarP(&o.format, "output", "o", "", "json, yaml or wide")
	formats := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return formats(), cobra.ShellCompDirectiveNoFileComp
	}
	_ = cmd.RegisterFlagCompletionFunc("output", formats) // It fails only for a flag that is not there.
}

func formats() []string { return []string{"json", "yaml", "wide"} }

func (o *output) check() error {
	if o.format != "" && !slices.Contains(formats(), o.format) {
		return fmt.Errorf("-o %s is no format: use %s", o.format, strings.Join(formats(), ", "))
	}
	return nil
}

// isData says whether a program is to read what is printed.
func (o *output) isData() bool { return o.format == "json" || o.format == "yaml" }

// object prints an object of the API as kubectl does.
func (o *output) object(s *shared, object runtime.Object) error {
	printer, err := o.objects.ToPrinter(o.format)
	if err != nil {
		return err
	}
	return printer.PrintObj(object, s.Out)
}

// data prints anything else.
func (o *output) data(s *shared, data any) error {
	text, err := json.MarshalIndent(data, "", "    ")
	if err == nil && o.format == "yaml" {
		text, err = yaml.JSONToYAML(text)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(s.Out, strings.TrimRight(string(text), "\n"))
	return nil
}

// print writes lines.
func (s *shared) print(lines []string) {
	for _, line := range lines {
		fmt.Fprintln(s.Out, line)
	}
}
