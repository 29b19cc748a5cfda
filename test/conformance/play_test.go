package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// playAll opens all shops at once and plays the cases: first those that do not mind others, then the others one by one.
func playAll(t *testing.T, world string, s *stage) {
	t.Helper()
	began := time.Now()
	played := slices.DeleteFunc(slices.Clone(cases), func(c row) bool {
		return len(c.worlds) > 0 && !slices.Contains(c.worlds, world)
	})
	must(t, s.openAll(t, world, played))
	if s.settling > 0 {
		s.begin(t, group+"/namespaces/"+namespaceOf(world, played[0], 0)+"/deployments/b", time.Now().Add(s.settling))
	}
	t.Logf("all shops were open after %s", time.Since(began).Round(time.Millisecond))
	var playing sync.WaitGroup
	for _, c := range played {
		if !c.alone {
			playing.Go(func() { s.play(t, world, c) }) // they wait most of the time, so all of them at once
		}
	}
	playing.Wait()
	for _, c := range played {
		if c.alone {
			s.play(t, world, c)
		}
	}
}

func (s *stage) play(t *testing.T, world string, c row) {
	t.Helper()
	t.Run(c.id+" "+c.title, func(t *testing.T) {
		own := *s
		own.namespace = namespaceOf(world, c, 0)
		c.play(t, &own)
	})
}

// namespaceOf is the namespace of a case's shop.
func namespaceOf(world string, c row, shop int) string {
	name := strings.ToLower(fmt.Sprintf("%s-%s", world, c.id))
	if shop > 0 {
		name += fmt.Sprintf("-%d", shop)
	}
	if c.far {
		name += farSuffix
	}
	return name
}

func (s *stage) openAll(t *testing.T, world string, played []row) error {
	t.Helper()
	var opening sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	for _, c := range played {
		for shop := range max(1, c.shops) {
			opening.Go(func() {
				err := s.open(t.Context(), namespaceOf(world, c, shop))
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			})
		}
	}
	opening.Wait()
	return errors.Join(errs...)
}
