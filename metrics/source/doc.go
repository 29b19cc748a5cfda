// Package source says what a source of measurements is: something that answers how many requests the objects of a kind served
// in one window, how many of them failed, and how long they took.
//
// In: a Question. Out: a Reading, or an error of package window, or *UnmeasuredError. Packages proxies and prometheus are
// sources; Derived makes of any source one that measures more, by what is known of pods. It must not know the API in which
// the numbers are served.
//
// Every source keeps the same rules:
//
//   - A window is counted whole or not answered. No answer is never "no requests": an error says why there is none.
//   - Windows that follow each other share no request. Each request is counted at most once, whatever fails.
//   - The same question at the same window has the same answer, whoever is asked: replicas agree.
package source
