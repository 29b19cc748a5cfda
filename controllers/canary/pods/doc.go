// Package pods reads from the status of pods what keeps a version from running.
//
// In: the pods of one version, as the API server has them. Out: the worst trouble among them as analysis.Trouble, with its
// name, a sentence and when it began. It must not read a clock or ask the API server: how long trouble may last, and what
// follows from it, is for package analysis to say.
package pods
