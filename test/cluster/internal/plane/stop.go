//go:build unix

package plane

import (
	"slices"
	"time"
)

// grace is the time a program has to end by itself.
const grace = 5 * time.Second

// Stop ends the programs, the last started first, and deletes the folder.
func (p *Plane) Stop() error {
	if p.client != nil {
		p.client.close()
	}
	for _, child := range slices.Backward(p.children) {
		child.Stop(grace)
	}
	return p.scratch.Remove()
}

// Kill ends the programs at once. It may be called while Stop is under way.
func (p *Plane) Kill() {
	for _, child := range p.children {
		child.Kill()
	}
}
