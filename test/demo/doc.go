// Command demo shows Serin at work on one machine: a real control plane, real HTTP traffic, four releases of which two are
// bad, and a table of what became of every request. It exits with 1 if anything in the table is not as it must be.
//
// In: a checkout, a terminal or none. Out: a live view, or plain lines; with --keep a cluster to look at until ^C. It leaves
// no process and no file behind but the caches.
package main
