// Package verdict says how a rollout that somebody waits for ended.
//
// In: what a Canary, its target and its versions say now, and the time. Out: whether the wait is over, with which exit code
// and sentence. It must not read the cluster or a clock, and it must not print.
package verdict
