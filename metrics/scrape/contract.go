package scrape

// The series a proxy states. Names and labels are a contract with package proxy.
const (
	requestsTotal   = "serin_proxy_requests_total"
	requestDuration = "serin_proxy_request_duration_seconds"
	backendWeight   = "serin_proxy_backend_weight"
	// processStart is stated by every Go program that registers Prometheus's process collector.
	processStart = "process_start_time_seconds"

	outcomeSuccess = "success"
	outcomeFailure = "failure"

	// adminPort names the port with the paths below in the EndpointSlices.
	adminPort = "admin"
	// tickPath answers what metricsPath answers, but all who ask for one tick get the same. Its parameter tickParameter is the
	// tick in the form of RFC 3339.
	tickPath      = "/metrics/tick"
	tickParameter = "at"
	// metricsPath is what a proxy of a version before tickPath has.
	metricsPath = "/metrics"
)
