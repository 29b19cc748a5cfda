// Package recording reads and writes windows that were judged, one JSON object a line.
//
// In: lines, or what a Canary's status remembers. Out: windows that analysis.Replay can judge again, or lines; what cannot be a
// window is refused in a sentence with the number of its line. It must not open files, read the cluster or a clock, judge, or
// print.
package recording
