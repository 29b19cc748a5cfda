package v1alpha1

// Labels and annotations that Serin's parts meet by.
const (
	// FieldManager is the one field manager of everything Serin writes.
	FieldManager = "serin"

	// LabelManagedBy is "serin" on everything Serin makes.
	LabelManagedBy = "app.kubernetes.io/managed-by"
	// ManagedBy is the value of LabelManagedBy.
	ManagedBy = "serin"
	// LabelCanary is the name of the Canary an object belongs to.
	LabelCanary = "serin.dev/canary"
	// LabelVersion is the version (v1, v2, ...) an object belongs to.
	LabelVersion = "serin.dev/version"
	// LabelUserVersion repeats the version on pods under the name that people and meshes expect.
	LabelUserVersion = "version"

	// LabelDataPlane on a TrafficSplit says which data plane carries it out; DataPlaneProxy is the bundled proxy.
	LabelDataPlane = "serin.dev/data-plane"
	// DataPlaneProxy is the value of LabelDataPlane for the bundled proxy.
	DataPlaneProxy = "proxy"
	// AnnotationAccessMode on a TrafficSplit is the access mode of its Canary: Off, Audit or Enforce. Absent means Off.
	AnnotationAccessMode = "serin.dev/access-mode"

	// EndpointSliceManager is the managed-by value (label endpointslice.kubernetes.io/managed-by) of the EndpointSlices with
	// which a bundled proxy leads an apex to itself.
	EndpointSliceManager = "proxy.serin.dev"
	// SelectorProxied is the only key in the selector of an apex that leads to the bundled proxy. No pod carries it: the
	// apex's endpoints are the proxies' own EndpointSlices.
	SelectorProxied = "serin.dev/endpoints-by"

	// AnnotationMirrorOf on a TrafficTarget that Serin made for a candidate names the one that it was copied from.
	AnnotationMirrorOf = "serin.dev/mirror-of"
	// AnnotationSelector on an apex that was taken over keeps the selector it had, as JSON, to put it back.
	AnnotationSelector = "serin.dev/original-selector"
	// AnnotationCommand on a Canary carries one command of a person, as JSON.
	AnnotationCommand = "serin.dev/command"

	// Finalizer keeps a Canary until its target serves again.
	Finalizer = "serin.dev/restore-target"
)
