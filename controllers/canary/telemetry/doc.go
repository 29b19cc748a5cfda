// Package telemetry counts rollouts for Prometheus.
//
// In: the Canaries of a cache, listed when Prometheus asks, and each status that the controller wrote, by Recorded. Out:
// gauges that say how each Canary stands, and counters and histograms of what rollouts did. The labels namespace and name
// are on the gauges alone: they are made of the Canaries that exist at that moment, so there are as many series as Canaries
// (times a small number), and they vanish with them. Counters and histograms outlive a Canary, so their labels have only
// values of closed sets.
//
// Only the leader shows gauges of Canaries: every replica has the cache, and two that show the same Canary would count it
// twice. The counters are the leader's as well, because only it writes a status.
//
// It must not read from the API server, keep anything about a Canary between two looks, or decide anything.
package telemetry
