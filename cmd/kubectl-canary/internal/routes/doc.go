// Package routes writes the HTTPRouteGroup of an API description: OpenAPI 2 or 3, or Protocol Buffers.
//
// In: the text of a description. Out: a specs.HTTPRouteGroup with one match for each path or method of a service, sorted, which policy
// accepts and which meets the described requests alone. It must not open files, follow references out of the text, or print.
package routes
