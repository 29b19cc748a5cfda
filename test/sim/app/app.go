package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/serin-dev/serin/test/sim/node"
	"github.com/serin-dev/serin/test/sim/serving"
)

const (
	defaultPort  = 8080
	defaultQuiet = 500 * time.Millisecond
)

// App is the program of one image; its pods share the order in which faults come.
type App struct {
	behavior   Behavior
	fail, slow serving.Spread
}

// New returns the program of an image with this behavior.
func New(behavior Behavior) *App {
	if behavior.Quiet == 0 {
		behavior.Quiet = defaultQuiet
	}
	return &App{behavior: behavior, fail: serving.Spread{Ratio: behavior.FailRatio}, slow: serving.Spread{Ratio: behavior.SlowRatio}}
}

// Run serves on every port of the container until the pod terminates. Then it goes on serving until nobody has asked it
// anything for a while, so that whoever has not heard yet loses no request; then it stops listening and ends.
func (a *App) Run(ctx context.Context, pod node.Pod) error {
	if a.behavior.Crash != "" {
		return errors.New(a.behavior.Crash)
	}
	if !a.startUp(ctx, pod) {
		return nil
	}
	listeners, err := listen(ctx, pod)
	if err != nil {
		return err
	}
	activity := serving.NewActivity()
	server := &http.Server{Handler: activity.Watch(a.handler(pod)), ReadHeaderTimeout: time.Minute}
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { failed <- server.Serve(l) }()
	}
	if !a.behavior.NeverReady {
		pod.Ready()
	}
	select {
	case err := <-failed:
		_ = server.Close()
		return err
	case <-pod.Terminating:
		patience, cancel := context.WithTimeout(ctx, pod.Grace*4/5) // the rest is for what is under way then
		activity.Drain(patience, 0, a.behavior.Quiet)
		cancel()
	case <-ctx.Done():
	}
	if server.Shutdown(ctx) != nil {
		_ = server.Close()
	}
	return nil
}

// startUp takes the time that starting takes. It says whether to go on.
func (a *App) startUp(ctx context.Context, pod node.Pod) bool {
	if a.behavior.StartDelay == 0 {
		return true
	}
	select {
	case <-time.After(a.behavior.StartDelay):
		return true
	case <-pod.Terminating:
	case <-ctx.Done():
	}
	return false
}

func listen(ctx context.Context, pod node.Pod) ([]net.Listener, error) {
	ports := []int{}
	for _, port := range pod.Container.Ports {
		ports = append(ports, int(port.ContainerPort))
	}
	if len(ports) == 0 {
		ports = append(ports, defaultPort)
	}
	listeners := []net.Listener{}
	for _, port := range ports {
		l, err := pod.Network.Listen(ctx, pod.IP.String(), port)
		if err != nil {
			for _, open := range listeners {
				_ = open.Close()
			}
			return nil, err
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

func (a *App) handler(pod node.Pod) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(HeaderRelease, a.behavior.Release)
		w.Header().Set(HeaderPod, pod.Name)
		pause(r.Context(), a.behavior.Latency)
		if a.slow.Next() {
			w.Header().Set(HeaderFault, FaultSlow)
			pause(r.Context(), a.behavior.SlowBy)
		}
		if a.fail.Next() {
			w.Header().Set(HeaderFault, FaultError)
			http.Error(w, Body(a.behavior.Release), http.StatusInternalServerError)
			return
		}
		_, _ = fmt.Fprintln(w, Body(a.behavior.Release))
	})
}

// Body is the answer's body, less the line's end: it tells whether an answer arrived whole.
func Body(release string) string { return "this is " + release }

func pause(ctx context.Context, d time.Duration) {
	if d == 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
