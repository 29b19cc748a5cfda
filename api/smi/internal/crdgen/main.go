package main

import (
	"bytes"
	"embed"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed templates
var templates embed.FS

// definition is what a CustomResourceDefinition says beside its schemas.
type definition struct {
	Group, Kind, Plural, ShortName string
	Versions                       []version
}

// version is one published version; Storage marks the one that Serin reads and writes.
type version struct {
	Kind, Version string
	Storage       bool
}

// definitions are all kinds. The short names are the published ones; other projects use ts and tr too, so prefer full names.
var definitions = []definition{
	define("split.smi-spec.io", "TrafficSplit", "ts", published("v1alpha4", "v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4")),
	define("access.smi-spec.io", "TrafficTarget", "tt", published("v1alpha3", "v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4")),
	define("access.smi-spec.io", "IdentityBinding", "ib", published("v1alpha4", "v1alpha4")),
	define("specs.smi-spec.io", "HTTPRouteGroup", "htr", published("v1alpha4", "v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4")),
	define("specs.smi-spec.io", "TCPRoute", "tr", published("v1alpha4", "v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4")),
	define("specs.smi-spec.io", "UDPRoute", "ur", published("v1alpha4", "v1alpha4")),
}

func define(group, kind, shortName string, versions []version) definition {
	for i := range versions {
		versions[i].Kind = kind
	}
	return definition{Group: group, Kind: kind, Plural: strings.ToLower(kind) + "s", ShortName: shortName, Versions: versions}
}

func published(storage string, names ...string) []version {
	var versions []version
	for _, name := range names {
		versions = append(versions, version{Version: name, Storage: name == storage})
	}
	return versions
}

// render returns the files by name.
func render() (map[string][]byte, error) {
	set := template.New("crd.tmpl")
	include := func(name string, data any) (string, error) {
		var text strings.Builder
		err := set.ExecuteTemplate(&text, name, data)
		return text.String(), err
	}
	set.Funcs(template.FuncMap{
		"lower":   strings.ToLower,
		"include": include,
		"schema":  func(v version) (string, error) { return include(v.Kind, v) },
		"indent": func(width int, text string) string {
			return strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", width))
		},
	})
	if _, err := set.ParseFS(templates, "templates/*.tmpl"); err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, d := range definitions {
		var text bytes.Buffer
		if err := set.Execute(&text, d); err != nil {
			return nil, fmt.Errorf("%s: %w", d.Kind, err)
		}
		files[d.Group+"_"+d.Plural+".yaml"] = text.Bytes()
	}
	return files, nil
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: crdgen <folder>")
	}
	files, err := render()
	if err != nil {
		log.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(os.Args[1], name), text, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
