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
		row, tick, first := make([]uint64, width), int64(1000), int64(-1)
		for range rapid.IntRange(0, 200).Draw(t, "rows") {
			tick += rapid.Int64Range(1, 5).Draw(t, "pause")
			step := make([]uint64, width)
			for i := range step {
				step[i] = rapid.Uint64Range(0, 1<<40).Draw(t, "step")
				row[i] += step[i]
			}
			kept.add(tick, step, row)
			plain[tick] = slices.Clone(row)
			if first < 0 {
				first = tick
			}
		}
		oldest := rapid.Int64Range(1000, tick).Draw(t, "oldest")
		kept.trim(oldest)
		want, got := make([]uint64, width), make([]uint64, width)
		for at := int64(1000); at <= tick; at++ {
			if now, changed := plain[at]; changed {
				want = now
			}
			if at < oldest {
				continue
			}
			begun := kept.at(at, got)
			if begun != (first >= 0 && at >= first) || !slices.Equal(got, want) {
				t.Fatalf("at %d: got %v, %t, want %v", at, got, begun, want)
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
