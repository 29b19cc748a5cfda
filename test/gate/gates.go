package main

// gate is a promise of the judge.
type gate struct {
	id string
	// world says in a sentence what its rollouts are.
	world string
	cells []cell
}

// common is what all worlds share.
const common = `All rollouts: weights 5, 10, 25 and 50%, each for at least 4 windows of 30 s and at most 4 h, then the rollout is paused; of
the requests 99% must not fail and 99% must be fast, and the candidate's failures may be 1.5 times stable's (3 checks). Requests
arrive independently (Poisson) and each goes to the candidate with the probability of its weight. A healthy version fails 0.1%
of them; its times are lognormal with a median of 50 ms and a shape of 0.5, and 0.28% of them are above the limit of 200 ms.
Twice as slow is twice the time for every request: a median of 100 ms, and 8.3% above the limit.`

// gates are all but G13, which measures time.
func gates() []gate {
	return []gate{
		{"G1", "A candidate that keeps its limits all the way.", healthy()},
		{"G2", "1,000 windows of 60 requests on average at weight 10%, the share exactly at its limit; only the evidence of this one " +
			"check counts. Stable's failures drift between 0.1 and 2% and back within 100 windows. Quantiles are those of the drawn times.", boundary()},
		{"G3", "5% of the requests to either version fail during 10 windows; the outage begins in each of the first 16 windows " +
			"(120 at 1 rps), as many as a healthy rollout has, equally often. Of promotions at 1 rps there is no limit: in every second " +
			"window of the outage no request of the candidate fails.", sharedOutage()},
		{"G4", "Failures of both versions come in bursts of ten within a window (compound Poisson), 0.1% of the requests in all. At 1 rps " +
			"there is no limit: such a burst is an outage of the candidate for 20 s or more.", bursts()},
		{"G5", "A candidate with a fault, beside a healthy stable.", bad()},
		{"G6", "The weight stays until the rollback; a rollback is seen at the end of its window.", delays("G6", 30)},
		{"G7", "The same with windows of 10 s.", delays("G7", 10)},
		{"G8", "Rollouts in windows of 10 s, 12 of them at least at a step; all requests to the candidate count, good ones too.", harm()},
		{"G9", "From the beginning of the rollout; known either by the number of slow requests or by p50, p90 and p99 of the drawn times.", slow()},
		{"G10", "From the beginning of the third step, in whose first window the fault begins.", lateFault()},
		{"G11", "From the beginning of the rollout to the end of the last step.", healthyTime()},
		{"G12", "Healthy, 2%, late and slow candidates in turn, their times known by number and by quantiles in turn. That a window counts " +
			"once only, and that counters which were reset do not count, is for those who call the judge: analysis.TestWhichWindowsCount " +
			"and the tests of metrics/window.", exact()},
	}
}
