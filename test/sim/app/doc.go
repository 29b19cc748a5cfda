// Package app is the application that simulated pods run: an HTTP server that answers with its release's name and fails, or
// is slow, as often as it is told.
//
// In: a Behavior per image. Out: a node.Program. Faults are spread evenly over the requests of all pods of an image rather
// than drawn at random, so that every stretch of traffic has its share and a test that counts them can be exact.
package app
