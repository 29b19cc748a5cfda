package story

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/test/sim/load"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Rates of the two callers, in requests per second.
const (
	webRate      = 200
	strangerRate = 5
)

// chapterTimeout is the most time that one release may take; a story that hangs should say where.
const chapterTimeout = 2 * time.Minute

// Teller tells the story: it makes the releases and waits for what becomes of them.
type Teller struct {
	world    *World
	web      *load.Generator
	stranger *load.Generator
	scene    *scene
	endLoad  context.CancelFunc
	loaded   chan struct{}
}

// Tell runs the whole story in a world and reports. The error says why it could not be told to the end; what Serin did wrong
// stands in the report. Watch is called with every change, never by two goroutines at once; nil is nobody.
func Tell(ctx context.Context, w *World, watch func(Scene)) (*Report, error) {
	t := &Teller{world: w, scene: newScene(w, watch), loaded: make(chan struct{}), endLoad: func() {}}
	t.scene.follow(ctx)
	defer t.scene.stop()
	defer func() { t.endLoad() }()
	report := &Report{}
	for i, release := range Releases() {
		t.scene.chapter(release)
		began := time.Now()
		play := t.play
		if i == 0 {
			play = t.begin
		}
		if err := within(ctx, release, play); err != nil {
			return nil, fmt.Errorf("%s (%s): %w", release.Name, release.About, err)
		}
		report.Releases = append(report.Releases, ReleaseReport{Release: release, Took: time.Since(began)})
	}
	if err := t.rest(ctx); err != nil {
		return nil, err
	}
	t.endLoad()
	<-t.loaded
	return report, t.fill(ctx, report)
}

// within plays a chapter within its time.
func within(ctx context.Context, release Release, play func(context.Context, Release) error) error {
	ctx, cancel := context.WithTimeout(ctx, chapterTimeout)
	defer cancel()
	return play(ctx, release)
}

// play releases something and waits until its rollout has ended.
func (t *Teller) play(ctx context.Context, release Release) error {
	t.web.Mark(release.Name)
	t.stranger.Mark(release.Name)
	if err := t.world.release(ctx, release.Name); err != nil {
		return err
	}
	return t.until(ctx, func(c *v1alpha1.Canary) bool { return ended(c, release) })
}

// begin has the first release run without Serin, then hands it to Serin, then sends requests.
func (t *Teller) begin(ctx context.Context, release Release) error {
	w := t.world
	if err := errors.Join(w.apply(ctx, "20-shop.yaml"), w.secret(ctx), w.release(ctx, release.Name)); err != nil {
		return err
	}
	if err := w.apply(ctx, "30-canary.yaml"); err != nil {
		return err
	}
	adopted := func(c *v1alpha1.Canary) bool { return c.Status.Phase == v1alpha1.PhaseSucceeded }
	if err := t.until(ctx, adopted); err != nil {
		return err
	}
	return t.send(ctx, release)
}

// send starts the two callers. They go on until the story ends.
func (t *Teller) send(ctx context.Context, release Release) error {
	web, err := t.caller(ctx, "web", webRate, load.ExpectRelease)
	if err != nil {
		return err
	}
	stranger, err := t.caller(ctx, "stranger", strangerRate, load.ExpectForbidden)
	if err != nil {
		return err
	}
	t.web, t.stranger = web, stranger
	t.web.Mark(release.Name)
	t.stranger.Mark(release.Name)
	loading, end := context.WithCancel(context.WithoutCancel(ctx))
	t.endLoad = end
	go func() {
		defer close(t.loaded)
		done := make(chan struct{})
		go func() {
			defer close(done)
			t.stranger.Run(loading)
		}()
		t.web.Run(loading)
		<-done
	}()
	t.scene.count(t.web, t.stranger)
	return nil
}

// Call keeps both callers calling until the context ends, for whoever stays after the story.
func Call(ctx context.Context, w *World) error {
	t := &Teller{world: w, scene: newScene(w, nil), loaded: make(chan struct{})}
	if err := t.send(ctx, Release{Name: "after"}); err != nil {
		return err
	}
	<-ctx.Done()
	t.endLoad()
	<-t.loaded
	return nil
}

// caller is a generator that calls the apex from a pod, as a pod does: by name, through kube-proxy.
func (t *Teller) caller(ctx context.Context, pod string, rate int, expect func(load.Answer) load.Outcome) (*load.Generator, error) {
	dial, err := t.world.DialFromPod(ctx, pod)
	if err != nil {
		return nil, err
	}
	return load.New(load.Options{
		URL: "http://" + net.JoinHostPort(target+"."+shop, "8080") + "/", PerSecond: rate, Dial: dial, Expect: expect,
	}), nil
}

// rest keeps the traffic up until everything that a rollout left behind is gone, so that its removal is under load too.
func (t *Teller) rest(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, chapterTimeout)
	defer cancel()
	return t.until(ctx, func(c *v1alpha1.Canary) bool { return len(c.Status.Retiring) == 0 })
}

// until waits for something to be true of the Canary.
func (t *Teller) until(ctx context.Context, is func(*v1alpha1.Canary) bool) error {
	last := "there is no Canary yet"
	for {
		changed := t.scene.changed()
		if c := t.scene.canary(); c != nil {
			if is(c) {
				return nil
			}
			last = fmt.Sprintf("%s: %s", c.Status.Phase, c.Status.Message)
		}
		select {
		case <-changed:
		case err := <-t.world.Failed():
			return err
		case <-ctx.Done():
			return fmt.Errorf("%w; the Canary was %s", context.Cause(ctx), last)
		}
	}
}

// ended says whether the rollout of a release has ended, well or badly.
func ended(c *v1alpha1.Canary, release Release) bool {
	resting := c.Status.Phase == v1alpha1.PhaseSucceeded || c.Status.Phase == v1alpha1.PhaseRolledBack
	return resting && len(c.Status.History) > 0 && c.Status.History[0].Image == image(release.Name)
}

// fill reads how everything ended from the API server, the callers and Slack.
func (t *Teller) fill(ctx context.Context, report *Report) error {
	c := &v1alpha1.Canary{}
	if err := t.world.user.Get(ctx, client.ObjectKey{Namespace: shop, Name: target}, c); err != nil {
		return err
	}
	web := t.web.Snapshot()
	for i := range report.Releases {
		r := &report.Releases[i]
		r.fillOutcome(c)
		r.Windows, r.Late = t.scene.judged(image(r.Release.Name))
		r.Sent = web.Total()[r.Release.Name].Sent()
		r.FailedByRelease = web.Total()[r.Release.Name].FailedByRelease
		for _, chapter := range web.Chapters {
			if chapter.Name == r.Release.Name {
				r.FailedBySerin += chapter.Releases.Sum().FailedBetween
			}
		}
	}
	report.Requests = web.Total().Sum().Sent()
	report.FailedBySerin = web.Total().Sum().FailedBetween
	report.Examples = web.Examples
	stranger := t.stranger.Snapshot()
	report.Refused, report.LetIn = stranger.Total().Sum().OK, stranger.Total().Sum().FailedBetween
	report.Examples = append(report.Examples, stranger.Examples...)
	report.Messages = t.world.Slack.Messages()
	return nil
}
