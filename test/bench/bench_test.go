package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	smi "github.com/serin-dev/serin/api/smi/metrics"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
)

// auditLine is an Event as kube-apiserver writes it, cut to what is read.
const auditLine = `{"kind":"Event","stage":"STAGE","requestURI":"/apis/x?y=z","verb":"VERB","user":{"username":"serin-admin"},` +
	`"impersonatedUser":{"username":"WHO"},"objectRef":{"resource":"RESOURCE","subresource":"SUB"},` +
	`"requestReceivedTimestamp":"2026-03-01T12:00:00.000000Z"}` + "\n"

func line(who, stage, verb, resource, sub string) string {
	return strings.NewReplacer("WHO", who, "STAGE", stage, "VERB", verb, "RESOURCE", resource, "SUB", sub).Replace(auditLine)
}

func TestTheRecordCountsTheControllersRequestsOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	write := func(text string) {
		t.Helper()
		file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	write(line(account, "ResponseComplete", "patch", "trafficsplits", "") +
		line("somebody", "ResponseComplete", "patch", "trafficsplits", "") +
		line(account, "ResponseComplete", "update", "canaries", "status") +
		line(account, "ResponseComplete", "update", "leases", "") +
		line(account, "ResponseStarted", "watch", "canaries", "") +
		line(account, "ResponseComplete", "get", "", ""))
	r, err := openRecord(path, account)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	read := func() counts {
		t.Helper()
		found, err := r.read()
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	want := counts{
		{"patch", "trafficsplits"}: 1, {"update", "canaries/status"}: 1, {"update", "leases"}: 1,
		{"watch", "canaries"}: 1, {"get", "/apis/x"}: 1,
	}
	first := read()
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := first.sum(perCanary); got != 3 {
		t.Errorf("%d requests are for Canaries, want 3", got)
	}
	if diff := cmp.Diff([]string{"1 update leases", "1 watch canaries"}, first.lines(kind.perProcess)); diff != "" {
		t.Errorf("not for Canaries (-want +got):\n%s", diff)
	}

	watchEnds := line(account, "ResponseComplete", "watch", "canaries", "")
	next := line(account, "ResponseComplete", "list", "trafficsplits", "")
	write(watchEnds + next[:40])
	if got := read(); len(got) > 0 {
		t.Errorf("the end of a watch and half a line count as %v", got)
	}
	write(next[40:])
	if diff := cmp.Diff(counts{{"list", "trafficsplits"}: 1}, read()); diff != "" {
		t.Errorf("the rest of the line (-want +got):\n%s", diff)
	}
}

func TestProcIsReadAsLinuxWritesIt(t *testing.T) {
	cpu, err := parseCPU("7 (a) b (c)) S 1 7 7 0 -1 4194560 900 0 0 0 150 25 0 0 20 0 9 0 100 1 1")
	if err != nil || cpu != 1750*time.Millisecond {
		t.Errorf("CPU %s, %v; want 1.75s", cpu, err)
	}
	peak, err := parsePeak("Name:\tserin\nVmPeak:\t  9000 kB\nVmHWM:\t   2048 kB\nVmRSS:\t 1024 kB\n")
	if err != nil || peak != 2<<20 {
		t.Errorf("peak %d, %v; want %d", peak, err, 2<<20)
	}
	for _, text := range []string{"", "7 (x) S 1", "7 (x) S 1 7 7 0 -1 4194560 900 0 0 0 a b"} {
		if got, err := parseCPU(text); err == nil {
			t.Errorf("%q has the CPU time %s", text, got)
		}
	}
	if got, err := parsePeak("VmRSS: 1 kB\n"); err == nil {
		t.Errorf("a status without VmHWM has the peak %d", got)
	}
}

func TestTheTableSaysWhichLimitWasMissed(t *testing.T) {
	var out strings.Builder
	err := table(&out, []row{most("requests", 29.5, 30, ""), {name: "beside", value: "7"}, most("first weight", 1.25, 1, "s")})
	want := `| | Serin | limit | |
|---|---|---|---|
| requests | 29.5 | <= 30 | kept |
| beside | 7 |  |  |
| first weight | 1.25 s | <= 1 s | **missed** |
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !errors.Is(err, errMissed) {
		t.Errorf("the error is %v, want %v", err, errMissed)
	}
	if err := table(&out, []row{most("requests", 30, 30, "")}); err != nil {
		t.Errorf("a limit that was just kept is an error: %v", err)
	}
}

func TestTheStandInServesWhatTheControllerReads(t *testing.T) {
	d := newDataPlane(nil)
	d.tick = time.Date(2026, 3, 1, 12, 0, 17, 0, time.UTC)
	d.apexes = map[types.NamespacedName]string{{Namespace: "shop", Name: "a"}: "a", {Namespace: "other", Name: "b"}: "b"}
	d.scraped = map[types.NamespacedName]backendWeights{
		{Namespace: "shop", Name: "a"}: {"a-v9": 75, "a-v10": 25}, {Namespace: "other", Name: "b"}: {"b-v1": 100},
	}
	d.fail(d.tick.Add(-12 * time.Second)) // half of the window before 12:00:10 went by then
	server := httptest.NewServer(d.handler())
	defer server.Close()

	var list smi.TrafficMetricsList
	get(t, server.URL+groupPath+"/namespaces/shop/trafficsplits?window=10s", http.StatusOK, &list)
	type seen struct {
		Backend                  string
		Weight                   int64
		Succeeded, Failed, Quick float64
		End                      string
	}
	var got []seen
	for _, item := range list.Items {
		s := seen{Backend: item.Backend.Name, Weight: *item.Backend.Weight, End: item.Timestamp.UTC().Format(time.TimeOnly)}
		s.Succeeded, _ = item.Count(smi.SuccessCount)
		s.Failed, _ = item.Count(smi.FailureCount)
		for _, b := range item.LatencyBuckets() {
			if b.UpperBound == 500*time.Millisecond {
				s.Quick = b.Count
			}
		}
		got = append(got, s)
	}
	want := []seen{{"a-v9", 75, 7500, 0, 7500, "12:00:10"}, {"a-v10", 25, 1875, 625, 2500, "12:00:10"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	get(t, server.URL+groupPath+"/namespaces/shop/trafficsplits?window=1500ms", http.StatusBadRequest, nil)
	get(t, server.URL+groupPath+"/namespaces/shop/trafficsplits", http.StatusBadRequest, nil)
	get(t, server.URL+groupPath+"/namespaces/shop/pods?window=10s", http.StatusNotFound, nil)
}

func get(t *testing.T, address string, code int, into any) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != code {
		t.Errorf("%s answers %s, want %d", address, response.Status, code)
	}
	if into == nil {
		return
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

func TestTheStopwatchKnowsTheCandidate(t *testing.T) {
	raised := newStopwatch(func(s splitWeights) bool { return s.candidate > 0 })
	name := types.NamespacedName{Namespace: "shop", Name: "a"}
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for i, weights := range []backendWeights{
		{"a-v9": 100}, {"a-v9": 100, "a-v10": 0}, {"a-v9": 95, "a-v10": 5}, {"a-v9": 90, "a-v10": 10},
	} {
		raised.see(name, weights, noon.Add(time.Duration(i)*time.Second))
	}
	got := raised.since(map[types.NamespacedName]time.Time{name: noon, {Name: "unseen"}: noon})
	if diff := cmp.Diff([]time.Duration{2 * time.Second}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
