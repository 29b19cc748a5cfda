package story

import (
	"time"

	"github.com/serin-dev/serin/test/sim/app"
)

// Release is one version of the shop's application, and how its rollout must end.
type Release struct {
	// Name is the image's tag.
	Name string
	// About says in a few words what is particular about it.
	About string
	// Behavior is what its pods do.
	Behavior app.Behavior
	// Want is how its rollout must end.
	Want Outcome
}

// Outcome is how a release's rollout ended.
type Outcome string

// Outcomes.
const (
	Adopted    Outcome = "adopted"
	Promoted   Outcome = "promoted"
	RolledBack Outcome = "rolled back"
)

// latency is what a good answer takes.
const latency = 5 * time.Millisecond

// Releases are the four of the story.
func Releases() []Release {
	return []Release{
		{Name: "v1", About: "what runs already", Want: Adopted, Behavior: app.Behavior{Release: "v1", Latency: latency}},
		{Name: "v2", About: "good", Want: Promoted, Behavior: app.Behavior{Release: "v2", Latency: latency}},
		{
			Name: "v3", About: "fails 20% of requests", Want: RolledBack,
			Behavior: app.Behavior{Release: "v3", Latency: latency, FailRatio: 0.2},
		},
		{
			Name: "v4", About: "3 of 10 requests take 400ms", Want: RolledBack,
			Behavior: app.Behavior{Release: "v4", Latency: latency, SlowRatio: 0.3, SlowBy: 400 * time.Millisecond},
		},
	}
}

// image is the image of a release.
func image(release string) string { return "demo/foobar:" + release }
