package queries

import (
	"cmp"
	"net/http"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Options configure a Reader. Only Client is required.
type Options struct {
	// Address of the Prometheus of Canaries that name none, without /api/v1; empty if there is none.
	Address string
	// Client reads the Secrets with headers. It should read past caches, which would watch every Secret of the cluster.
	Client client.Reader
	// Timeout bounds all that is asked for one Canary at a time; default 2 s.
	Timeout time.Duration
	// Concurrency is how many queries of one Canary are asked at the same time; default 4.
	Concurrency int
	// Transport sends the requests; default a copy of http.DefaultTransport.
	Transport http.RoundTripper
	// Now tells the time; default time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	o.Timeout = cmp.Or(o.Timeout, 2*time.Second)
	o.Concurrency = cmp.Or(max(o.Concurrency, 0), 4)
	if o.Transport == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = 16 // most Canaries ask the same Prometheus
		o.Transport = transport
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Reader puts queries to a Prometheus. It may be used from several goroutines, and keeps nothing that has to be forgotten.
type Reader struct {
	opts Options

	mu      sync.Mutex
	memory  memory
	rests   rests
	headers map[types.NamespacedName]held
}

// New makes a Reader.
func New(opts Options) *Reader {
	return &Reader{
		opts:    opts.withDefaults(),
		memory:  memory{series: map[key]*series{}},
		rests:   rests{ends: map[key]rest{}, answered: map[key]time.Time{}},
		headers: map[types.NamespacedName]held{},
	}
}
