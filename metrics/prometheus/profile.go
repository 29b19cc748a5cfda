package prometheus

import (
	"encoding/json"
	"fmt"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/metrics/source"
)

// Profile says in which series a data plane counts its requests.
type Profile struct {
	// Name is what the profile is chosen by.
	Name string `json:"name"`
	// Title names the data plane and its versions for people.
	Title string `json:"title"`
	// Layer says who is asked when series of several data planes are found: a mesh sees what goes on between workloads, a
	// gateway what comes in, an application only itself.
	Layer Layer `json:"layer"`
	// Detect is a selector of series that the data plane has as soon as it is there, and no other. A profile without one is
	// never found by its series: it has to be chosen by its name.
	Detect string `json:"detect,omitempty"`
	// Meters are the ways in which requests are counted, by names of the profile's own.
	Meters map[string]*Meter `json:"meters"`
	// Views say which meter has the numbers of a kind, and by which labels. The key is the resource of the kind, with /from or
	// /to for the edges: deployments, deployments/from. Kinds that follow from pods need no view where there is one of pods.
	Views map[string]*View `json:"views"`
	// Lacks say why kinds have no view, where their users would expect one.
	Lacks map[string]string `json:"lacks,omitempty"`
}

// Layer is where a data plane stands.
type Layer string

// The layers, in the order in which they are preferred.
const (
	Mesh        Layer = "mesh"
	Gateway     Layer = "gateway"
	Application Layer = "application"
)

// Meter is a counter of requests, and a histogram of how long they took.
type Meter struct {
	// Counter is the name of the counter, or several names of which each series has one.
	Counter names `json:"counter"`
	// Requests select the series that count requests, each as matchers that all hold; a series counts if one of them selects
	// it. By default all series count.
	Requests []set `json:"requests,omitempty"`
	// Failures select those of them that count requests that failed: 5xx, no answer, or a gRPC status that blames the server.
	Failures []set `json:"failures"`
	// Histogram is the name of the histogram's buckets, ending with _bucket; none if durations are not measured.
	Histogram names `json:"histogram,omitempty"`
	// Unit is the unit of the histogram's bounds.
	Unit Unit `json:"unit,omitempty"`
	// Timed select the series of the histogram, as Requests does; by default all series count.
	Timed []set `json:"timed,omitempty"`
}

// Unit is a unit of time.
type Unit string

// The units.
const (
	Seconds      Unit = "s"
	Milliseconds Unit = "ms"
)

func (u Unit) duration() time.Duration {
	if u == Seconds {
		return time.Second
	}
	return time.Millisecond
}

// View says how the numbers of a kind are found.
type View struct {
	// Meter is the name of the meter.
	Meter string `json:"meter"`
	// Side is who counted.
	Side source.Side `json:"side"`
	// Select are further matchers.
	Select set `json:"select,omitempty"`
	// Of is the object that is asked for; Other is the other end of an edge.
	Of    *Identity `json:"of"`
	Other *Identity `json:"other,omitempty"`
}

// Identity says which labels name an object.
type Identity struct {
	// Namespace, Name and Apex are labels that have these as their value. Where no label has the namespace, only questions
	// about one namespace can be answered, and names have to be unique in the cluster; the other end of an edge is then looked
	// for in the namespace that is asked about.
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	Apex      string `json:"apex,omitempty"`
	// Label is one that has several of these in it, and Pattern is what its whole value looks like, as a regular expression.
	// {namespace} in it stands for the namespaces that are asked for. The groups (?P<name>), (?P<apex>), (?P<split>) and
	// (?P<index>) say what is what; the index is the place of a backend in the spec of its split, from 0. A group that found
	// nothing says nothing: what a label of its own says stands, and a group may be in several alternatives.
	Label   string `json:"label,omitempty"`
	Pattern string `json:"pattern,omitempty"`
}

// names are one or several names of metrics, written as a text or a list.
type names []string

// UnmarshalJSON reads either.
func (n *names) UnmarshalJSON(data []byte) error {
	var one string
	if err := json.Unmarshal(data, &one); err == nil {
		*n = names{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(n))
}

// set is a list of matchers, written as in PromQL.
type set struct{ matchers }

// UnmarshalJSON reads the text.
func (s *set) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("%s is not a text with matchers", data)
	}
	var err error
	s.matchers, err = parseMatchers(text)
	return err
}

// ParseProfile reads a profile, as YAML. The error is one sentence.
func ParseProfile(text []byte) (*Profile, error) {
	p := &Profile{}
	if err := yaml.UnmarshalStrict(text, p); err != nil {
		return nil, fmt.Errorf("this is not a profile: %s", oneLine(err.Error()))
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("profile %q: %w", p.Name, err)
	}
	return p, nil
}
