package prometheus

import (
	"context"
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"

	"github.com/serin-dev/serin/metrics/window"
)

//go:embed profiles/*.yaml
var builtIn embed.FS

// BuiltIn returns the built-in profiles by name.
func BuiltIn() (map[string]*Profile, error) {
	files, err := builtIn.ReadDir("profiles")
	if err != nil {
		return nil, err
	}
	profiles := map[string]*Profile{}
	for _, f := range files {
		text, err := builtIn.ReadFile("profiles/" + f.Name())
		if err != nil {
			return nil, err
		}
		p, err := ParseProfile(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		profiles[p.Name] = p
	}
	return profiles, nil
}

const (
	// detectEvery is how long a profile that was found is kept before it is looked for anew.
	detectEvery = time.Minute
	// detectWithin is how old series may be by which a profile is found.
	detectWithin = 10 * time.Minute
)

// chooser knows the profiles, and which one is in use.
type chooser struct {
	client *client
	// wanted is the name of the profile, or Auto.
	wanted string

	mu sync.Mutex
	// builtIn and added are the profiles by name; an added one stands in for a built-in one. broken are those that could not
	// be read, by name or file, and why.
	builtIn, added map[string]*Profile
	broken         map[string]error
	found          *Profile
	foundAt        time.Time
}

// Auto is the name that stands for the profile whose series are found.
const Auto = "auto"

// set replaces the added profiles: texts by the names of their files.
func (c *chooser) set(texts map[string]string) map[string]error {
	added, broken := map[string]*Profile{}, map[string]error{}
	for _, file := range slices.Sorted(maps.Keys(texts)) {
		p, err := ParseProfile([]byte(texts[file]))
		switch {
		case err != nil:
			broken[file] = err
		case added[p.Name] != nil:
			broken[file] = fmt.Errorf("profile %q is there twice", p.Name)
		default:
			added[p.Name] = p
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.added, c.broken, c.found = added, broken, nil
	return broken
}

// all are the profiles by name.
func (c *chooser) all() map[string]*Profile {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := maps.Clone(c.builtIn)
	maps.Copy(all, c.added)
	return all
}

// choose returns the profile in use.
func (c *chooser) choose(ctx context.Context, now time.Time) (*Profile, error) {
	all := c.all()
	if c.wanted != Auto {
		if p := all[c.wanted]; p != nil {
			return p, nil
		}
		return nil, window.Unavailable("there is no profile %q: there are %s%s", c.wanted,
			strings.Join(slices.Sorted(maps.Keys(all)), ", "), c.complaints())
	}
	c.mu.Lock()
	found, age := c.found, now.Sub(c.foundAt).Abs()
	c.mu.Unlock()
	if found != nil && age < detectEvery {
		return found, nil
	}
	found, err := c.detect(ctx, all, now)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.found, c.foundAt = found, now
	return found, nil
}

// complaints are about profiles that could not be read.
func (c *chooser) complaints() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := ""
	for _, file := range slices.Sorted(maps.Keys(c.broken)) {
		text += fmt.Sprintf("; %s: %s", file, c.broken[file])
	}
	return text
}

// detected is the label with the name of a profile whose series are there.
const detected = "serin_profile"

// detect returns the profile whose series are there, of the first layer that has one. Where a layer has several, nobody can
// know which of them is meant.
func (c *chooser) detect(ctx context.Context, all map[string]*Profile, now time.Time) (*Profile, error) {
	present, err := c.present(ctx, all, now)
	if err != nil {
		return nil, err
	}
	for _, layer := range []Layer{Mesh, Gateway, Application} {
		found := slices.DeleteFunc(slices.Clone(present), func(name string) bool { return all[name].Layer != layer })
		switch len(found) {
		case 0:
		case 1:
			return all[found[0]], nil
		default:
			return nil, window.Unavailable("Prometheus %s has series of %s: choose one of these profiles by its name",
				c.client.shown, strings.Join(found, " and "))
		}
	}
	return nil, window.Unavailable("Prometheus %s has no series of any profile: there are %s%s", c.client.shown,
		strings.Join(slices.Sorted(maps.Keys(all)), ", "), c.complaints())
}

// present returns the names of the profiles whose series are there, in order.
func (c *chooser) present(ctx context.Context, all map[string]*Profile, now time.Time) ([]string, error) {
	questions := make([]string, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if all[name].Detect == "" {
			continue
		}
		questions = append(questions, fmt.Sprintf(`label_replace(group(last_over_time(%s[%s])), %q, %q, "", "")`,
			all[name].Detect, duration(detectWithin), detected, name))
	}
	answer, err := c.client.vector(ctx, strings.Join(questions, "\n or "), now)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range answer {
		if name := string(s.Metric[model.LabelName(detected)]); all[name] != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}
