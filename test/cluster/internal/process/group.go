//go:build unix

package process

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// between is the time between the end of a kept child and its next start.
const between = 200 * time.Millisecond

// errStopping says that a group starts nothing more.
var errStopping = errors.New("the programs are being stopped")

// Group holds children in the order in which they were started. It may be used from several goroutines.
type Group struct {
	mu       sync.Mutex
	children []*Child
	stopping bool
	keepers  sync.WaitGroup
}

// Start starts a child and adds it.
func (g *Group) Start(spec Spec) (*Child, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopping {
		return nil, errStopping
	}
	child, err := Start(spec)
	if err == nil {
		g.children = append(g.children, child)
	}
	return child, err
}

// Forget takes a child that has ended out of the group.
func (g *Group) Forget(child *Child) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.children = slices.DeleteFunc(g.children, func(other *Child) bool { return other == child })
}

// All are the children.
func (g *Group) All() []*Child {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.children)
}

// Pids are the process ids of the children by their names.
func (g *Group) Pids() map[string]int {
	pids := map[string]int{}
	for _, child := range g.All() {
		pids[child.Name()] = child.Pid()
	}
	return pids
}

// Keep starts every child again that ends from now on until the group is stopped, with the same arguments, and calls told
// with a sentence after that, or when that fails.
func (g *Group) Keep(told func(sentence string)) {
	for _, child := range g.All() {
		g.keepers.Go(func() { g.keep(child, told) })
	}
}

// keep keeps one child.
func (g *Group) keep(child *Child, told func(sentence string)) {
	for {
		how := child.How()
		pause := time.NewTimer(between) // A program that ends at once must not take the machine.
		<-pause.C
		next, err := g.replace(child)
		switch {
		case errors.Is(err, errStopping):
			return
		case err != nil:
			told(fmt.Sprintf("%s ended (%s) and does not start again: %v", child.Name(), how, err))
		default:
			child = next
			told(fmt.Sprintf("%s ended (%s) and was started again", child.Name(), how))
		}
	}
}

// replace starts a child that has ended again, in its place. Its log goes on.
func (g *Group) replace(child *Child) (*Child, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopping {
		return nil, errStopping
	}
	spec := child.spec
	spec.Continue = true
	next, err := Start(spec)
	if err == nil {
		g.children[slices.Index(g.children, child)] = next
	}
	return next, err
}

// Stop ends the children, the last started first, each with a time to end by itself, and starts none from then on.
func (g *Group) Stop(grace time.Duration) {
	for _, child := range slices.Backward(g.close()) {
		child.Stop(grace)
	}
	g.keepers.Wait()
}

// Kill ends the children at once. It may be called while Stop is under way.
func (g *Group) Kill() {
	for _, child := range g.close() {
		child.Kill()
	}
}

// close lets nothing more start and returns the children.
func (g *Group) close() []*Child {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stopping = true
	return slices.Clone(g.children)
}
