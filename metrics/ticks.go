package metrics

import (
	"context"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/serin-dev/serin/metrics/api"
	"github.com/serin-dev/serin/metrics/catalog"
	"github.com/serin-dev/serin/metrics/proxies"
	"github.com/serin-dev/serin/metrics/scrape"
	"github.com/serin-dev/serin/metrics/source"
	"github.com/serin-dev/serin/metrics/window"
)

const (
	// maxScrape is the longest time that one round may take, whatever the interval.
	maxScrape = 5 * time.Second
	// warming is how long a server may take to count a first window before it counts as ready without one.
	warming = 2*api.DefaultWindow + maxScrape
)

// scraping is the source that asks the bundled proxies.
type scraping struct {
	catalog   *catalog.Catalog
	store     *window.Store
	scraper   *scrape.Scraper
	interval  time.Duration
	namespace string // of the proxies' Service
	began     time.Time
	log       logr.Logger
}

func newScraping(o Options, c *catalog.Catalog) (*scraping, error) {
	store, err := window.New(o.ScrapeInterval, o.Retention)
	return &scraping{
		catalog: c, store: store, scraper: scrape.New(o.Dial), interval: o.ScrapeInterval,
		namespace: o.ProxyService.Namespace, began: time.Now(), log: o.Log,
	}, err
}

func (s *scraping) source() source.Source { return proxies.Source{Store: s.store} }

func (s *scraping) String() string { return "the bundled proxies, every " + s.interval.String() }

// ready returns nil once there is a window to answer with. Proxies that do not answer are not waited for: a server without
// numbers is to say so to those who ask, and not to make the API disappear.
func (s *scraping) ready() error {
	now := time.Now()
	if now.Sub(s.began) > warming || s.catalog.Proxies.Synced() == nil && len(s.targets()) == 0 {
		return nil
	}
	_, err := s.store.Read(window.Span{Length: api.DefaultWindow}, now)
	return err
}

func (s *scraping) targets() []scrape.Target {
	return scrape.Targets(s.catalog.Proxies.List(s.namespace, labels.Everything()))
}

// run makes a round at every tick until the context ends.
func (s *scraping) run(ctx context.Context) {
	defer s.scraper.Close()
	var silent map[string]bool
	for next := nextTick(time.Now(), s.interval); waitUntil(ctx, next, time.Now); next = nextTick(time.Now(), s.interval) {
		// Before the proxies are known, and when this machine was too busy to be on time or its clock was set, a round would say
		// nothing about the tick: none is made, and windows that begin or end there are not answered.
		if s.catalog.Proxies.Synced() != nil || !onTime(time.Now(), next, s.interval) {
			continue
		}
		round := s.round(ctx, next)
		if err := s.store.Add(round); err != nil {
			s.log.Error(err, "a round of scrapes was refused", "at", next)
		}
		silent = s.report(round, silent)
	}
}

// round asks every proxy.
func (s *scraping) round(ctx context.Context, at time.Time) window.Round {
	ctx, cancel := context.WithDeadline(ctx, at.Add(min(s.interval*9/10, maxScrape)))
	defer cancel()
	return s.scraper.Scrape(ctx, at, s.targets())
}

// report logs when a proxy stops answering and when it answers again, and returns those that do not.
func (s *scraping) report(r window.Round, before map[string]bool) map[string]bool {
	silent := map[string]bool{}
	for _, seen := range r.Sightings {
		switch {
		case seen.Snapshot == nil:
			silent[seen.Proxy] = true
			if !before[seen.Proxy] {
				s.log.Info("a proxy does not answer", "proxy", seen.Proxy, "ready", seen.Ready, "reason", seen.Reason)
			}
		case before[seen.Proxy]:
			s.log.Info("a proxy answers again", "proxy", seen.Proxy)
		}
	}
	return silent
}

// nextTick is the first multiple of the interval since the epoch that lies after now.
func nextTick(now time.Time, interval time.Duration) time.Time {
	passed := now.UnixNano() % int64(interval)
	return time.Unix(0, now.UnixNano()-passed+int64(interval))
}

// onTime says whether a round that is made now says something about the tick.
func onTime(now, tick time.Time, interval time.Duration) bool {
	return now.Sub(tick).Abs() <= min(interval/2, time.Second)
}

// waitUntil waits for the wall clock to reach the time and reports false if the context ends before. It gives up waiting when the
// time is farther away than it was: somebody set the clock back, and it would take that long to catch up.
func waitUntil(ctx context.Context, at time.Time, now func() time.Time) bool {
	most := at.Sub(now())
	for rest := most; rest > 0 && rest <= most; rest = at.Sub(now()) {
		timer := time.NewTimer(rest)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
	return ctx.Err() == nil
}
