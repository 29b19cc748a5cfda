package traffic

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/serin-dev/serin/api/smi/metrics"
)

// Order is by what items are sorted.
type Order string

// Orders. All but ByName have first what needs a look first, and last what was not measured.
const (
	ByName     Order = "name"
	ByRate     Order = "rps"
	BySuccess  Order = "success"
	ByP99      Order = "p99"
	ByFailures Order = "failures"
)

// Orders are all of them.
func Orders() []Order { return []Order{ByName, ByRate, BySuccess, ByP99, ByFailures} }

// ParseOrder finds an order by its name.
func ParseOrder(text string) (Order, error) {
	if o := Order(text); slices.Contains(Orders(), o) {
		return o, nil
	}
	var names []string
	for _, o := range Orders() {
		names = append(names, string(o))
	}
	return "", fmt.Errorf("--sort-by=%s is nothing to sort by: use %s", text, strings.Join(names, ", "))
}

// Sort sorts items; those that are equal stay sorted by name.
func (q Question) Sort(items []metrics.TrafficMetrics, by Order) {
	slices.SortStableFunc(items, func(a, b metrics.TrafficMetrics) int {
		return cmp.Or(by.compare(NumbersOf(&a), NumbersOf(&b)), q.byName(&a, &b))
	})
}

func (o Order) compare(a, b Numbers) int {
	switch o {
	case ByRate:
		return falling(a.PerSecond, b.PerSecond)
	case BySuccess:
		return falling(negative(a.Success), negative(b.Success))
	case ByP99:
		return falling(a.P99, b.P99)
	case ByFailures:
		return falling(a.Failures, b.Failures)
	case ByName:
	}
	return 0
}

// falling compares two numbers: the larger one is first, and what is not known last.
func falling[T cmp.Ordered](a, b *T) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return cmp.Compare(*b, *a)
}

func negative(n *float64) *float64 {
	if n == nil {
		return nil
	}
	m := -*n
	return &m
}

func (q Question) byName(a, b *metrics.TrafficMetrics) int {
	return cmp.Or(q.Of(a).compare(q.Of(b)), strings.Compare(backend(a), backend(b)),
		strings.Compare(a.Edge.Direction, b.Edge.Direction), q.object(a.Edge.Resource).compare(q.object(b.Edge.Resource)),
		strings.Compare(a.Edge.Side, b.Edge.Side))
}

func (o Object) compare(p Object) int {
	return cmp.Or(strings.Compare(o.Namespace, p.Namespace), strings.Compare(o.Name, p.Name), strings.Compare(o.Kind, p.Kind))
}

func backend(item *metrics.TrafficMetrics) string {
	if item.Backend == nil {
		return ""
	}
	return item.Backend.Name
}
