package window

import "time"

// Series names one line of a proxy's bookkeeping: which workload called which backend of which split.
type Series struct {
	// Namespace, Split and Apex name the split and the Service that was called; the backend lies in the same namespace.
	Namespace, Split, Apex string
	// Backend, Workload and Pod are the backend Service, and the workload and pod behind it that served the request.
	Backend, Workload, Pod string
	// CallerNamespace, CallerWorkload and CallerPod name the caller; all empty when the proxy could not tell.
	CallerNamespace, CallerWorkload, CallerPod string
}

// Backend names one backend of one split.
type Backend struct {
	Namespace, Split, Apex, Backend string
}

// Latency is a histogram of durations.
type Latency struct {
	// Bounds are the upper bounds of the buckets, ascending, without the last one, which is infinite.
	Bounds []time.Duration
	// Counts are the requests in each bucket, not cumulative; one longer than Bounds, or empty when nothing is known.
	Counts []uint64
}

// Counts are numbers of requests and how long they took.
type Counts struct {
	// Success and Failure are numbers of requests.
	Success, Failure uint64
	// Latency is how long the requests took, successes and failures together.
	Latency Latency
}

// Snapshot is what one proxy said at one tick: everything it counted since its process started.
type Snapshot struct {
	// Started is when the process started, zero if the proxy does not say.
	Started time.Time
	// Series are the cumulative numbers.
	Series map[Series]Counts
	// Weights are the weights the proxy applies now; any unit, only their ratio means something.
	Weights map[Backend]int64
}

// Sighting is one known proxy in one round.
type Sighting struct {
	// Proxy identifies the proxy: a pod, not an address that another pod may get.
	Proxy string
	// Ready says that the proxy may be given traffic.
	Ready bool
	// Snapshot is nil if the proxy did not answer or its answer was refused; Reason then says why, for people.
	Snapshot *Snapshot
	Reason   string
}

// Round is everything that was seen at one tick.
type Round struct {
	// At is the tick: a multiple of the scrape interval since the epoch.
	At time.Time
	// Sightings has one entry per known proxy.
	Sightings []Sighting
}
