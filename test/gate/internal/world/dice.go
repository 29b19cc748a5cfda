package world

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"
)

// dice draws from distributions.
type dice struct{ source rand.Source }

// poisson draws how many independent events happen where so many are expected.
func (d dice) poisson(expected float64) float64 {
	if !(expected > 0) {
		return 0
	}
	return distuv.Poisson{Lambda: expected, Src: d.source}.Rand()
}

// binomial draws how many of n are bad, each with probability p.
func (d dice) binomial(n, p float64) float64 {
	if !(n > 0 && p > 0) {
		return 0
	}
	return distuv.Binomial{N: n, P: min(1, p), Src: d.source}.Rand()
}

// ranked draws the number at a rank, from 1, of n sorted numbers that are uniform between 0 and 1.
func (d dice) ranked(rank, n float64) float64 {
	return distuv.Beta{Alpha: rank, Beta: n - rank + 1, Src: d.source}.Rand()
}

// below draws the number at a rank divided by the one at a rank above it, or at the same.
func (d dice) below(rank, above float64) float64 {
	if rank == above {
		return 1
	}
	return d.ranked(rank, above-1)
}
