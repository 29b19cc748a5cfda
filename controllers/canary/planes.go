package canary

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// The CRDs, and the Service of the bundled proxies, whose coming and going changes which data planes there are.
const (
	crdHTTPRoutes = "httproutes.gateway.networking.k8s.io"
	crdGRPCRoutes = "grpcroutes.gateway.networking.k8s.io"
	proxyService  = "serin-proxy"
)

var (
	crdKind       = schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}
	namespaceKind = corev1.SchemeGroupVersion.WithKind("Namespace")
)

// metadataOf is the metadata of an object of a kind that is not known better.
func metadataOf(kind schema.GroupVersionKind) *metav1.PartialObjectMetadata {
	m := &metav1.PartialObjectMetadata{}
	m.SetGroupVersionKind(kind)
	return m
}

// observePlanes finds out which data planes there are. The caches answer all of it, but for a CRD of TrafficSplits that changed.
func (r *Reconciler) observePlanes(ctx context.Context, canary *v1alpha1.Canary, w *world) error {
	there := &w.seen.Planes
	splits, err := r.metadata(ctx, crdKind, crdSplits)
	if err != nil {
		return err
	}
	if w.splits, err = r.Splits.in(ctx, splits.ResourceVersion); err != nil {
		return err
	}
	there.Splits = w.splits != ""
	for name, served := range map[string]*bool{crdHTTPRoutes: &there.HTTPRoutes, crdGRPCRoutes: &there.GRPCRoutes} {
		crd, err := r.metadata(ctx, crdKind, name)
		if err != nil {
			return err
		}
		*served = crd.Name != "" && crd.DeletionTimestamp.IsZero()
	}
	namespace, err := r.metadata(ctx, namespaceKind, canary.Namespace)
	if err != nil {
		return err
	}
	pod := podMarks(w.target)
	there.Mesh, there.MeshMark = meshOf(marksOf(namespace), pod)
	if there.SMI, there.SMIMark, err = r.smi(ctx, splits, marksOf(namespace), pod); err != nil {
		return err
	}
	err = r.Client.Get(ctx, types.NamespacedName{Namespace: r.Namespace, Name: proxyService}, &corev1.Service{}, client.UnsafeDisableDeepCopy)
	there.Proxy = err == nil
	return client.IgnoreNotFound(err)
}

// metadata reads an object without a namespace; one without a name means that there is none.
func (r *Reconciler) metadata(ctx context.Context, kind schema.GroupVersionKind, name string) (*metav1.PartialObjectMetadata, error) {
	m := metadataOf(kind)
	if err := r.Client.Get(ctx, client.ObjectKey{Name: name}, m); err != nil {
		return metadataOf(kind), client.IgnoreNotFound(err)
	}
	return m, nil
}

// marks are the labels and annotations of a namespace or a pod template.
type marks struct {
	of                  string
	labels, annotations map[string]string
}

func marksOf(namespace *metav1.PartialObjectMetadata) marks {
	return marks{"namespace", namespace.Labels, namespace.Annotations}
}

func podMarks(target *appsv1.Deployment) marks {
	if target == nil {
		return marks{}
	}
	return marks{"pod template", target.Spec.Template.Labels, target.Spec.Template.Annotations}
}

// meshOf says which mesh takes pods in, and by which mark that is known. A pod's own mark goes before its namespace's.
func meshOf(namespace, pod marks) (mesh, mark string) {
	if pod.labels["sidecar.istio.io/inject"] != "false" && pod.annotations["sidecar.istio.io/inject"] != "false" {
		switch {
		case pod.labels["sidecar.istio.io/inject"] == "true":
			return "Istio", pod.label("sidecar.istio.io/inject")
		case namespace.labels["istio-injection"] == "enabled":
			return "Istio", namespace.label("istio-injection")
		case namespace.labels["istio.io/rev"] != "" && namespace.labels["istio-injection"] != "disabled":
			return "Istio", namespace.label("istio.io/rev")
		}
	}
	for _, way := range ways {
		for _, m := range []marks{pod, namespace} {
			value := way.in(m)[way.key]
			if slices.Contains(way.yes, value) {
				return way.mesh, fmt.Sprintf("%s %s %s=%s", m.of, way.what, way.key, value)
			}
			if value != "" {
				break // it says no
			}
		}
	}
	return "", ""
}

// ways are the marks that a namespace and a pod template share.
var ways = []struct {
	mesh, what, key string
	yes             []string
	in              func(marks) map[string]string
}{
	{"Istio", "label", "istio.io/dataplane-mode", []string{"ambient"}, labelsOf},
	{"Linkerd", "annotation", "linkerd.io/inject", []string{"enabled", "ingress"}, annotationsOf},
	{"Kuma", "label", "kuma.io/sidecar-injection", []string{"enabled", "true"}, labelsOf},
}

func labelsOf(m marks) map[string]string      { return m.labels }
func annotationsOf(m marks) map[string]string { return m.annotations }

// smi says which mesh reads TrafficSplits by itself. Serin's own CRD says nothing of that, and neither does a mesh's CRD alone:
// it outlives its mesh, so the namespace must be in that mesh, or the adaptor's own namespace there.
func (r *Reconciler) smi(ctx context.Context, crd *metav1.PartialObjectMetadata, namespace, pod marks) (mesh, mark string, err error) {
	if crd.Name == "" {
		return "", "", nil
	}
	adaptor, err := r.metadata(ctx, namespaceKind, analysis.LinkerdSMI)
	if err != nil {
		return "", "", err
	}
	if linkerd, at := meshOf(marks{}, marks{}.linkerd(namespace, pod)); linkerd != "" && adaptor.Name != "" {
		return analysis.LinkerdSMI, fmt.Sprintf("namespace %s is there, and %s", adaptor.Name, at), nil
	}
	if crd.Labels["app.kubernetes.io/part-of"] == "serin" {
		return "", "", nil
	}
	mesh, mark = smiOf(namespace, pod)
	return mesh, mark, nil
}

// linkerd leaves of two places' marks those that Linkerd reads, a pod's before its namespace's.
func (marks) linkerd(namespace, pod marks) marks {
	const inject = "linkerd.io/inject"
	if pod.annotations[inject] != "" {
		return marks{pod.of, nil, map[string]string{inject: pod.annotations[inject]}}
	}
	return marks{namespace.of, nil, map[string]string{inject: namespace.annotations[inject]}}
}

// smiOf says which of the meshes that read TrafficSplits takes pods in, other than Linkerd.
func smiOf(namespace, pod marks) (mesh, mark string) {
	const osm, nsm, traefik = "openservicemesh.io/monitored-by", "injector.nsm.nginx.com/auto-inject", "mesh.traefik.io/traffic-type"
	switch {
	case namespace.labels[osm] != "":
		return "OSM", namespace.label(osm)
	case pod.labels[nsm] == "true" || pod.annotations[nsm] == "true":
		return "NGINX Service Mesh", "pod template: " + nsm + "=true"
	case namespace.labels[nsm] == "enabled" || namespace.labels[nsm] == "true":
		return "NGINX Service Mesh", namespace.label(nsm)
	case namespace.annotations[traefik] != "":
		return "Traefik Mesh", namespace.annotation(traefik)
	default:
		return "", ""
	}
}

func (m marks) label(key string) string {
	return fmt.Sprintf("%s label %s=%s", m.of, key, m.labels[key])
}

func (m marks) annotation(key string) string {
	return fmt.Sprintf("%s annotation %s=%s", m.of, key, m.annotations[key])
}

// observeSplit reads the TrafficSplit, and what a bridge says about it.
func (r *Reconciler) observeSplit(ctx context.Context, canary *v1alpha1.Canary, w *world) error {
	if w.splits == "" {
		return nil
	}
	found, err := readSplit(ctx, r.reader(canary, r.Splits.Cache), w.splits, key(canary, canary.Name))
	if err != nil || found == nil {
		return err
	}
	w.split = found
	traffic := &w.seen.Traffic
	traffic.Written = true
	if !ownedBy(found, canary) {
		return nil
	}
	request, err := found.RouteRequest()
	switch {
	case found.Labels[v1alpha1.LabelDataPlane] == v1alpha1.DataPlaneProxy:
		traffic.Plane = v1alpha1.ProviderProxy
	case request != nil || err != nil:
		traffic.Plane = v1alpha1.ProviderGateway
	default:
		traffic.Plane = v1alpha1.ProviderSplit
	}
	if request != nil {
		traffic.Gateways = gateways(request)
	}
	if landing := found.Landing(); landing != nil {
		traffic.Message = landing.Message
	}
	return nil
}

// gateways are the Gateways of a request for a route.
func gateways(request *split.RouteRequest) []string {
	var names []string
	for _, p := range request.ParentRefs {
		if p.Kind != "Service" {
			names = append(names, fmt.Sprintf("%q", p.Name))
		}
	}
	return names
}

// routed is what a bridge says it applies, nil unless it speaks of the split as it is.
func routed(canary *v1alpha1.Canary, w *world) map[string]int64 {
	if w.split == nil || !ownedBy(w.split, canary) {
		return nil
	}
	landing := w.split.Landing()
	if landing == nil || len(landing.Weights) == 0 {
		return nil
	}
	landed := map[string]int64{}
	for service, weight := range landing.Weights {
		landed[strings.TrimPrefix(service, apexName(canary)+"-")] = weight
	}
	return landed
}

// ofPlane finds the Canaries that the coming or going of a data plane may matter to: all of them.
func (r *Reconciler) ofPlane(ctx context.Context, object client.Object) []reconcile.Request {
	switch object.GetName() {
	case crdSplits, crdHTTPRoutes, crdGRPCRoutes, proxyService:
		return r.every(ctx)
	default:
		return nil
	}
}

// ofNamespace finds the Canaries of a namespace, whose marks may have changed, and all of them for that of an adaptor.
func (r *Reconciler) ofNamespace(ctx context.Context, object client.Object) []reconcile.Request {
	if object.GetName() == analysis.LinkerdSMI {
		return r.every(ctx)
	}
	return r.every(ctx, client.InNamespace(object.GetName()))
}

// every finds all Canaries, or those of a namespace.
func (r *Reconciler) every(ctx context.Context, options ...client.ListOption) []reconcile.Request {
	list := &v1alpha1.CanaryList{}
	if err := r.Client.List(ctx, list, append(options, client.UnsafeDisableDeepCopy)...); err != nil {
		return nil
	}
	var requests []reconcile.Request
	for i := range list.Items {
		requests = append(requests, request(list.Items[i].Namespace, list.Items[i].Name)...)
	}
	return requests
}
