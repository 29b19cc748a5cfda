package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/serin-dev/serin/test/sim/network"
	"github.com/serin-dev/serin/test/sim/node"
)

// Headers of a workload's answers.
const (
	// headerBackend names who answered.
	headerBackend = "X-Backend"
	// headerTook is how long that took, in nanoseconds.
	headerTook = "X-Took"
)

// workload is what the shop's pods run: an HTTP server that does what the request says.
type workload struct {
	// dial is how a pod calls Services.
	dial func(pod node.Pod) network.DialContext
}

// Run serves until the pod terminates.
func (w workload) Run(ctx context.Context, pod node.Pod) error {
	listener, err := pod.Network.Listen(ctx, pod.IP.String(), 8080)
	if err != nil {
		return err
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return w.dial(pod)(ctx, network, address)
	}, MaxIdleConnsPerHost: 16}
	defer transport.CloseIdleConnections()
	calls := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	server := &http.Server{Handler: http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		serve(out, r, pod.ServiceAccount, calls)
	}), ReadHeaderTimeout: time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	pod.Ready()
	select {
	case err := <-failed:
		return err
	case <-pod.Terminating:
	case <-ctx.Done():
	}
	return server.Close()
}

// serve does what a request says: takes its time, calls somebody else, and answers with a status.
func serve(w http.ResponseWriter, r *http.Request, name string, calls *http.Client) {
	began := time.Now()
	status, err := strconv.Atoi(r.URL.Query().Get("status"))
	takes, badTime := time.ParseDuration(r.URL.Query().Get("takes"))
	if err := errors.Join(err, badTime); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	work := time.NewTimer(takes)
	defer work.Stop()
	select {
	case <-work.C:
	case <-r.Context().Done():
	}
	if then := r.URL.Query().Get("then"); then != "" {
		if _, err := get(r.Context(), calls, address(then, 0, http.StatusOK, "")); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
	}
	w.Header().Set(headerBackend, name)
	w.Header().Set(headerTook, strconv.FormatInt(int64(time.Since(began)), 10))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, name) // the caller may have left
}

// address is that of a request to a Service.
func address(service string, takes time.Duration, status int, then string) string {
	return fmt.Sprintf("http://%s:8080/?takes=%s&status=%d&then=%s", service, takes, status, then)
}

// get sends one request, and returns an error unless the status is the one that the address asks for.
func get(ctx context.Context, calls *http.Client, address string) (result, error) {
	var r result
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return r, err
	}
	began := time.Now()
	response, err := calls.Do(request)
	if err != nil {
		return r, err
	}
	body, err := io.ReadAll(response.Body)
	r.most = time.Since(began)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return r, err
	}
	if want := request.URL.Query().Get("status"); strconv.Itoa(response.StatusCode) != want {
		return r, fmt.Errorf("%s: status %d, not %s: %s", address, response.StatusCode, want, body)
	}
	took, err := strconv.ParseInt(response.Header.Get(headerTook), 10, 64)
	r.backend, r.failed, r.least = response.Header.Get(headerBackend), response.StatusCode >= 500, time.Duration(took)
	return r, err
}
