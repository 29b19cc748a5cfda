// Package load sends requests at a fixed rate and accounts for every answer.
//
// In: a URL, a rate and a dialer. Out: counts and latencies per chapter and release, each failure told apart by whose it is:
// the release's own, on purpose, or that of whatever lies between the caller and the release. Requests are due by the clock
// and latency counts from when they were due, so a stall is measured rather than waited out. It must not retry.
package load
