package metrics

import "time"

// Count returns a count of requests, such as SuccessCount. The second result is false when the metric is absent, given
// twice, has a unit (which makes it a latency), or is not a finite number of at least 0.
func (m *TrafficMetrics) Count(name string) (float64, bool) {
	metric, found := m.find(name)
	if !found {
		return 0, false
	}
	return count(metric)
}

// Latency returns a latency, such as LatencyP99. The second result is false when the metric is absent, given twice, in a
// unit that ParseUnit does not know, negative, or longer than a time.Duration can be.
func (m *TrafficMetrics) Latency(name string) (time.Duration, bool) {
	metric, found := m.find(name)
	if !found {
		return 0, false
	}
	return latency(metric)
}

// find returns the only metric of that name: of two, nobody can say which one holds.
func (m *TrafficMetrics) find(name string) (Metric, bool) {
	var found Metric
	times := 0
	for _, metric := range m.Metrics {
		if metric.Name == name {
			found = metric
			times++
		}
	}
	return found, times == 1
}
