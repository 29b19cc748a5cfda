// Command crdgen writes the CustomResourceDefinitions of the SMI kinds, for clusters that have none.
//
// In: the templates beside it. Out: one YAML file per kind in the folder that is its only argument. The published versions
// of a kind share one schema that knows the fields of all of them: the API server converts between versions by changing
// apiVersion alone, and drops what the schema of a version does not know.
package main
