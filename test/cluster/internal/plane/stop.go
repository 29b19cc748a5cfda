//go:build unix

package plane

import "time"

// grace is the time a program has to end by itself.
const grace = 5 * time.Second

// Stop ends the programs, the last started first, and deletes the folder if it is its own.
func (p *Plane) Stop() error {
	if p.client != nil {
		p.client.close()
	}
	p.group.Stop(grace)
	if p.scratch == nil {
		return nil
	}
	return p.scratch.Remove()
}

// Kill ends the programs at once. It may be called while Stop is under way.
func (p *Plane) Kill() { p.group.Kill() }
