package judge

import "math"

// Wilson returns the score interval for the share of bad ones when f of n are bad, z standard deviations wide on either side:
// 0 to 1 where nothing was seen.
func Wilson(f, n, z float64) (lower, upper float64) {
	if !(n > 0) {
		return 0, 1
	}
	share, zz := f/n, z*z/n
	middle := (share + zz/2) / (1 + zz)
	half := z / (1 + zz) * math.Sqrt(max(0, share*(1-share)/n)+zz/(4*n))
	return max(0, middle-half), min(1, middle+half)
}

// Dispersion returns how much more the failures of windows with n requests each vary than independent requests would (Pearson's
// dispersion): 1 where fewer than 5 failed in all or where it is within what chance does, 10 at most. It is what Config.Phi
// should be; 40 windows or more of stable, from before the rollout, make it worth something.
func Dispersion(failures []float64, n float64) float64 {
	windows, total := float64(len(failures)), 0.0
	for _, f := range failures {
		total += f
	}
	share := total / (windows * n)
	if windows < 2 || !(total >= 5) || !(share > 0 && share < 1) {
		return 1
	}
	squares := 0.0
	for _, f := range failures {
		squares += (f - n*share) * (f - n*share)
	}
	phi := squares / (n * share * (1 - share)) / (windows - 1)
	if !(phi >= 1+2*math.Sqrt(2/(windows-1))) {
		return 1
	}
	return min(10, phi)
}
