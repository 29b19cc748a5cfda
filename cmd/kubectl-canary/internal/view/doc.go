// Package view says in lines of text what a Canary, a list of Canaries, a history, a replay, measured traffic, or a decision about access
// looks like to a person.
//
// In: a Snapshot of objects that were read, windows that were judged again, TrafficMetrics or a graph of them, what policy decided, the
// time, the width of the screen and a Paint. Out: lines. It must not read the cluster, a clock or the environment, and it must not decide
// anything about a rollout or a request: it shows what the status, the judge or the engine says.
package view
