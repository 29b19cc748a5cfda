// Package scrape asks the bundled proxies what they counted.
//
// In: the EndpointSlices of the proxies' headless Service, and each proxy's /metrics in the Prometheus text format. Out: one
// window.Round per tick. Every proxy is asked at the same time, with one deadline for all of them.
//
// It believes an answer whole or not at all: a number that cannot be one of a cumulative counter, a histogram that is none,
// or a series that is stated twice makes it a missed scrape of that proxy. It must not keep anything from one round to the
// next, and it must not subtract.
package scrape
