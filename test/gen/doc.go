// Package gen builds the objects that tests start from.
//
// In: a name and changes. Out: an object that the API server accepts. It must not talk to a cluster.
package gen
