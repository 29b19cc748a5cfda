// Package outbound is what webhooks and queries have in common: requests to addresses that the spec of a Canary names.
//
// In: the data of a Secret, the error of a request, the text of a service. Out: headers; what of a text may be shown to
// everybody who may read the Canary, in one line. It must not send anything, or know what for.
package outbound
