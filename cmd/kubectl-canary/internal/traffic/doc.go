// Package traffic knows the questions that a TrafficMetrics server is asked, and puts its answers in order.
//
// In: words of a command line, and answers of any server of metrics.smi-spec.io/v1alpha1. Out: paths, sorted items, and a graph of
// who calls whom. It must not ask a server, and it must not make lines of text: package cluster does the one, package view the other.
package traffic
