package proxy

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// sliceFieldManager is the field manager of the EndpointSlices.
const sliceFieldManager = "serin-proxy"

// self is the pod of this proxy, as it is written into EndpointSlices.
type self struct {
	pod     types.NamespacedName
	address netip.Addr
	// node is the name of the node, empty while it is not known.
	node string
}

// suffix is what the names of this pod's EndpointSlices end with.
func (s self) suffix() string {
	sum := sha256.Sum256([]byte(s.pod.String()))
	return "-serin-" + hex.EncodeToString(sum[:5])
}

func (s self) sliceName(apexName string) string {
	return apexName + s.suffix()
}

// standing is what an EndpointSlice says of this proxy.
type standing string

const (
	// standingReady takes new connections.
	standingReady standing = "Ready"
	// standingLeaving still serves, for clients that have no other proxy to go to.
	standingLeaving standing = "Leaving"
)

// slicesFor are the EndpointSlices that lead the apexes of a table to the ports that are up.
func slicesFor(me self, t *table, adverts map[types.NamespacedName][]advert, as standing) []*discoveryv1.EndpointSlice {
	var wanted []*discoveryv1.EndpointSlice
	for name, ports := range adverts {
		if a := t.apexes[name]; a != nil {
			wanted = append(wanted, sliceFor(me, a, ports, as))
		}
	}
	slices.SortFunc(wanted, func(a, b *discoveryv1.EndpointSlice) int {
		return cmp.Compare(nameOf(a).String(), nameOf(b).String())
	})
	return wanted
}

func sliceFor(me self, a *apex, ports []advert, as standing) *discoveryv1.EndpointSlice {
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: a.Namespace,
			Name:      me.sliceName(a.Name),
			Labels: map[string]string{
				discoveryv1.LabelServiceName: a.Name,
				discoveryv1.LabelManagedBy:   v1alpha1.EndpointSliceManager,
				v1alpha1.LabelManagedBy:      v1alpha1.ManagedBy,
			},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: a.splitAPIVersion,
				Kind:       "TrafficSplit",
				Name:       a.split.Name,
				UID:        a.splitUID,
			}},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints: []discoveryv1.Endpoint{{
			Addresses: []string{me.address.String()},
			Conditions: discoveryv1.EndpointConditions{
				Ready:       ptr.To(as == standingReady),
				Serving:     ptr.To(true),
				Terminating: ptr.To(as == standingLeaving),
			},
			TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: me.pod.Namespace, Name: me.pod.Name},
		}},
	}
	if me.address.Is6() {
		slice.AddressType = discoveryv1.AddressTypeIPv6
	}
	if me.node != "" {
		slice.Endpoints[0].NodeName = ptr.To(me.node)
	}
	if a.canary != "" {
		slice.Labels[v1alpha1.LabelCanary] = a.canary
	}
	for _, port := range ports {
		published := discoveryv1.EndpointPort{
			Name: ptr.To(port.name), Port: ptr.To(int32(port.listens)), Protocol: ptr.To(corev1.ProtocolTCP),
		}
		if port.appProtocol != "" {
			published.AppProtocol = ptr.To(port.appProtocol)
		}
		slice.Ports = append(slice.Ports, published)
	}
	return slice
}

// isOurs reports whether a proxy, this or another one, made an EndpointSlice.
func isOurs(slice *discoveryv1.EndpointSlice) bool {
	return slice.Labels[discoveryv1.LabelManagedBy] == v1alpha1.EndpointSliceManager
}

// says reports whether an EndpointSlice as stored says all that another one should.
func says(stored, wanted *discoveryv1.EndpointSlice) bool {
	for key, value := range wanted.Labels {
		if stored.Labels[key] != value {
			return false
		}
	}
	return stored.AddressType == wanted.AddressType &&
		apiequality.Semantic.DeepEqual(stored.OwnerReferences, wanted.OwnerReferences) &&
		apiequality.Semantic.DeepEqual(stored.Endpoints, wanted.Endpoints) &&
		apiequality.Semantic.DeepEqual(stored.Ports, wanted.Ports)
}

// sliceWriter writes EndpointSlices.
type sliceWriter interface {
	Apply(ctx context.Context, slice *discoveryv1.EndpointSlice) error
	// Delete deletes a slice, if it still has the UID and the resource version that are given, if any. One that has not, or is
	// gone, is no error.
	Delete(ctx context.Context, seen *discoveryv1.EndpointSlice) error
}

// publisher makes the stored EndpointSlices say what they should, and writes only what does not.
type publisher struct {
	me     self
	writer sliceWriter
	// written are this pod's slices as they were last written, with the version that was seen before: until another one is
	// seen, the write is on its way back.
	written map[types.NamespacedName]writing
}

type writing struct {
	slice  *discoveryv1.EndpointSlice
	before string
	at     time.Time
}

// writeReturns is how long a write may take to be seen before it is taken for undone.
const writeReturns = 5 * time.Second

func newPublisher(me self, writer sliceWriter) *publisher {
	return &publisher{me: me, writer: writer, written: map[types.NamespacedName]writing{}}
}

// publish writes the wanted slices that the stored ones differ from, and deletes this pod's others.
func (p *publisher) publish(ctx context.Context, wanted, stored []*discoveryv1.EndpointSlice) error {
	seen := map[types.NamespacedName]*discoveryv1.EndpointSlice{}
	for _, slice := range stored {
		seen[nameOf(slice)] = slice
	}
	var problems []error
	keep := map[types.NamespacedName]bool{}
	for _, slice := range wanted {
		keep[nameOf(slice)] = true
		problems = append(problems, p.put(ctx, slice, seen[nameOf(slice)]))
	}
	for name, last := range p.written { // what the watch has not brought back yet
		if seen[name] == nil {
			seen[name] = last.slice
		}
	}
	for name, slice := range seen {
		if !keep[name] && p.isMine(slice) {
			problems = append(problems, p.remove(ctx, slice))
		}
	}
	return errors.Join(problems...)
}

// put writes one slice unless it is stored like that, or was just written like that.
func (p *publisher) put(ctx context.Context, slice, stored *discoveryv1.EndpointSlice) error {
	name, version := nameOf(slice), ""
	if stored != nil {
		version = stored.ResourceVersion
		switch {
		case !isOurs(stored):
			return fmt.Errorf("EndpointSlice %s belongs to %q", name, stored.Labels[discoveryv1.LabelManagedBy])
		case says(stored, slice):
			delete(p.written, name)
			return nil
		}
	}
	if last, ok := p.written[name]; ok && last.before == version && says(last.slice, slice) && time.Since(last.at) < writeReturns {
		return nil
	}
	if stored != nil && stored.AddressType != slice.AddressType {
		// The address type of a slice cannot be changed.
		return errors.Join(p.remove(ctx, stored), fmt.Errorf("EndpointSlice %s is being replaced", name))
	}
	if err := p.writer.Apply(ctx, slice); err != nil {
		return fmt.Errorf("writing EndpointSlice %s: %w", name, err)
	}
	p.written[name] = writing{slice: slice, before: version, at: time.Now()}
	return nil
}

// remove deletes a slice of this pod, whatever it says by now.
func (p *publisher) remove(ctx context.Context, slice *discoveryv1.EndpointSlice) error {
	latest := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: slice.Namespace, Name: slice.Name, UID: slice.UID}}
	if err := p.writer.Delete(ctx, latest); err != nil {
		return fmt.Errorf("deleting EndpointSlice %s: %w", nameOf(slice), err)
	}
	delete(p.written, nameOf(slice))
	return nil
}

// isMine reports whether a slice is of this pod.
func (p *publisher) isMine(slice *discoveryv1.EndpointSlice) bool {
	return isOurs(slice) && strings.HasSuffix(slice.Name, p.me.suffix())
}
