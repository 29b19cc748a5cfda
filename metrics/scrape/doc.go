// Package scrape asks the bundled proxies what they counted.
//
// In: the EndpointSlices of the proxies' headless Service, and each proxy's answer about one tick, /metrics/tick?at=<the tick in
// the form of RFC 3339>, as protobuf or in the Prometheus text format. Out: one window.Round per tick. Every proxy is asked at
// the same time, with one deadline for all of them.
//
// A proxy answers everybody who asks for one tick the same, so the rounds that two replicas of a server make of it are equal,
// although they ask at different moments. A proxy of a version that does not know the path answers 404 and is then asked for
// /metrics, its counters of that moment, which differ between replicas by the requests in between. Any other answer than 200 is
// a missed scrape, with the sentence that the proxy says: above all 410, when nobody asked for the tick in time, and 400, when
// its clock and this one disagree.
//
// It believes an answer whole or not at all: a number that cannot be one of a cumulative counter, a histogram that is none,
// or a series that is stated twice makes it a missed scrape of that proxy. It must not keep anything from one round to the
// next, not even which proxies are old, and it must not subtract.
package scrape
