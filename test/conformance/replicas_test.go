package conformance

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// replicasAgree is TM-S5.
func replicasAgree(t *testing.T, s *stage) {
	path := s.path("/deployments/b")
	first, second := &question{path: path, askers: []asker{s.replicas[0].ask}}, &question{path: path, askers: []asker{s.replicas[1].ask}}
	var since time.Time
	eventually(t, "both have a window that begins at one time", func() error {
		if since.IsZero() {
			a, err := first.ask(t.Context(), "window", s.shortest.String())
			if err != nil {
				return err
			}
			since = a.end
		}
		_, err := second.ask(t.Context(), "since", stamp(since))
		if says(err, http.StatusGone, "") == nil {
			since = time.Time{} // that replica missed that scrape
		}
		return err
	})
	// A Service in front of them leads to either: a chain of windows from both loses and doubles nothing.
	windows := (&question{path: path, askers: []asker{s.replicas[0].ask, s.replicas[1].ask}}).chain(since)
	for range 2 {
		windows.send(t, s, call{caller: "a", apex: "app", count: 50}, map[string]string{"b": "b from server"})
		windows.next(t)
	}
	windows.finish(t)
	abouts := []string{path, s.path("/trafficsplits"), path + "/edges", s.path("/deployments")}
	said := make([]agreement, len(abouts))
	var differ error
	eventually(t, "both have answered two windows", func() error {
		var errs []error
		for i, about := range abouts {
			if differ == nil {
				differ = said[i].ask(t, s.replicas, about, since)
			}
			errs = append(errs, said[i].enough(about))
		}
		if differ != nil {
			return nil
		}
		return errors.Join(errs...)
	})
	must(t, differ)
}

// agreement is what replicas said about a path: by the end of the window, what each said first.
type agreement map[string][2]string

// ask asks each replica, and returns an error if two of them have answered the same window in different words.
func (a *agreement) ask(t *testing.T, replicas []*replica, path string, since time.Time) error {
	t.Helper()
	if *a == nil {
		*a = agreement{}
	}
	for i, replica := range replicas {
		got, err := (&question{path: path, askers: []asker{replica.ask}}).ask(t.Context(), "since", stamp(since))
		if err != nil {
			return nil //nolint:nilerr // it is asked again
		}
		said := (*a)[stamp(got.end)]
		said[i] = string(got.body)
		(*a)[stamp(got.end)] = said
		if said[0] != "" && said[1] != "" && said[0] != said[1] {
			return fmt.Errorf("%s from %s to %s is\n%s\nand\n%s", path, stamp(since), stamp(got.end), said[0], said[1])
		}
	}
	return nil
}

// enough returns nil once both have answered two windows.
func (a *agreement) enough(path string) error {
	both := 0
	for _, said := range *a {
		if said[0] != "" && said[1] != "" {
			both++
		}
	}
	if both < 2 {
		return fmt.Errorf("%s: both have answered %d windows", path, both)
	}
	return nil
}
