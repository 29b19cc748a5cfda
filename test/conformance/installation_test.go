package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	smi "github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/metrics"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// group is the path of the API.
const group = "/apis/metrics.smi-spec.io/v1alpha1"

// replica is one running server.
type replica struct {
	*metrics.Server

	client *http.Client
}

// asker asks for a path.
type asker func(ctx context.Context, path string) (code int, body []byte, err error)

// serve runs two servers with equal options until the test ends. The cluster leads to the first.
func (c *cluster) serve(t *testing.T, options metrics.Options) []*replica {
	t.Helper()
	replicas := []*replica{c.replica(t, options), c.replica(t, options)}
	must(t, c.register(t.Context(), replicas[0].Server))
	return replicas
}

func (c *cluster) replica(t *testing.T, options metrics.Options) *replica {
	t.Helper()
	account, err := c.as(t.Context(), "serin-metrics")
	must(t, err)
	options.RestConfig, options.BindAddress = account, "127.0.0.1"
	server, err := metrics.New(options)
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("a server ended: %v", err)
		}
	})
	direct := rest.CopyConfig(c.plane.Config)
	direct.TLSClientConfig.CAFile, direct.TLSClientConfig.CAData = "", server.CABundle()
	direct.TLSClientConfig.ServerName = "serin-metrics.serin-system.svc"
	r := &replica{Server: server}
	r.client, err = rest.HTTPClientFor(direct)
	must(t, err)
	t.Cleanup(r.client.CloseIdleConnections)
	return r
}

// ask asks this server, past the cluster's API server.
func (r *replica) ask(ctx context.Context, path string) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("https://%s%s", r.Addr(), path), http.NoBody)
	if err != nil {
		return 0, nil, err
	}
	response, err := r.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

// register has the cluster lead to the server, and waits until it does.
func (c *cluster) register(ctx context.Context, server *metrics.Server) error {
	port := int32(server.Port())
	wanted := apiregistrationv1.APIServiceSpec{
		Group: smi.GroupVersion.Group, Version: smi.GroupVersion.Version, GroupPriorityMinimum: 100, VersionPriority: 100,
		Service:  &apiregistrationv1.ServiceReference{Namespace: system, Name: "serin-metrics", Port: &port},
		CABundle: server.CABundle(),
	}
	service := &apiregistrationv1.APIService{ObjectMeta: metav1.ObjectMeta{Name: smi.GroupVersion.Version + "." + smi.GroupVersion.Group}}
	err := c.user.Get(ctx, client.ObjectKeyFromObject(service), service)
	service.Spec = wanted
	switch {
	case apierrors.IsNotFound(err):
		err = c.user.Create(ctx, service)
	case err == nil:
		err = c.user.Update(ctx, service)
	}
	if err != nil {
		return err
	}
	return until(ctx, "the APIService leads to the server", func() error {
		if code, body, err := c.ask(ctx, group); err != nil || code != http.StatusOK {
			return fmt.Errorf("%d %.200s (%w)", code, body, err)
		}
		return c.available(ctx)
	})
}

// available returns nil if the APIService is available.
func (c *cluster) available(ctx context.Context) error {
	service := &apiregistrationv1.APIService{}
	if err := c.user.Get(ctx, client.ObjectKey{Name: smi.GroupVersion.Version + "." + smi.GroupVersion.Group}, service); err != nil {
		return err
	}
	for _, condition := range service.Status.Conditions {
		if condition.Type == apiregistrationv1.Available {
			if condition.Status == apiregistrationv1.ConditionTrue {
				return nil
			}
			return fmt.Errorf("available is %s: %s", condition.Status, condition.Message)
		}
	}
	return errors.New("nothing says whether the APIService is available")
}
