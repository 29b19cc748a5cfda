package analysis

import (
	"time"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// storiesOfEvidence are what users of the Evidence judge live through.
var storiesOfEvidence = map[string]story{
	"evidence good release":         {"A good release climbs as soon as the next weight is proven and the dwell is over.", storyProven},
	"evidence failing release":      {"A release that fails 8% of its requests is rolled back at its first step.", storyGuilty},
	"evidence half fails":           {"A release that fails half of its requests needs no arithmetic.", storyFailsFast},
	"evidence slow at 25 percent":   {"A release becomes slow under load; the windows before it do not hide that.", storySlowLate},
	"evidence one burst":            {"A burst of failures holds the weight, and the release is promoted all the same.", storyBurst},
	"evidence shared outage":        {"What both versions call fails: nobody is blamed for what stable does too.", storySharedOutage},
	"evidence too little traffic":   {"At one request a second a step cannot be decided before its timeout: that is said at once.", storyTooSlow},
	"evidence weight not served":    {"The data plane says that it applies the weight, and sends the candidate next to nothing.", storyStarved},
	"evidence metrics outage":       {"TrafficMetrics fail for a while: the evidence of before is kept, and nothing is decided by it alone.", storyEvidenceOutage},
	"evidence own check":            {"A check by a query of one's own fails while requests succeed.", storyOwnCheck},
	"evidence check without answer": {"Prometheus is down: the check has no answer, and the weight holds until it has.", storyNoAnswer},
	"evidence dry run":              {"The same check in dry run is shown, and decides nothing.", storyDryRun},
	"evidence no data rolls back":   {"noData RollBack: a release that gets no requests is rolled back after three windows.", storyNoDataRollsBack},
}

// weighed is a spec of the Evidence judge that judges failures, slow requests and the baseline.
func weighed(mods ...func(*v1alpha1.CanarySpec)) v1alpha1.CanarySpec {
	return shopSpec(append([]func(*v1alpha1.CanarySpec){func(s *v1alpha1.CanarySpec) {
		s.Analysis.Judge = v1alpha1.JudgeEvidence
		s.Analysis.Latency = &v1alpha1.LatencyCheck{P99: v1alpha1.Dur(500 * time.Millisecond)}
		s.Analysis.Baseline = &v1alpha1.BaselineCheck{MaxRatio: "1.5"}
	}}, mods...)...)
}

func storyProven() *teller {
	t := adoptedShop(weighed())
	release(t, "2", app{fails: 0.001})
	t.run(4 * time.Minute)
	return t
}

func storyGuilty() *teller {
	t := adoptedShop(weighed())
	release(t, "2", app{fails: 0.08})
	t.run(2 * time.Minute)
	return t
}

func storyFailsFast() *teller {
	t := adoptedShop(weighed())
	release(t, "2", app{fails: 0.5})
	t.run(time.Minute)
	return t
}

func storySlowLate() *teller {
	t := adoptedShop(weighed())
	release(t, "2", app{})
	t.runUntil(3*time.Minute, func() bool { return t.status.Candidate != nil && t.status.Candidate.Weight == 25 })
	t.do("under this load shop:2 is slow", func() { t.behave("2", app{slow: 0.07}) })
	t.run(time.Minute)
	return t
}

func storyBurst() *teller {
	t := adoptedShop(weighed())
	release(t, "2", app{})
	t.run(30 * time.Second)
	t.do("for five seconds shop:2 fails four in ten", func() { t.behave("2", app{fails: 0.4}) })
	t.run(5 * time.Second)
	t.do("it is well again", func() { t.behave("2", app{}) })
	t.run(6 * time.Minute)
	return t
}

func storySharedOutage() *teller {
	t := adoptedShop(weighed(func(s *v1alpha1.CanarySpec) { s.Analysis.Timeout = v1alpha1.Dur(10 * time.Minute) }))
	t.metrics.rate = 200
	release(t, "2", app{})
	t.run(30 * time.Second)
	t.do("the database fails 5% of what both versions ask", func() {
		t.behave("1", app{fails: 0.05})
		t.behave("2", app{fails: 0.05})
	})
	t.run(30 * time.Second)
	t.do("it is well again", func() {
		t.behave("1", app{})
		t.behave("2", app{})
	})
	t.run(5 * time.Minute)
	return t
}

func storyTooSlow() *teller {
	t := adoptedShop(weighed())
	t.metrics.rate = 1
	release(t, "2", app{})
	t.run(6 * time.Minute)
	return t
}

func storyStarved() *teller {
	t := adoptedShop(weighed())
	t.metrics.rate = 400
	release(t, "2", app{})
	t.run(25 * time.Second)
	t.do("a load balancer keeps its connections to v1", func() {
		t.metrics.twist = func(samples []Sample) []Sample {
			samples = samples[max(0, len(samples)-1):]
			for i := range samples {
				samples[i].Candidate.Requests = 2
			}
			return samples
		}
	})
	t.run(time.Minute)
	t.do("it forgets them", func() { t.metrics.twist = nil })
	t.run(time.Minute)
	return t
}

func storyEvidenceOutage() *teller {
	t := adoptedShop(weighed())
	release(t, "2", app{})
	t.run(42 * time.Second)
	t.do("the metrics server is gone", func() { t.metrics.outage = true })
	t.run(90 * time.Second)
	t.do("the metrics server is back", func() { t.metrics.outage = false })
	t.run(3 * time.Minute)
	return t
}

// checkouts are a check of one's own.
func checkouts(s *v1alpha1.CanarySpec) {
	s.Analysis.Checks = []v1alpha1.CustomCheck{{
		Name: "failed-checkouts", Share: &v1alpha1.ShareCheck{
			Numerator:   `sum(checkouts_total{service="$(backend)",result="failed"})`,
			Denominator: `sum(checkouts_total{service="$(backend)"})`, Max: "2",
		},
	}}
}

// checkedOut is what the check observes: a tenth of the requests check out, and a share of these fails.
func checkedOut(fails float64) func(Sample) []Custom {
	return func(s Sample) []Custom {
		n := s.Candidate.Requests / 2
		return []Custom{{
			Name: "failed-checkouts", Candidate: &judge.Part{Bad: n * fails, Total: n},
			Stable: &judge.Part{Total: s.Stable.Requests / 2},
		}}
	}
}

// someCheckouts answers some windows, and says of others that nobody answered or that there was nothing.
func someCheckouts(s Sample) []Custom {
	switch s.End.Unix() / 10 % 5 {
	case 0:
		return []Custom{{Name: "failed-checkouts", Problem: "Prometheus http://prometheus:9090 did not answer within 2s"}}
	case 1:
		return []Custom{{Name: "failed-checkouts"}}
	default:
		return checkedOut(0)(s)
	}
}

func storyOwnCheck() *teller {
	t := adoptedShop(weighed(checkouts))
	t.metrics.custom = checkedOut(0.2)
	release(t, "2", app{})
	t.run(2 * time.Minute)
	return t
}

func storyNoAnswer() *teller {
	t := adoptedShop(weighed(checkouts))
	t.metrics.custom = checkedOut(0)
	release(t, "2", app{})
	t.run(30 * time.Second)
	t.do("Prometheus is gone", func() {
		t.metrics.custom = func(Sample) []Custom {
			return []Custom{{Name: "failed-checkouts", Problem: "Prometheus http://prometheus:9090 did not answer within 2s"}}
		}
	})
	t.run(2 * time.Minute)
	t.do("Prometheus is back", func() { t.metrics.custom = checkedOut(0) })
	t.run(2 * time.Minute)
	return t
}

func storyDryRun() *teller {
	t := adoptedShop(weighed(checkouts, func(s *v1alpha1.CanarySpec) { s.Analysis.DryRun = []string{"failed-checkouts"} }))
	t.metrics.custom = checkedOut(0.2)
	release(t, "2", app{})
	t.run(4 * time.Minute)
	return t
}

func storyNoDataRollsBack() *teller {
	t := adoptedShop(weighed(func(s *v1alpha1.CanarySpec) { s.Analysis.NoData = v1alpha1.NoDataRollBack }))
	t.metrics.rate = 10
	release(t, "2", app{requestsLack: true})
	t.run(2 * time.Minute)
	return t
}
