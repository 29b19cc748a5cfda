package story

import (
	"context"
	"sync"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/test/sim/load"

	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Scene is what there is to see at a moment.
type Scene struct {
	// Release is the chapter.
	Release Release
	// Canary is nil before there is one.
	Canary *v1alpha1.Canary
	// Web and Stranger are the callers' counts.
	Web, Stranger load.Snapshot
	// Events are new Events about the Canary, Messages new Slack messages, since the scene before.
	Events, Messages []string
}

// frame is how often a scene is shown.
const frame = 200 * time.Millisecond

// scene follows the world and shows it to one watcher.
type scene struct {
	world *World
	watch func(Scene)

	mu      sync.Mutex
	now     Scene
	notify  chan struct{}
	callers []*load.Generator
	told    int
	proof   *proof
	end     context.CancelFunc
	ended   sync.WaitGroup
}

func newScene(w *World, watch func(Scene)) *scene {
	return &scene{world: w, watch: watch, notify: make(chan struct{}), proof: newProof(), end: func() {}}
}

// follow watches the Canary and its Events and shows a scene per frame until stop.
func (s *scene) follow(ctx context.Context) {
	ctx, s.end = context.WithCancel(context.WithoutCancel(ctx))
	s.ended.Go(func() { s.watchList(ctx, &v1alpha1.CanaryList{}, s.seeCanary) })
	s.ended.Go(func() { s.watchList(ctx, &eventsv1.EventList{}, s.seeEvent) })
	s.ended.Go(func() { s.showUntil(ctx) })
}

func (s *scene) stop() {
	s.end()
	s.ended.Wait()
	s.show()
}

// watchList watches a kind from the beginning, and again when the API server ends the watch.
func (s *scene) watchList(ctx context.Context, list client.ObjectList, see func(client.Object)) {
	for ctx.Err() == nil {
		watcher, err := s.world.user.Watch(ctx, list, client.InNamespace(shop))
		if err != nil {
			select {
			case <-time.After(frame):
			case <-ctx.Done():
			}
			continue
		}
		for event := range watcher.ResultChan() {
			if object, ok := event.Object.(client.Object); ok && event.Type != watch.Deleted {
				see(object)
			}
		}
	}
}

func (s *scene) seeCanary(object client.Object) {
	canary, ok := object.(*v1alpha1.Canary)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Canary = canary
	s.proof.see(canary)
	close(s.notify)
	s.notify = make(chan struct{})
}

func (s *scene) seeEvent(object client.Object) {
	event, ok := object.(*eventsv1.Event)
	if !ok || event.Regarding.Kind != "Canary" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Events = append(s.now.Events, event.Reason+": "+event.Note)
}

func (s *scene) chapter(release Release) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Release = release
}

func (s *scene) count(callers ...*load.Generator) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.callers = callers
}

func (s *scene) canary() *v1alpha1.Canary {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now.Canary
}

// judged is how many windows were judged of an image, and why its proof was late, if it was.
func (s *scene) judged(image string) (windows int32, late string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proof.windows[image], s.proof.late[image]
}

// changed is closed at the Canary's next change.
func (s *scene) changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.notify
}

func (s *scene) showUntil(ctx context.Context) {
	ticker := time.NewTicker(frame)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			s.show()
		case <-ctx.Done():
			return
		}
	}
}

// show shows what there is, and forgets what is shown once.
func (s *scene) show() {
	s.mu.Lock()
	if len(s.callers) == 2 {
		s.now.Web, s.now.Stranger = s.callers[0].Snapshot(), s.callers[1].Snapshot()
	}
	for _, m := range s.world.Slack.Messages()[s.told:] {
		s.now.Messages = append(s.now.Messages, m.Text)
		s.told++
	}
	now := s.now
	s.now.Events, s.now.Messages = nil, nil
	s.mu.Unlock()
	if s.watch != nil {
		s.watch(now)
	}
}
