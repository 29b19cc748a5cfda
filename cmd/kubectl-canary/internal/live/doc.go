// Package live redraws a view on a terminal while it changes.
//
// In: a function that draws, and signals that something has changed. Out: the terminal, until the function says that it is over
// or a person leaves. It must not read the cluster, and it must not decide when it is over.
package live
