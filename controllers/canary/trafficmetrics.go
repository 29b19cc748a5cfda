package canary

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/serin-dev/serin/api/smi/metrics"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
)

// Bounds of reading TrafficMetrics.
const (
	// shareFor is how long one answer serves every Canary of a namespace.
	shareFor = 300 * time.Millisecond
	// readTimeout bounds one request, so that a hung metrics server holds no rollout up for longer.
	readTimeout = 2 * time.Second
)

// MetricsReader lists TrafficMetrics through the aggregated API: of trafficsplits, one list per namespace and interval for all
// its Canaries, and of the edges of one Deployment.
type MetricsReader struct {
	client rest.Interface
	now    func() time.Time

	mu      sync.Mutex
	answers map[question]*answer
}

type question struct {
	namespace string
	// edgesOf is the Deployment whose edges are asked for; empty for the trafficsplits of the namespace.
	edgesOf string
	window  time.Duration
	// since is where the window begins; zero for the newest of those that end at multiples of their length. A server that
	// does not know windows that begin where they are asked to answers the same with it as without.
	since time.Time
}

// answer is one list. Whoever asks while it is being read waits for it.
type answer struct {
	done chan struct{}
	at   time.Time
	list *metrics.TrafficMetricsList
	err  error
	took time.Duration // how long it was awaited; known when done
}

// NewMetricsReader reads through a client of the API server.
func NewMetricsReader(client rest.Interface, now func() time.Time) *MetricsReader {
	return &MetricsReader{client: client, now: now, answers: map[question]*answer{}}
}

// list returns one item per backend of each TrafficSplit in the namespace, or one per edge of a Deployment, over one window.
// Where no window can begin any more at the time that is asked for, it is the newest one. The error is one sentence for people.
func (m *MetricsReader) list(ctx context.Context, q question) (*metrics.TrafficMetricsList, error) {
	list, err := m.ask(ctx, q)
	if errors.Is(err, errGone) {
		q.since = time.Time{}
		return m.ask(ctx, q)
	}
	return list, err
}

// errGone says that the server has forgotten the time since which it was asked.
var errGone = errors.New("TrafficMetrics do not reach back that far any more")

func (m *MetricsReader) ask(ctx context.Context, q question) (*metrics.TrafficMetricsList, error) {
	m.mu.Lock()
	a, ok := m.answers[q]
	if !ok || !a.fresh(m.now()) {
		a = &answer{done: make(chan struct{}), at: m.now()}
		m.forgetOld()
		m.answers[q] = a
		go m.read(context.WithoutCancel(ctx), q, a)
	}
	m.mu.Unlock()
	select {
	case <-a.done:
		return a.list, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fresh says whether an answer still serves: one that is awaited does, and one that came does for a while, the longer the more
// work it was, so that a long list costs a bounded share of the time.
func (a *answer) fresh(now time.Time) bool {
	age := now.Sub(a.at).Abs()
	select {
	case <-a.done:
		return age <= max(shareFor, 5*a.took)
	default:
		return age <= readTimeout
	}
}

// forgetOld keeps only what still serves: a list is large, and no window is asked for twice by Canaries that look at other times.
// Whoever waits for an answer has it already.
func (m *MetricsReader) forgetOld() {
	for q, a := range m.answers {
		if !a.fresh(m.now()) {
			delete(m.answers, q)
		}
	}
}

func (m *MetricsReader) read(ctx context.Context, q question, a *answer) {
	defer close(a.done)
	defer func() { a.took = m.now().Sub(a.at).Abs() }()
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	request := m.client.Get().
		AbsPath(q.path()...).
		Param("window", q.window.String())
	if !q.since.IsZero() {
		request = request.Param("since", q.since.UTC().Format(time.RFC3339))
	}
	result := request.Do(ctx)
	if err := result.Error(); err != nil { // before Raw, which does not read the server's own words
		a.err = q.unavailable(err)
		return
	}
	body, err := result.Raw()
	if err != nil {
		a.err = q.unavailable(err)
		return
	}
	list := &metrics.TrafficMetricsList{}
	if err := json.Unmarshal(body, list); err != nil {
		a.err = fmt.Errorf("TrafficMetrics cannot be understood: %w", err)
		return
	}
	a.list = list
}

// path is where the answer is.
func (q question) path() []string {
	path := []string{"/apis", metrics.GroupVersion.Group, metrics.GroupVersion.Version, "namespaces", q.namespace}
	if q.edgesOf != "" {
		return append(path, "deployments", q.edgesOf, "edges")
	}
	return append(path, "trafficsplits")
}

// unavailable says why a question has no answer. Of one object's edges a 404 says nothing about the whole API.
func (q question) unavailable(err error) error {
	if q.edgesOf != "" && apierrors.IsNotFound(err) {
		return fmt.Errorf("TrafficMetrics know no edges of Deployment %q", q.edgesOf)
	}
	return unavailable(err)
}

// unavailable says why TrafficMetrics could not be read, in words that stay the same while the reason does.
func unavailable(err error) error {
	status := apierrors.APIStatus(nil)
	switch {
	case apierrors.IsResourceExpired(err), apierrors.IsGone(err):
		return errGone
	case apierrors.IsNotFound(err):
		return errors.New("TrafficMetrics are not served in this cluster: the API metrics.smi-spec.io/v1alpha1 is missing")
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("TrafficMetrics did not answer within %s", readTimeout)
	case errors.As(err, &status) && status.Status().Code == 503:
		return fmt.Errorf("TrafficMetrics are unavailable: %s", status.Status().Message)
	default:
		return fmt.Errorf("TrafficMetrics cannot be read: %w", err)
	}
}
