// Package prometheus is the source that has what a mesh, a gateway or an application told a Prometheus.
//
// In: questions of package source, the HTTP API of a Prometheus, and profiles, which say in which series a data plane counts its
// requests. Profiles are data: the ones in the folder profiles are built in, an operator may add more. Out: readings.
//
// It must not keep what was counted: an answer follows from the series and the window alone, so replicas agree. It must not
// put a name into a query but as a quoted value.
//
// # What a window counts
//
// A request belongs to the window in which the scrape lies that first saw it, so windows that follow each other share no
// request and lose none between them, however they lie to the scrapes. For every series, in order:
//
//  1. What its newest number in the window exceeds the newest number before the window by. Numbers are looked for at most 5m
//     before the window. So a scrape that failed, a target that was away and a Prometheus that was restarted lose nothing when
//     they are back within that time: what happened meanwhile counts in the window in which they are back.
//  2. If the number decreased in between, the counter was reset: the newest number. What was counted between the last scrape
//     before the reset and the reset is not known to anybody.
//  3. If there was no number before the window, although its target was scraped then, the counter is new: the newest number.
//  4. If its target was not scraped before the window, what its newest number exceeds its first one by.
//
// A pod that vanished counts up to its last scrape. A series without a number in the window counts nothing. A scrape that comes
// in later than the delay, after which a window is read, is lost where it lies at the end of a window, and never counts twice.
//
// No series for an object that exists is no requests: a counter of failures appears with the first failure. But no scrape of
// any target shortly before one of the window's ends is no answer, and neither is a Prometheus that fails, one that warns that
// its answer is partial, a profile whose counter nobody has, or a number that is none (NaN).
package prometheus
