// Package smifile reads TrafficTargets, the routes they name, and the workloads that run as ServiceAccounts, from YAML or JSON.
//
// In: text, or a folder of files. Out: a policy.Snapshot, workloads with their labels, and which objects a request is about. What
// cannot be read is one sentence with the file and the number of the document in it. It must not read a cluster, decide, or print.
package smifile
