// Package rollout leads rollouts through a world: it asks a judge after each window, and follows it.
//
// In: a Judge, the weights of the way (Plan), a world and a source of random numbers. Out: an Outcome. Beside the judge that is
// measured it has the simple ones that it is compared with. It must not know what any result is held to.
package rollout
