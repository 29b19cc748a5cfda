// Package gen builds the objects that tests start from.
//
// In: a name and changes, or a manifest. Out: an object that the API server accepts, or what the manifest says. It must not talk to
// a cluster.
package gen
