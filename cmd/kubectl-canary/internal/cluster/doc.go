// Package cluster reads what belongs to a Canary from the API server, follows it, and writes commands. It asks any server of
// TrafficMetrics what package traffic wants to know, and reads what the cluster says about access.
//
// In: the usual flags of kubectl, and questions. Out: snapshots for package view, objects for package smifile, answers, and annotations
// on Canaries. It must not print, and it must not decide what a state means.
package cluster
