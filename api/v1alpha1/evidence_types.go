package v1alpha1

// EvidenceStatus is what the Evidence judge remembers: computing it again from the windows gives the same numbers.
type EvidenceStatus struct {
	// Weight is the weight of the step that the newest window belongs to.
	// +optional
	Weight int32 `json:"weight,omitempty"`
	// Windows is the number of windows judged at that step, Judged of the whole rollout.
	// +optional
	Windows int32 `json:"windows,omitempty"`
	// +optional
	Judged int32 `json:"judged,omitempty"`
	// Odds is the evidence against the candidate, all checks together: 312:1.
	// +optional
	Odds string `json:"odds,omitempty"`
	// Degraded says that stable itself broke a limit in the newest windows, so that the candidate is held to what stable does.
	// +optional
	Degraded bool `json:"degraded,omitempty"`
	// Checks are the exact numbers of each check, for the judge alone.
	// +optional
	// +listType=map
	// +listMapKey=name
	Checks []EvidenceMemory `json:"checks,omitempty"`
	// Recent are the last 10 windows, the newest last. `kubectl canary record` writes them down.
	// +optional
	// +kubebuilder:validation:MaxItems=10
	// +listType=atomic
	Recent []WindowRecord `json:"recent,omitempty"`
}

// EvidenceMemory is what the judge remembers of a check.
type EvidenceMemory struct {
	// Name of the check.
	Name string `json:"name"`
	// Memory is the judge's own text.
	Memory string `json:"memory"`
}

// WindowRecord is one window that was judged.
type WindowRecord struct {
	// EndedAt is the end of the window, Window its length.
	EndedAt *Time `json:"endedAt"`
	// +optional
	Window Duration `json:"window,omitzero"`
	// Weight is the candidate's weight in percent, Next the one after the step.
	Weight int32 `json:"weight"`
	Next   int32 `json:"next"`
	// Candidate and Stable are what the two versions did.
	Candidate WindowCounts `json:"candidate"`
	Stable    WindowCounts `json:"stable"`
	// Checks are what the checks of spec.analysis.checks observed.
	// +optional
	// +listType=map
	// +listMapKey=name
	Checks []RecordedCheck `json:"checks,omitempty"`
}

// WindowCounts is what one version did in a window. Counts are decimal strings, because some servers give fractions.
type WindowCounts struct {
	// Requests is the number of requests, Failures how many of them failed.
	// +optional
	Requests string `json:"requests,omitempty"`
	// +optional
	Failures string `json:"failures,omitempty"`
	// Slow is how many were slower than the limit; absent where that was not counted.
	// +optional
	Slow string `json:"slow,omitempty"`
	// P50, P90 and P99 are quantiles in seconds, recorded where slow was not counted.
	// +optional
	P50 string `json:"p50,omitempty"`
	// +optional
	P90 string `json:"p90,omitempty"`
	// +optional
	P99 string `json:"p99,omitempty"`
}

// RecordedCheck is what a check of spec.analysis.checks observed in a window.
type RecordedCheck struct {
	// Name of the check.
	Name string `json:"name"`
	// Candidate and Stable are what was observed of the two versions; absent where nothing was.
	// +optional
	Candidate *RecordedShare `json:"candidate,omitempty"`
	// +optional
	Stable *RecordedShare `json:"stable,omitempty"`
}

// RecordedShare is a number of bad ones among all, as decimal strings. A gauge has one look per window.
type RecordedShare struct {
	Bad   string `json:"bad"`
	Total string `json:"total"`
}
