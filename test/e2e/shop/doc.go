// Command serin-shop is the application of the quick start and of the tests on a real node, and the traffic for it.
//
//	serin-shop serve   answers with its version, and fails or is slow as often as it is told
//	serin-shop load    asks a URL at a fixed rate and keeps a ledger of every answer
//
// In: flags, each of which may be set by an environment variable instead (VERSION, FAIL_PERCENT, SLOW_PERCENT, SLOW,
// CRASH_AFTER, READY_AFTER, DRAIN, URL, RATE, AWAIT and so on: the flag's name), because that is what a Deployment is edited by.
// Out: HTTP. serve has / and every other path for callers, /healthz (503 until READY_AFTER has passed), /livez and /metrics.
// load has /ledger (JSON), POST /reset, and /healthz.
//
// The ledger is one object; what is under way is in none of its other counts, so that requests is always the sum of
// responses and errors:
//
//	{"started":"2026-01-02T15:04:05Z","requests":3,"underWay":0,
//	 "responses":{"200":2},"versions":{"v1":2},"errors":{"refused":1},
//	 "failures":[{"at":"2026-01-02T15:04:06Z","what":"dial tcp 10.96.0.7:80: connect: connection refused"}],
//	 "latencyMs":{"p50":1.2,"p90":1.3,"p99":1.3}}
//
// failures are the first 20 errors and answers that came from no version, such as a proxy's 503. An answer of a version
// that failed on purpose is none: it is counted under its status alone.
//
// It must not import anything of Serin: what it shows is what a user's own application would see.
package main
