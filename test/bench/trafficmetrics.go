package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	smi "github.com/serin-dev/serin/api/smi/metrics"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// perSecond is the number of requests that the callers of an apex would send: so many that each window proves the next weight,
// and the schedule alone is waited for.
const perSecond = 1000

// latencyBounds are those of the bundled proxy's histogram, in microseconds. Every request takes 5 ms.
var latencyBounds = [...]int64{
	1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 200_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000,
}

// groupPath is where an aggregated API serves the group.
var groupPath = "/apis/" + smi.GroupVersion.String()

// handler serves what the API server and the controller ask for, and refuses all else.
func (d *dataPlane) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+groupPath, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, metav1.APIResourceList{
			TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: smi.GroupVersion.String(),
			APIResources: []metav1.APIResource{{Name: "trafficsplits", Namespaced: true, Kind: "TrafficMetrics", Verbs: []string{"get", "list"}}},
		})
	})
	mux.HandleFunc("GET "+groupPath+"/namespaces/{namespace}/trafficsplits", func(w http.ResponseWriter, r *http.Request) {
		length, err := time.ParseDuration(r.URL.Query().Get("window"))
		if err != nil || length < scrapeInterval || length%scrapeInterval != 0 {
			http.Error(w, fmt.Sprintf("the window %q is no multiple of %s", r.URL.Query().Get("window"), scrapeInterval), http.StatusBadRequest)
			return
		}
		since, err := time.Parse(time.RFC3339, cmp.Or(r.URL.Query().Get("since"), time.Time{}.Format(time.RFC3339)))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer(w, d.list(r.PathValue("namespace"), length, since))
	})
	return mux
}

func answer(w http.ResponseWriter, object any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(object) // the reader may have left
}

// list is the newest window of a namespace: it begins where it is asked to, or ends at a multiple of its length, as those of
// `serin metrics` do.
func (d *dataPlane) list(namespace string, length time.Duration, since time.Time) smi.TrafficMetricsList {
	d.mu.Lock()
	defer d.mu.Unlock()
	end := time.Unix(0, d.tick.UnixNano()-d.tick.UnixNano()%int64(length)).UTC()
	if !since.IsZero() && since.Before(d.tick) {
		end, length = d.tick.UTC(), d.tick.Sub(since)
	}
	list := smi.TrafficMetricsList{
		TypeMeta: metav1.TypeMeta{APIVersion: smi.GroupVersion.String(), Kind: "TrafficMetricsList"},
		Resource: smi.ObjectReference{Kind: "TrafficSplit", Namespace: namespace}, Items: []smi.TrafficMetrics{},
	}
	var names []types.NamespacedName
	for name := range d.scraped {
		if name.Namespace == namespace {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b types.NamespacedName) int { return compare(a.Name, b.Name) })
	for _, name := range names {
		list.Items = append(list.Items, d.items(name, end, length)...)
	}
	return list
}

// items are one per backend of a split. The highest version of two is the candidate.
func (d *dataPlane) items(name types.NamespacedName, end time.Time, length time.Duration) []smi.TrafficMetrics {
	weights, apex := d.scraped[name], d.apexes[name]
	var backends []string
	for backend := range weights {
		backends = append(backends, backend)
	}
	slices.SortFunc(backends, func(a, b string) int { return compare(version(a, apex), version(b, apex)) })
	var items []smi.TrafficMetrics
	for i, backend := range backends {
		weight := weights[backend]
		sent := int64(perSecond*length.Seconds()) * weight / 100
		failed := int64(0)
		if i > 0 && !d.failingSince.IsZero() {
			bad := min(max(end.Sub(d.failingSince), 0), length)
			failed = int64(float64(sent) * bad.Seconds() / length.Seconds() / 2)
		}
		items = append(items, smi.TrafficMetrics{
			TypeMeta:   metav1.TypeMeta{APIVersion: smi.GroupVersion.String(), Kind: "TrafficMetrics"},
			ObjectMeta: metav1.ObjectMeta{Name: name.Name, Namespace: name.Namespace, CreationTimestamp: metav1.NewTime(end)},
			Resource:   smi.ObjectReference{Kind: "TrafficSplit", Namespace: name.Namespace, Name: name.Name},
			Edge:       smi.Edge{Direction: "from", Side: "client"},
			Backend:    &smi.Backend{Apex: apex, Name: backend, Weight: &weight},
			Timestamp:  metav1.NewTime(end), Window: metav1.Duration{Duration: length},
			Metrics: numbers(sent, failed),
		})
	}
	return items
}

// numbers are the metrics of one backend. Without requests nothing is known of latencies.
func numbers(sent, failed int64) []smi.Metric {
	number := func(name string, n int64) smi.Metric {
		return smi.Metric{Name: name, Value: *resource.NewQuantity(n, resource.DecimalSI)}
	}
	all := []smi.Metric{number(smi.SuccessCount, sent-failed), number(smi.FailureCount, failed)}
	if sent == 0 {
		return all
	}
	for _, name := range []string{smi.LatencyP99, smi.LatencyP90, smi.LatencyP50} {
		m := number(name, 5)
		m.Unit = smi.UnitMilliseconds
		all = append(all, m)
	}
	for _, bound := range latencyBounds {
		took := int64(0)
		if bound >= 5000 {
			took = sent
		}
		all = append(all, number(smi.LatencyLEName(time.Duration(bound)*time.Microsecond), took))
	}
	return all
}

// compare orders names with numbers at their ends: v2 before v10.
func compare(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}
