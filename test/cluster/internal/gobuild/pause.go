//go:build unix

package gobuild

import "context"

// Pause is the name of the program that holds a pod's namespaces. It is no module's but of this one, test/cluster.
const Pause = "pause"

// BuildPause builds that program, which takes a moment.
func (b *Builder) BuildPause(ctx context.Context, path string) error {
	return b.build(ctx, Pause, recipe{module: "..", pkg: "./pause"}, path)
}
