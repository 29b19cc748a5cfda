package judge

import (
	"strings"
	"testing"
)

func FuzzUnmarshalText(f *testing.F) {
	s, _ := judged(three(), requests(10, 0, 0, 190, 0), requests(10, 1, 0, 190, 0))
	for _, m := range append(s.Memories, Memory{}) {
		text, err := m.MarshalText()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), 10.0, 1.0)
	}
	f.Add("e1 null=0.5,1,-Inf,-1,0,1e-300,0.1,2,3,4 quantiles=0.1,1,2,3,0.3333333333333333", 1e15, 1e15)
	f.Fuzz(func(t *testing.T, text string, n, bad float64) {
		m := Memory{Name: "failures"}
		if err := m.UnmarshalText([]byte(text)); err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("not one sentence: %q", err)
			}
			return
		}
		again, err := m.MarshalText()
		if err != nil || string(again) != text {
			t.Fatalf("%q was read from %q, %v", again, text, err)
		}
		// Whatever can be read can be computed with.
		_, r := with(failures).Judge(State{Memories: []Memory{m}}, Window{Candidate: Counts{Requests: n, Failures: bad}})
		if err := sound(r); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzJudge(f *testing.F) {
	f.Add(10.0, 0.0, 0.0, 190.0, 1.0, 0.0, uint8(0), int32(5), int32(10))
	f.Add(1e15, 1e15, 0.5, 1e15, 1e15, 1e15, uint8(255), int32(99), int32(100))
	f.Add(300.0, 3.0, 250.0, 2700.0, 1.0, 90.0, uint8(3), int32(0), int32(-1))
	f.Fuzz(func(t *testing.T, nc, fc, kc, ns, fs, ks float64, how uint8, weight, next int32) {
		c := three()
		c.Checks = append(c.Checks, gauge, share)
		w := Window{
			Weight: weight, Next: next,
			Candidate: Counts{Requests: nc, Failures: fc, Slow: kc, Unmeasured: how&1 != 0},
			Stable:    Counts{Requests: ns, Failures: fs, Slow: ks, Unmeasured: how&2 != 0},
			Others:    map[string]Pair{"orders": {Candidate: Part{fc, nc}, Stable: Part{fs, ns}}},
		}
		if how&4 != 0 {
			w.Candidate.Quantiles = &Quantiles{Limit: 200, P50: kc / 2, P90: kc, P99: ks}
		}
		if how&8 != 0 {
			w.Stable.Quantiles = &Quantiles{Limit: ks, P50: 100, P90: 200, P99: fs}
		}
		if how&16 != 0 {
			w.Others["memory"] = Pair{Candidate: Part{kc, nc}, Stable: Part{ks, ns}}
		}
		var s State
		for range 3 {
			var r Result
			s, r = c.Judge(s, w)
			if err := sound(r); err != nil {
				t.Fatal(err)
			}
			if r.Cause == Unusable && (s.Windows != 0 || r.Decision != Hold) {
				t.Fatal("an unusable window changed something")
			}
			s = stored(t, s)
		}
	})
}
