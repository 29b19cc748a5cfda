package canary

import (
	"context"
	"strings"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// settleTime is how long after it was written a TrafficSplit counts as applied by a mesh that reports nothing.
const settleTime = 10 * time.Second

// observeTraffic reads what the data plane applies and what the newest window showed.
func (r *Reconciler) observeTraffic(ctx context.Context, canary *v1alpha1.Canary, w *world) {
	gateway := canary.Status.Plane() == v1alpha1.ProviderGateway
	switch {
	case gateway:
		w.seen.Traffic.Landed = routed(canary, w)
	case canary.Status.Plane() == v1alpha1.ProviderSplit:
		w.seen.Traffic.Landed = settled(canary, w, r.Now())
	}
	asked := question{namespace: canary.Namespace, window: canary.Spec.Analysis.Interval.Of(), since: due(canary, r.Now())}
	list, err := r.Metrics.list(ctx, asked)
	if err != nil {
		w.seen.MetricsError = err.Error()
		return
	}
	w.seen.MetricsRead = true
	backends := map[string]*metrics.TrafficMetrics{}
	for i := range list.Items {
		item := &list.Items[i]
		if item.Resource.Name == canary.Name && item.Backend != nil && item.Backend.Apex == apexName(canary) {
			if version, ok := strings.CutPrefix(item.Backend.Name, apexName(canary)+"-"); ok {
				backends[version] = item
			}
		}
	}
	if w.seen.Traffic.Landed == nil && !gateway {
		w.seen.Traffic.Landed = reported(backends)
	}
	if s, ok := sample(canary, backends); ok && !asked.short(s) {
		if analysis.News(canary.Status.Step, s) {
			s.Custom = r.Queries.Ask(ctx, canary, s)
		}
		w.seen.Samples = []analysis.Sample{s}
	}
}

// due is where the next window begins that counts, once it is as long as the spec says; zero before.
func due(canary *v1alpha1.Canary, now time.Time) time.Time {
	interval := canary.Spec.Analysis.Interval.Of()
	begin, ok := analysis.NextWindow(canary.Status.Step, interval)
	if !ok || now.Before(begin.Add(interval)) {
		return time.Time{}
	}
	return begin
}

// short says whether a window begins where it was asked to and is not as long yet as the spec says: it is part of the next one.
func (q question) short(s analysis.Sample) bool {
	return s.Start.Equal(q.since) && s.End.Sub(s.Start) < q.window
}

// reported is what the data plane says it applies, nil unless it says so for every backend.
func reported(backends map[string]*metrics.TrafficMetrics) map[string]int64 {
	landed := map[string]int64{}
	for version, item := range backends {
		if item.Backend.Weight == nil {
			return nil
		}
		landed[version] = *item.Backend.Weight
	}
	if len(landed) == 0 {
		return nil
	}
	return landed
}

// settled is the written split once it is old enough, nil before.
func settled(canary *v1alpha1.Canary, w *world, now time.Time) map[string]int64 {
	if w.split == nil || !ownedBy(w.split, canary) {
		return nil
	}
	for _, entry := range w.split.ManagedFields {
		if entry.Manager == v1alpha1.FieldManager && entry.Time != nil && now.Sub(entry.Time.Time) < settleTime {
			return nil
		}
	}
	landed := map[string]int64{}
	for _, backend := range w.split.Spec.Backends {
		landed[strings.TrimPrefix(backend.Service, apexName(canary)+"-")] = backend.Weight
	}
	return landed
}

// sample puts the two versions' numbers of one window together. A window that only one of them has is none, unless the other
// gets no traffic.
func sample(canary *v1alpha1.Canary, backends map[string]*metrics.TrafficMetrics) (analysis.Sample, bool) {
	status := canary.Status
	if status.Candidate == nil || status.Stable == nil || backends[status.Candidate.Version] == nil {
		return analysis.Sample{}, false
	}
	candidate, stable := backends[status.Candidate.Version], backends[status.Stable.Version]
	end := candidate.Timestamp.Time
	window := analysis.Sample{Start: end.Add(-candidate.Window.Duration), End: end}
	var measured, base bool
	window.Candidate, measured = counts(canary, status.Candidate.Version, candidate)
	switch {
	case stable == nil:
		window.Stable, base = analysis.Counts{Version: status.Stable.Version}, status.Candidate.Weight == 100
	case !candidate.Timestamp.Equal(&stable.Timestamp) || candidate.Window != stable.Window:
		return analysis.Sample{}, false
	default:
		window.Stable, base = counts(canary, status.Stable.Version, stable)
	}
	return window, measured && base
}

// counts reads one version's numbers; without both counts there is no sample. A histogram says exactly how many requests
// were slower than the limit; a quantile only says on which side of it 99 of 100 lie.
func counts(canary *v1alpha1.Canary, version string, item *metrics.TrafficMetrics) (analysis.Counts, bool) {
	succeeded, ok := item.Count(metrics.SuccessCount)
	failed, measured := item.Count(metrics.FailureCount)
	c := analysis.Counts{Version: version, Requests: succeeded + failed, Failures: failed}
	c.P99, c.Latency = item.Latency(metrics.LatencyP99)
	c.P90, _ = item.Latency(metrics.LatencyP90)
	c.P50, _ = item.Latency(metrics.LatencyP50)
	limit := canary.Spec.Analysis.Latency
	if limit == nil || !c.Latency {
		return c, ok && measured
	}
	if c.P99 > limit.P99.Of() {
		c.Slow = c.Requests
	}
	for _, bucket := range item.LatencyBuckets() {
		if bucket.UpperBound >= limit.P99.Of() {
			c.Slow, c.SlowBound, c.Bucketed = max(c.Requests-bucket.Count, 0), bucket.UpperBound, true
			break
		}
		if bucket.Count >= c.Requests { // a histogram that ends below the limit, and holds every request
			c.Slow, c.Bucketed = 0, true
		}
	}
	return c, ok && measured
}
