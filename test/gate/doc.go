// Command gate holds the judge of package analysis/judge to its promises, in simulated rollouts.
//
//	go run ./test/gate            2,000 rollouts for every row; make bench-judge
//	go run ./test/gate -n 500     the short form, with the limits that belong to it; go test ./test/gate does the same
//	go run ./test/gate -only G6   one gate, or several: -only G6,G7
//	go run ./test/gate -json      one JSON object a row
//	go run ./test/gate picture    docs/images/judge.svg on the standard output
//
// In: nothing but the flags. Every rollout has a random source of its own, seeded with its gate, its cell and its number, so that
// the numbers are the same on every run and do not depend on the number of processors. Out: a table in Markdown with what was
// measured, what it is held to, and what the design's own simulation measured (reference); below it what the worlds are. The
// exit code is 0 if every limit was kept, 1 if one was not, 2 if nothing could be measured.
//
// The judge is the real one, fed window by window; traffic and the operator that follows the judge are simulated (packages
// internal/world and internal/rollout). No clock runs except for G13, which measures time.
//
// It must not reach into the judge beyond what it exports, and no limit, seed or world may be changed because a number misses
// its limit: then the judge is to be changed, or the promise.
package main
