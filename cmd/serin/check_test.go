package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
)

// api serves one kind, and a page beside it that is there from the second time on.
func api(t *testing.T) (client discovery.DiscoveryInterface, url string) {
	t.Helper()
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/apis/serin.dev/v1alpha1":
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"serin.dev/v1alpha1","resources":[{"name":"canaries","kind":"Canary"}]}`)
		case "/readyz":
			if asked++; asked == 1 {
				http.Error(w, "starting", http.StatusServiceUnavailable)
			}
		default:
			http.Error(w, "nobody serves this", http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	client, err := discovery.NewDiscoveryClientForConfig(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return client, server.URL
}

func TestCheckWaitsUntilEverythingAnswers(t *testing.T) {
	client, url := api(t)
	c := checks{resources: []string{"canaries.v1alpha1.serin.dev"}, urls: []string{url + "/readyz"}, timeout: time.Minute}
	var out strings.Builder
	if err := c.run(t.Context(), client, &out); err != nil {
		t.Fatal(err)
	}
	if want := "canaries.v1alpha1.serin.dev answers\n" + url + "/readyz answers\n"; out.String() != want {
		t.Errorf("said %q, want %q", out.String(), want)
	}
}

func TestCheckSaysWhatDoesNotAnswer(t *testing.T) {
	client, url := api(t)
	for name, want := range map[string]string{
		"trafficsplits.v1alpha1.metrics.smi-spec.io": "the API server does not serve trafficsplits.v1alpha1.metrics.smi-spec.io",
		"birds.v1alpha1.serin.dev":                   "the group has no such resource",
		"canaries":                                   "RESOURCE.VERSION.GROUP",
	} {
		c := checks{resources: []string{name}, timeout: time.Millisecond}
		if err := c.run(t.Context(), client, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", name, err, want)
		}
	}
	c := checks{urls: []string{url + "/away"}, timeout: time.Millisecond}
	if err := c.run(t.Context(), client, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "/away answers 503: nobody serves this") {
		t.Errorf("run() = %v", err)
	}
}
