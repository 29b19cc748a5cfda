package split

import (
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/serin-dev/serin/api/smi/internal/wire"
)

const (
	// maxWeight is the largest weight, the Gateway API's own bound.
	maxWeight = 1_000_000
	// milli is how many thousandths a whole weight has; v1alpha1 weights count in thousandths.
	milli = 1000
)

// weigh reads the backends and makes their weights whole numbers. Weights that are whole already stay as they are written,
// in whatever unit (2, "2" and "2000m" are all 2). As soon as one has a fraction, all are counted in thousandths and divided
// by their greatest common divisor, so that the proportions are exactly the published ones: 1 and 500m become 2 and 1.
func weigh(list wire.Value) []Backend {
	backends := wire.Keep(list, readBackend)
	// A weight that was not read could have been anything, so only a list that was read whole is judged as one.
	if len(backends) == len(list.Items()) {
		judgeSum(list, backends)
	}
	unit := wholeUnit(backends)
	for i := range backends {
		backends[i].Weight /= unit
		if whole := backends[i].Weight; whole > maxWeight {
			list.Fault("needs a weight of %d to keep its proportions in whole numbers; the largest is %d", whole, maxWeight)
		}
	}
	return backends
}

// judgeSum refuses backends that would share nothing.
func judgeSum(list wire.Value, backends []Backend) {
	if len(backends) == 0 {
		list.Fault("is empty; a split needs a backend")
		return
	}
	for _, backend := range backends {
		if backend.Weight > 0 {
			return
		}
	}
	list.Fault("has no weight above 0, so no backend would get a request")
}

// wholeUnit returns how many thousandths one unit of the hub's weights stands for.
func wholeUnit(backends []Backend) int64 {
	var divisor int64
	whole := true
	for _, backend := range backends {
		divisor = greatestCommonDivisor(divisor, backend.Weight)
		whole = whole && backend.Weight%milli == 0
	}
	if whole {
		return milli
	}
	return divisor
}

// readBackend returns a backend whose weight is in thousandths.
func readBackend(v wire.Value) Backend {
	return Backend{Service: v.Field("service").RequiredText(), Weight: readMilli(v.Field("weight"))}
}

func readMilli(v wire.Value) int64 {
	quantity, understood := v.Quantity()
	if !understood {
		return 0
	}
	if quantity.Sign() < 0 || quantity.CmpInt64(maxWeight) > 0 {
		v.Fault("is %s; a weight is a number from 0 to %d", quantity.String(), maxWeight)
		return 0
	}
	thousandths := quantity.MilliValue()
	if quantity.Cmp(*resource.NewMilliQuantity(thousandths, resource.DecimalSI)) != 0 {
		v.Fault("is %s; a weight counts in thousandths at the finest", quantity.String())
	}
	return thousandths
}

// greatestCommonDivisor returns the other number when one is 0, so that weights of 0 do not count.
func greatestCommonDivisor(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
