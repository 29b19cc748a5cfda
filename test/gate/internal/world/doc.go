// Package world draws what the windows of a rollout show.
//
// In: how many requests come, how a candidate and stable do at a moment (Version), and a source of random numbers. Out: a
// judge.Window; the same source gives the same window. Requests are independent of each other unless a Version's failures come
// in bursts. It must not know who judges the window.
package world
