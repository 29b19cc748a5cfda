package metrics

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/serin-dev/serin/metrics/scrape"
	"github.com/serin-dev/serin/metrics/window"
)

// maxScrape is the longest time that one round may take, whatever the interval.
const maxScrape = 5 * time.Second

// scrapeUntil makes a round at every tick until the context ends.
func (s *Server) scrapeUntil(ctx context.Context) {
	var silent map[string]bool
	for next := nextTick(time.Now(), s.options.ScrapeInterval); waitUntil(ctx, next); next = nextTick(time.Now(), s.options.ScrapeInterval) {
		// Before the proxies are known, and when this machine was too busy to be on time, a round would say nothing about
		// the tick: none is made, and windows that begin or end there are not answered.
		if s.catalog.Proxies.Ready() != nil || time.Since(next) > s.options.ScrapeInterval/2 {
			continue
		}
		round := s.round(ctx, next)
		if err := s.store.Add(round); err != nil {
			s.options.Log.Error(err, "a round of scrapes was refused", "at", next)
		}
		silent = s.report(round, silent)
	}
}

// round asks every proxy.
func (s *Server) round(ctx context.Context, at time.Time) window.Round {
	ctx, cancel := context.WithDeadline(ctx, at.Add(min(s.options.ScrapeInterval*9/10, maxScrape)))
	defer cancel()
	proxies := s.catalog.Proxies.List(s.options.ProxyService.Namespace, labels.Everything())
	return s.scraper.Scrape(ctx, at, scrape.Targets(proxies))
}

// report logs when a proxy stops answering and when it answers again, and returns those that do not.
func (s *Server) report(r window.Round, before map[string]bool) map[string]bool {
	silent := map[string]bool{}
	for _, seen := range r.Sightings {
		switch {
		case seen.Snapshot == nil:
			silent[seen.Proxy] = true
			if !before[seen.Proxy] {
				s.options.Log.Info("a proxy does not answer", "proxy", seen.Proxy, "ready", seen.Ready, "reason", seen.Reason)
			}
		case before[seen.Proxy]:
			s.options.Log.Info("a proxy answers again", "proxy", seen.Proxy)
		}
	}
	return silent
}

// nextTick is the first multiple of the interval since the epoch that lies after now.
func nextTick(now time.Time, interval time.Duration) time.Time {
	passed := now.UnixNano() % int64(interval)
	return time.Unix(0, now.UnixNano()-passed+int64(interval))
}

// waitUntil waits for the wall clock to reach the time and reports false if the context ends before.
func waitUntil(ctx context.Context, at time.Time) bool {
	for rest := time.Until(at); rest > 0; rest = time.Until(at) {
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
