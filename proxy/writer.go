package proxy

import (
	"context"

	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
	discoveryapply "k8s.io/client-go/applyconfigurations/discovery/v1"
	metaapply "k8s.io/client-go/applyconfigurations/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// clusterSlices writes EndpointSlices to the API server.
type clusterSlices struct {
	client client.Client
}

// Apply implements sliceWriter by server-side apply. The slice is this proxy's alone, so conflicts are overruled.
func (c clusterSlices) Apply(ctx context.Context, slice *discoveryv1.EndpointSlice) error {
	return c.client.Apply(ctx, applyOf(slice), client.FieldOwner(sliceFieldManager), client.ForceOwnership)
}

// Delete implements sliceWriter.
func (c clusterSlices) Delete(ctx context.Context, seen *discoveryv1.EndpointSlice) error {
	var conditions client.Preconditions
	if seen.UID != "" {
		conditions.UID = &seen.UID
	}
	if seen.ResourceVersion != "" {
		conditions.ResourceVersion = &seen.ResourceVersion
	}
	err := c.client.Delete(ctx, &discoveryv1.EndpointSlice{ObjectMeta: seen.ObjectMeta}, conditions)
	if apierrors.IsConflict(err) {
		return nil
	}
	return client.IgnoreNotFound(err)
}

// applyOf says the same as a slice that sliceFor made.
func applyOf(slice *discoveryv1.EndpointSlice) *discoveryapply.EndpointSliceApplyConfiguration {
	apply := discoveryapply.EndpointSlice(slice.Name, slice.Namespace).
		WithLabels(slice.Labels).
		WithAddressType(slice.AddressType)
	for _, owner := range slice.OwnerReferences {
		apply.WithOwnerReferences(metaapply.OwnerReference().
			WithAPIVersion(owner.APIVersion).WithKind(owner.Kind).WithName(owner.Name).WithUID(owner.UID))
	}
	for i := range slice.Endpoints {
		e := &slice.Endpoints[i]
		endpoint := discoveryapply.Endpoint().
			WithAddresses(e.Addresses...).
			WithConditions(discoveryapply.EndpointConditions().
				WithReady(*e.Conditions.Ready).WithServing(*e.Conditions.Serving).WithTerminating(*e.Conditions.Terminating)).
			WithTargetRef(coreapply.ObjectReference().
				WithKind(e.TargetRef.Kind).WithNamespace(e.TargetRef.Namespace).WithName(e.TargetRef.Name))
		endpoint.NodeName = e.NodeName
		apply.WithEndpoints(endpoint)
	}
	for _, p := range slice.Ports {
		port := discoveryapply.EndpointPort().WithName(*p.Name).WithPort(*p.Port).WithProtocol(*p.Protocol)
		port.AppProtocol = p.AppProtocol
		apply.WithPorts(port)
	}
	return apply
}
