// Package wire reads published SMI objects value by value.
//
// In: the JSON of one object as an API server stores it, in whatever form it was written. Out: Go values, and one sentence
// for each thing that could not be understood. It must not fail because of one bad value: a typed list or watch decodes
// every object of a kind together, so one that returned an error would hide all the others.
package wire
