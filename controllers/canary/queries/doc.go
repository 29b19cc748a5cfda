// Package queries puts the queries of spec.analysis.checks to a Prometheus, and holds a look at a Canary up for a bounded time.
//
// In: a Canary, and the window for which its two versions were measured; the Secret with the headers of the Canary's own
// Prometheus. Out: one analysis.Custom per check, where whatever went wrong is a sentence that stays the same while the reason
// does. A counter is asked for at both ends of the window, each end once: what was said at the end of one window is
// remembered as the start of the next, so that nothing is counted twice or not at all. Before the first window a counter is
// looked at once more, to know one that is new.
//
// It must not decide what an answer means, or count twice what a counter lost and found again, as after one failed scrape. A
// Prometheus that hangs is left alone for a while, so that it takes up a bounded share of the controller's time.
//
// Whoever may write a Canary makes the controller send requests to any address that it can reach, with headers from the
// Secrets of that namespace; a NetworkPolicy on the controller's pods is the place to limit that. Redirects are not followed.
// What a Prometheus says of a query is shown to everybody who may read the Canary, without what the headers hold.
package queries
