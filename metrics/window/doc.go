// Package window is the store of the TrafficMetrics server and its arithmetic. It is pure: time is an argument, nothing is
// fetched, and equal rounds give equal windows.
//
// In: rounds. A round is what every known proxy said at one tick of the wall clock; ticks are the multiples of the scrape
// interval since the Unix epoch. Out: windows. A window of length W ends at a multiple of W since the epoch, so windows of one
// length never overlap, every client and every replica sees the same ones, and the end alone identifies a window.
//
// What a window counts, in order:
//
//  1. A series counts the exact difference between its cumulative counters at the window's two ends, both of which are ticks.
//     That is why a window of one scrape interval is exact and why a window that is no multiple of the interval is refused.
//  2. A ready proxy that gave no snapshot at one of the two ends makes the window incomplete. An incomplete window is never
//     answered; the answer is the newest complete one before it, as long as it ended at most MaxAge windows ago.
//  3. A proxy that vanished counts up to its last snapshot, in the window in which that lies. Vanished is: no longer an
//     endpoint, restarted, or neither ready nor answering. What it served after its last snapshot is not counted.
//  4. A proxy that appeared counts in full only if its process started inside the window. Otherwise, or if the start is not
//     known, its first snapshot is the baseline it is counted from.
//  5. A proxy that comes back after it was taken for vanished is counted from its first snapshot after the return.
//  6. A counter that decreases although the process is the same makes every window that it decreases in incomplete: what was
//     counted in between is not known. A series that is absent from a snapshot stands at zero.
//
// A window may also begin where whoever asks says, at the end of the last one that they were given: it ends as late as can be
// answered, so nothing falls between two windows when a scrape is missed.
//
// So a request is counted at most once over all windows of one length, and over all windows that follow each other, whatever fails. It must not turn counts into rates, and
// it must not know what a Deployment or a TrafficSplit is.
package window
