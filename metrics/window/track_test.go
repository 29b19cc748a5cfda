package window

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestTrackRemembersEveryTick compares the encoded history with a plain list.
func TestTrackRemembersEveryTick(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 4).Draw(t, "width")
		var kept track
		plain := map[int64][]uint64{}
		row, tick := make([]uint64, width), int64(1000)
		for range rapid.IntRange(0, 200).Draw(t, "rows") {
			tick += rapid.Int64Range(1, 5).Draw(t, "pause")
			step := make([]uint64, width)
			for i := range step {
				step[i] = rapid.Uint64Range(0, 1<<40).Draw(t, "step")
				row[i] += step[i]
			}
			kept.add(tick, step, row)
			plain[tick] = slices.Clone(row)
		}
		oldest := rapid.Int64Range(1000, tick).Draw(t, "oldest")
		kept.trim(oldest)
		base, want, got := make([]uint64, width), make([]uint64, width), make([]uint64, width)
		kept.at(oldest, base)
		for at := int64(1000); at <= tick; at++ {
			if now, changed := plain[at]; changed {
				want = now
			}
			if at < oldest {
				continue
			}
			kept.at(at, got)
			if !slices.Equal(got, want) {
				t.Fatalf("at %d: got %v, want %v", at, got, want)
			}
			kept.between(oldest, at, got)
			for i := range got {
				if got[i] != want[i]-base[i] {
					t.Fatalf("between %d and %d: got %v, want %v - %v", oldest, at, got, want, base)
				}
			}
			if later := kept.changedAfter(at); later != hasLater(plain, at) {
				t.Fatalf("changedAfter(%d) is %t", at, later)
			}
		}
	})
}

func hasLater(plain map[int64][]uint64, tick int64) bool {
	for at := range plain {
		if at > tick {
			return true
		}
	}
	return false
}
