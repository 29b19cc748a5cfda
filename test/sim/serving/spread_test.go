package serving

import "testing"

func TestSpreadIsEven(t *testing.T) {
	for ratio, want := range map[float64]int{0: 0, 0.2: 200, 0.3: 300, 0.5: 500, 1: 1000} {
		s := Spread{Ratio: ratio}
		got := 0
		for range 1000 {
			if s.Next() {
				got++
			}
		}
		if got != want {
			t.Errorf("ratio %v said yes %d times of 1000", ratio, got)
		}
	}
}
