package window

import (
	"slices"
	"time"
)

// boundsTable gives every distinct list of bucket bounds a number. There are few: one per version of the proxy.
type boundsTable struct {
	lists [][]time.Duration
}

func (b *boundsTable) index(bounds []time.Duration) int {
	for i, known := range b.lists {
		if sameBounds(known, bounds) {
			return i
		}
	}
	b.lists = append(b.lists, slices.Clone(bounds))
	return len(b.lists) - 1
}

// sameBounds is slices.Equal, quick when both are the same memory.
func sameBounds(a, b []time.Duration) bool {
	if len(a) != len(b) {
		return false
	}
	return len(a) == 0 || &a[0] == &b[0] || slices.Equal(a, b)
}
