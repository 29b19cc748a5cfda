// Package view says in lines of text what a Canary, a list of Canaries or a history looks like to a person.
//
// In: a Snapshot of objects that were read, the time, the width of the screen and a Paint. Out: lines. It must not read the
// cluster, a clock or the environment, and it must not decide anything about a rollout: it shows what the status says.
package view
