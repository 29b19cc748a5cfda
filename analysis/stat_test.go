package analysis

import (
	"fmt"
	"pgregory.net/rapid"
	"sort"
	"testing"
)

func TestStat(t *testing.T) {
	counts := map[string]int{}
	looks := 0
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		c := newChaos(t)
		runs++
		c.every = append(c.every, func(c *chaos, l look) {
			looks++
			counts["phase "+string(l.plan.Status.Phase)]++
			for _, n := range l.plan.Notes {
				counts["note "+n.Reason]++
			}
			if l.seen.MetricsError != "" {
				counts["metrics error"]++
			}
			if l.plan.Status.Step != nil && l.plan.Status.Step.Passed > 2 {
				counts["passed>2"]++
			}
		})
		c.story()
	})
	var ks []string
	for k := range counts {
		ks = append(ks, k)
	}
	sort.Strings(ks)
	for _, k := range ks {
		fmt.Println(k, counts[k])
	}
	fmt.Println("looks/run", looks/runs)
}
