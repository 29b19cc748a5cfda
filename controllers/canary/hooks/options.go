package hooks

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
)

// SecretReader returns the data of a Secret. It is called once per try and should read from a live client: a cache would
// watch every Secret of the cluster. The error for a Secret that does not exist is the API server's own.
type SecretReader func(ctx context.Context, namespace, name string) (map[string][]byte, error)

// Options configure a Caller. Only Secrets and Answered are required.
type Options struct {
	// Secrets reads the Secret that holds a webhook's headers.
	Secrets SecretReader
	// Answered is told of the Canary whose webhook has answered. It must not block.
	Answered func(canary types.NamespacedName)
	// HTTPClient lends its transport; default a copy of http.DefaultTransport. Redirects are never followed.
	HTTPClient *http.Client
	// Log gets one line for every try that failed and is followed by another.
	Log logr.Logger
	// Concurrency is how many requests are in flight at most; default 16. The webhooks of one Canary get a quarter of it, so
	// that those of one team that hang delay nobody else's.
	Concurrency int
	// Backoff is the pause between two tries; default 1 s, doubled each time up to 30 s, with 20 % jitter.
	Backoff wait.Backoff
	// Registerer gets serin_webhook_calls_total and serin_webhook_duration_seconds; nil leaves them unregistered.
	Registerer prometheus.Registerer
	// Now tells the time; default time.Now.
	Now func() time.Time
	// Pause returns after a length of time, or with the context's error when that ends before; default by a timer.
	Pause func(ctx context.Context, length time.Duration) error
}

func (o Options) withDefaults() Options {
	if o.HTTPClient == nil || o.HTTPClient.Transport == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = 1 // webhooks are asked seldom
		o.HTTPClient = &http.Client{Transport: transport}
	}
	o.HTTPClient = &http.Client{Transport: o.HTTPClient.Transport, CheckRedirect: keepRedirect}
	o.Concurrency = cmp.Or(max(o.Concurrency, 0), 16)
	if o.Backoff.Duration == 0 {
		o.Backoff = wait.Backoff{Duration: time.Second, Factor: 2, Jitter: 0.2, Steps: 16, Cap: 30 * time.Second}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Pause == nil {
		o.Pause = pause
	}
	return o
}

// keepRedirect hands a redirect back as the answer: followed, the POST would become a GET that asks nothing and succeeds.
func keepRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func pause(ctx context.Context, length time.Duration) error {
	if length <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
