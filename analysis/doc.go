// Package analysis is the whole rollout as one function.
//
// In: what the user asks for (spec), what Serin remembers (status), what was observed, and the time. Out: a Plan: the status
// to record, the world to make (weights, versions, apex, target), the notes for people, and when to look again. A Plan says
// what is desired, not what to do: carrying it out twice is harmless, and a crash between two writes heals at the next look.
//
// It is pure: the standard library (without net, os, context and the clock) and api only. It must not read a cluster, log,
// record an Event, keep time, draw a random number, or start a goroutine. Conditions are output; it never reads one back.
package analysis
