package prometheus

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/common/model"

	"github.com/serin-dev/serin/metrics/source"
	"github.com/serin-dev/serin/metrics/window"
)

// Defaults of Options.
const (
	DefaultScrapeInterval = 15 * time.Second
	DefaultDelay          = 3 * time.Second
	DefaultTimeout        = 5 * time.Second
)

// maxLength is the longest window.
const maxLength = time.Hour

// Options say how to ask. Address and Splits have no default.
type Options struct {
	// Address of the Prometheus, without /api/v1.
	Address string
	// Transport sends requests, by default http.DefaultTransport.
	Transport http.RoundTripper
	// Profile is the name of the profile in use, by default Auto.
	Profile string
	// Splits know what queries need of TrafficSplits and namespaces.
	Splits Splits

	// ScrapeInterval is how often that Prometheus scrapes; shorter windows than two of them are refused. Default 15s.
	ScrapeInterval time.Duration
	// Delay is how long after its end a window is read, so that the scrapes of its end are in. Default 3s.
	Delay time.Duration
	// Timeout bounds each query. Default 5s.
	Timeout time.Duration
}

// Source answers from a Prometheus. It is safe for concurrent use.
type Source struct {
	options Options
	client  *client
	chooser *chooser
	cache   cache
}

var _ source.Source = &Source{}

// New returns a source with the built-in profiles. It asks nothing yet.
func New(o Options) (*Source, error) {
	o.Profile = cmp.Or(o.Profile, Auto)
	o.ScrapeInterval = cmp.Or(o.ScrapeInterval, DefaultScrapeInterval)
	o.Delay = cmp.Or(o.Delay, DefaultDelay)
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	if o.ScrapeInterval < time.Second || o.ScrapeInterval > maxLength/2 || o.ScrapeInterval%time.Second != 0 {
		return nil, fmt.Errorf("the scrape interval of Prometheus is %s, not whole seconds up to %s", o.ScrapeInterval, maxLength/2)
	}
	client, err := newClient(o.Address, o.Transport, o.Timeout)
	if err != nil {
		return nil, err
	}
	profiles, err := BuiltIn()
	if err != nil {
		return nil, err
	}
	return &Source{
		options: o, client: client, cache: cache{answers: map[key]*answer{}},
		chooser: &chooser{client: client, wanted: o.Profile, builtIn: profiles},
	}, nil
}

// SetProfiles replaces the profiles that were added to the built-in ones: texts by the names of their files. It returns what
// is wrong with those that could not be read.
func (s *Source) SetProfiles(texts map[string]string) map[string]error {
	defer s.cache.clear()
	return s.chooser.set(texts)
}

// Read returns what was counted in the window.
func (s *Source) Read(ctx context.Context, q source.Question) (*source.Reading, error) {
	w, err := s.window(q.Span, q.Now)
	if err != nil {
		return nil, err
	}
	profile, err := s.chooser.choose(ctx, q.Now)
	if err != nil {
		return nil, err
	}
	view, err := profile.view(q)
	if err != nil {
		return nil, err
	}
	k := key{profile: profile, kind: q.Kind, edge: q.Edge, namespace: q.Namespace, span: w}
	return s.cache.get(ctx, k, q.Now, func(ctx context.Context) (*source.Reading, error) {
		return s.ask(ctx, inquiry{
			profile: profile, view: view, meter: profile.Meters[view.Meter], span: w, since: !q.Span.Since.IsZero(),
			scope: scope{kind: q.Kind, namespace: q.Namespace, splits: s.options.Splits},
		})
	})
}

// view is the view of what is asked for.
func (p *Profile) view(q source.Question) (*View, error) {
	name := string(q.Kind)
	if q.Edge != source.All {
		name += "/" + string(q.Edge)
	}
	view := p.Views[name]
	switch {
	case view == nil && q.Edge != source.All:
		return nil, source.Unmeasured("profile %s does not tell which %s call each other", p.Name, q.Kind)
	case view == nil && p.Lacks[name] != "":
		return nil, source.Unmeasured("profile %s does not count by %s: %s", p.Name, q.Kind, p.Lacks[name])
	case view == nil:
		return nil, source.Unmeasured("profile %s does not count by %s", p.Name, q.Kind)
	case q.Namespace == "" && q.Kind.Namespaced() && !view.Of.hasNamespace():
		return nil, source.Unmeasured("profile %s does not tell namespaces apart: ask for one namespace", p.Name)
	}
	return view, nil
}

// window is the newest window that can be read.
func (s *Source) window(asked window.Span, now time.Time) (span, error) {
	shortest, length := 2*s.options.ScrapeInterval, asked.Length
	newest := now.Add(-s.options.Delay)
	if !asked.Since.IsZero() {
		// The ends are those of scrapes, so that those who ask at about the same time are answered at once.
		return s.since(asked.Since, newest.Truncate(s.options.ScrapeInterval), now)
	}
	switch {
	case length%time.Second != 0:
		return span{}, window.Invalid("window %s must be whole seconds", length)
	case length < shortest:
		return span{}, window.Invalid("window %s must be at least %s, two scrapes of Prometheus", length, shortest)
	case length > maxLength:
		return span{}, window.Invalid("window %s must not exceed %s", length, maxLength)
	}
	end := time.Unix(0, newest.UnixNano()-newest.UnixNano()%int64(length)).UTC()
	return span{start: end.Add(-length), end: end}, nil
}

func (s *Source) since(start, end, now time.Time) (span, error) {
	const form = time.RFC3339Nano
	switch {
	case !start.Equal(start.Truncate(time.Second)):
		return span{}, window.Invalid("since %s must be a whole second", start.UTC().Format(form))
	case start.After(now.Add(time.Minute)):
		return span{}, window.Invalid("since %s lies in the future: it is %s here", start.UTC().Format(form), now.UTC().Format(form))
	case now.Sub(start) > maxLength:
		return span{}, window.Gone("since %s is more than %s ago", start.UTC().Format(form), maxLength)
	case !end.After(start):
		return span{}, window.Unavailable("no window since %s UTC can be read yet: that takes a scrape of Prometheus, each %s, and %s",
			start.UTC().Format(time.TimeOnly), s.options.ScrapeInterval, s.options.Delay)
	}
	return span{start: start.UTC(), end: end.UTC()}, nil
}

// inquiry is what is asked at once.
type inquiry struct {
	profile *Profile
	view    *View
	meter   *Meter
	span    span
	since   bool
	scope   scope
}

// ask puts the queries of one inquiry, one per metric, all at once.
func (s *Source) ask(ctx context.Context, i inquiry) (*source.Reading, error) {
	by := i.view.Of.labels()
	within := slices.Concat(i.view.Select.matchers, i.view.Of.within(i.scope))
	p := pairs{of: i.view.Of.reader(i.scope)}
	if other := i.view.Other; other != nil {
		everywhere := scope{kind: i.scope.kind, splits: i.scope.splits}
		if !other.hasNamespace() {
			everywhere.namespace = i.scope.namespace
		}
		r := other.reader(everywhere)
		by, within, p.other = slices.Concat(by, other.labels()), slices.Concat(within, other.within(everywhere)), &r
	}
	slices.Sort(by)
	by = slices.Compact(by)
	requests := sum(by, increase(i.meter.Counter, i.meter.Requests, within, i.span))
	queries := []string{
		withScrapes(requests, i.span, 2*s.options.ScrapeInterval),
		sum(by, increase(i.meter.Counter, i.meter.Failures, within, i.span)),
	}
	if len(i.meter.Histogram) > 0 {
		queries = append(queries, sum(append(by, model.BucketLabel), increase(i.meter.Histogram, i.meter.Timed, within, i.span)))
	}
	said, err := s.all(ctx, queries, i.span.end)
	if err != nil {
		return nil, err
	}
	a := answers{requests: said[0], failures: said[1]}
	if len(said) > 2 {
		a.buckets = said[2]
	}
	if a.requests, err = s.alive(a.requests, i); err != nil {
		return nil, err
	}
	if len(a.requests) == 0 {
		if err := s.known(ctx, i); err != nil {
			return nil, err
		}
	}
	counts, err := a.counts(p, i.meter.Unit)
	return &source.Reading{Start: i.span.start, End: i.span.end, Side: i.view.Side, Counts: counts}, err
}

// all puts several queries at the same time.
func (s *Source) all(ctx context.Context, queries []string, at time.Time) ([]model.Vector, error) {
	said, errs := make([]model.Vector, len(queries)), make([]error, len(queries))
	var asking sync.WaitGroup
	for i, query := range queries {
		asking.Go(func() { said[i], errs[i] = s.client.vector(ctx, query, at) })
	}
	asking.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return said, nil
}

// alive takes out of an answer what withScrapes added, and refuses it where nothing was scraped at one of the window's ends.
func (s *Source) alive(v model.Vector, i inquiry) (model.Vector, error) {
	alive := map[string]bool{}
	rest := slices.DeleteFunc(v, func(sample *model.Sample) bool {
		end := string(sample.Metric[scraped])
		alive[end] = true
		return end != ""
	})
	before := fmt.Sprintf("Prometheus %s scraped nothing in the %s before ", s.client.shown, 2*s.options.ScrapeInterval)
	switch {
	case !alive["end"]:
		return nil, window.Unavailable("%s%s UTC", before, i.span.end.Format(time.TimeOnly))
	case !alive["start"] && i.since:
		return nil, window.Gone("no window can begin there: %s%s UTC", before, i.span.start.Format(time.TimeOnly))
	case !alive["start"]:
		return nil, window.Unavailable("%s%s UTC", before, i.span.start.Format(time.TimeOnly))
	}
	return rest, nil
}

// known returns an error if nobody has the profile's series at all: that is not the same as no requests. The series by which the
// profile is found say more than its counter, which others may have under other labels.
func (s *Source) known(ctx context.Context, i inquiry) error {
	series := cmp.Or(i.profile.Detect, selector(i.meter.Counter))
	found, err := s.client.vector(ctx, fmt.Sprintf("group(last_over_time(%s[%s]))", series, duration(detectWithin)), i.span.end)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return window.Unavailable("Prometheus %s has no %s, by which profile %s counts: nothing is scraped, or nothing was ever sent",
			s.client.shown, series, i.profile.Name)
	}
	return nil
}
