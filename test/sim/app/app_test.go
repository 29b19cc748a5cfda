package app

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/serin-dev/serin/test/sim/network"
	"github.com/serin-dev/serin/test/sim/node"
)

const address = "10.244.0.10"

// started is one pod of an app, run without a node.
type started struct {
	network   *network.Network
	terminate chan struct{}
	kill      context.CancelFunc
	ended     chan error
	ready     chan struct{}
}

func start(t *testing.T, app *App, ports ...corev1.ContainerPort) *started {
	t.Helper()
	ctx, kill := context.WithCancel(context.Background())
	s := &started{
		network: network.New(netip.MustParsePrefix("10.244.0.0/16")), kill: kill,
		terminate: make(chan struct{}), ended: make(chan error, 1), ready: make(chan struct{}),
	}
	pod := node.Pod{
		IP: netip.MustParseAddr(address), Network: s.network, Container: corev1.Container{Ports: ports},
		Terminating: s.terminate, Grace: 10 * time.Second, Ready: func() { close(s.ready) },
	}
	pod.Name = "foobar-1"
	go func() { s.ended <- app.Run(ctx, pod) }()
	t.Cleanup(kill)
	return s
}

func (s *started) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: s.network.DialFrom(netip.MustParseAddr("10.244.0.20"))}}
}

func TestAnswersTellTheReleaseAndItsFaults(t *testing.T) {
	pod := start(t, New(Behavior{Release: "v3", FailRatio: 0.2, SlowRatio: 0.5, SlowBy: time.Millisecond}))
	<-pod.ready
	client := pod.client()
	faults := map[string]int{}
	for range 20 {
		response, body := get(t, client)
		fault := response.Header.Get(HeaderFault)
		faults[fault]++
		if response.Header.Get(HeaderRelease) != "v3" || response.Header.Get(HeaderPod) != "foobar-1" {
			t.Errorf("headers = %v", response.Header)
		}
		if strings.TrimSpace(body) != Body("v3") {
			t.Errorf("body = %q", body)
		}
		if failed := response.StatusCode == http.StatusInternalServerError; failed != (fault == FaultError) {
			t.Errorf("status %d with fault %q", response.StatusCode, fault)
		}
	}
	if faults[FaultError] != 4 || faults[FaultSlow]+faults[""] != 16 {
		t.Errorf("faults = %v, want exactly 4 errors in 20", faults)
	}
}

func TestServesOnEveryContainerPort(t *testing.T) {
	pod := start(t, New(Behavior{Release: "v1"}), corev1.ContainerPort{ContainerPort: 80}, corev1.ContainerPort{ContainerPort: 81})
	<-pod.ready
	for _, port := range []string{"80", "81"} {
		response, err := pod.client().Get("http://" + address + ":" + port)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
}

func TestATerminatingPodServesUntilNobodyAsks(t *testing.T) {
	app := New(Behavior{Release: "v1", Latency: 20 * time.Millisecond, Quiet: 150 * time.Millisecond})
	pod := start(t, app)
	<-pod.ready
	client := pod.client()
	get(t, client)
	close(pod.terminate)
	for range 10 { // longer than the quiet time, without a pause that long
		if response, _ := get(t, client); response.StatusCode != http.StatusOK {
			t.Errorf("status while draining = %d", response.StatusCode)
		}
	}
	if err := <-pod.ended; err != nil {
		t.Errorf("Run() = %v", err)
	}
	if _, err := client.Get("http://" + address + ":8080"); err == nil {
		t.Error("the pod still answers after its end")
	}
}

func TestARequestUnderWayIsAnsweredBeforeTheEnd(t *testing.T) {
	pod := start(t, New(Behavior{Release: "v1", Latency: 300 * time.Millisecond, Quiet: 100 * time.Millisecond}))
	<-pod.ready
	sent := make(chan struct{})
	trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { close(sent) }}
	request, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodGet, "http://"+address+":8080", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-sent
		close(pod.terminate)
	}()
	response, err := pod.client().Do(request)
	if err != nil {
		t.Fatalf("the request was lost: %v", err)
	}
	_ = response.Body.Close()
	if err := <-pod.ended; err != nil {
		t.Errorf("Run() = %v", err)
	}
}

func TestACrashAndAKillEndIt(t *testing.T) {
	if err := <-start(t, New(Behavior{Crash: "no configuration"})).ended; err == nil || err.Error() != "no configuration" {
		t.Errorf("Run() = %v, want the crash", err)
	}
	for name, behavior := range map[string]Behavior{
		"while starting": {StartDelay: time.Hour}, "while serving": {}, "never ready": {NeverReady: true},
	} {
		pod := start(t, New(behavior))
		pod.kill()
		if err := <-pod.ended; err != nil {
			t.Errorf("%s: Run() = %v", name, err)
		}
	}
}

func get(t *testing.T, client *http.Client) (*http.Response, string) {
	t.Helper()
	response, err := client.Get("http://" + address + ":8080")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}
