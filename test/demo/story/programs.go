package story

import (
	"context"

	"github.com/serin-dev/serin/proxy"
	"github.com/serin-dev/serin/test/sim/app"
	"github.com/serin-dev/serin/test/sim/node"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
)

// adminPort is where a proxy's /metrics is on its pod's address.
const adminPort = 9102

// images is the registry of the simulated node: the releases, the callers and the bundled proxy.
func images(config *rest.Config, log logr.Logger) node.Images {
	programs := map[string]node.Program{
		"demo/caller": node.Idle{},
		"serin/proxy": proxyProgram{config: config, log: log},
	}
	for _, release := range Releases() {
		programs[image(release.Name)] = app.New(release.Behavior)
	}
	return func(image string) node.Program { return programs[image] }
}

// proxyProgram is the bundled proxy in a simulated pod: the real one, whose sockets lie on the simulated network.
type proxyProgram struct {
	config *rest.Config
	log    logr.Logger
}

// Run runs a proxy until its pod terminates.
func (p proxyProgram) Run(ctx context.Context, pod node.Pod) error {
	server, err := proxy.New(proxy.Options{
		RestConfig: p.config, Log: p.log.WithName(pod.Name),
		PodName: pod.Name, PodNamespace: pod.Namespace, AdvertiseIP: pod.IP.String(),
		AdminAddress: "127.0.0.1:0",
		Listen:       pod.Network.Listen, Dial: pod.Network.DialFrom(pod.IP), Peer: pod.Network.Peer,
	})
	if err != nil {
		return err
	}
	hide, err := pod.Network.Expose(server.AdminAddr(), pod.IP, adminPort)
	if err != nil {
		return err
	}
	defer hide()
	running, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-pod.Terminating:
			stop()
		case <-running.Done():
		}
	}()
	pod.Ready()
	return server.Run(running)
}
