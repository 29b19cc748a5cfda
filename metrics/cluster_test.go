package metrics

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/serin-dev/serin/api/smi/split"
)

// fakeCluster is as much of an API server as the TrafficMetrics server talks to, with objects that never change. The token
// "jane" is a user who may do everything, "joe" one who may do nothing.
type fakeCluster struct {
	lists map[string]runtime.Object
	ca    []byte
}

const (
	splitsGroup = "/apis/split.smi-spec.io"
	splitsPath  = splitsGroup + "/v1alpha4/trafficsplits"
)

func newFakeCluster(t *testing.T, endpoints ...string) *rest.Config {
	t.Helper()
	return fakeClusterOf(endpoints...).start(t)
}

func fakeClusterOf(endpoints ...string) *fakeCluster {
	return &fakeCluster{lists: map[string]runtime.Object{
		"/api/v1/pods":              &corev1.PodList{Items: []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Namespace: "t", Name: "b-0"}}}},
		"/api/v1/namespaces":        partial(named("", "t")),
		"/apis/apps/v1/deployments": partial(named("t", "a"), named("t", "b"), named("t", "c")),
		splitsGroup: &metav1.APIGroup{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIGroup"}, Name: "split.smi-spec.io",
			Versions: []metav1.GroupVersionForDiscovery{{GroupVersion: "split.smi-spec.io/v1alpha4", Version: "v1alpha4"}},
		},
		splitsPath: &split.TrafficSplitList{
			TypeMeta: metav1.TypeMeta{APIVersion: "split.smi-spec.io/v1alpha4", Kind: "TrafficSplitList"},
			Items: []split.TrafficSplit{{
				TypeMeta:   metav1.TypeMeta{APIVersion: "split.smi-spec.io/v1alpha4", Kind: "TrafficSplit"},
				ObjectMeta: metav1.ObjectMeta{Namespace: "t", Name: "app"},
				Spec:       split.TrafficSplitSpec{Service: "app", Backends: []split.Backend{{Service: "app-v1", Weight: 90}, {Service: "app-v2", Weight: 10}}},
			}},
		},
		"/apis/discovery.k8s.io/v1/namespaces/serin-system/endpointslices": slicesOf(endpoints...),
	}}
}

func (c *fakeCluster) start(t *testing.T) *rest.Config {
	t.Helper()
	server := httptest.NewUnstartedServer(c)
	server.StartTLS()
	t.Cleanup(server.Close)
	c.ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return &rest.Config{Host: server.URL, TLSClientConfig: rest.TLSClientConfig{CAData: c.ca}, ContentConfig: rest.ContentConfig{ContentType: "application/json"}}
}

func (c *fakeCluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Query().Get("sendInitialEvents") != "": // the streaming list, which clients fall back from
		answer(w, http.StatusUnprocessableEntity, &metav1.Status{Status: metav1.StatusFailure, Reason: metav1.StatusReasonInvalid, Code: http.StatusUnprocessableEntity})
	case r.URL.Query().Get("watch") != "":
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	case strings.HasSuffix(r.URL.Path, "/configmaps/extension-apiserver-authentication"):
		answer(w, http.StatusOK, c.trust())
	case strings.HasSuffix(r.URL.Path, "/tokenreviews"):
		var review authenticationv1.TokenReview
		read(r, &review)
		review.Status = authenticationv1.TokenReviewStatus{Authenticated: true, User: authenticationv1.UserInfo{Username: review.Spec.Token}}
		answer(w, http.StatusCreated, &review)
	case strings.HasSuffix(r.URL.Path, "/subjectaccessreviews"):
		var review authorizationv1.SubjectAccessReview
		read(r, &review)
		review.Status.Allowed = review.Spec.User == "jane"
		answer(w, http.StatusCreated, &review)
	case r.URL.Path == "/api/v1/namespaces/kube-system/configmaps":
		answer(w, http.StatusOK, &corev1.ConfigMapList{Items: []corev1.ConfigMap{*c.trust()}})
	case c.lists[r.URL.Path] != nil:
		answer(w, http.StatusOK, c.lists[r.URL.Path])
	default:
		answer(w, http.StatusNotFound, &metav1.Status{Status: metav1.StatusFailure, Reason: metav1.StatusReasonNotFound, Code: http.StatusNotFound, Message: r.URL.Path})
	}
}

// trust is how the cluster says whom to trust.
func (c *fakeCluster) trust() *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "extension-apiserver-authentication"},
		Data: map[string]string{
			"client-ca-file": string(c.ca), "requestheader-client-ca-file": string(c.ca),
			"requestheader-username-headers": `["X-Remote-User"]`, "requestheader-group-headers": `["X-Remote-Group"]`,
			"requestheader-extra-headers-prefix": `["X-Remote-Extra-"]`, "requestheader-allowed-names": `["front-proxy"]`,
		},
	}
}

func answer(w http.ResponseWriter, code int, object runtime.Object) {
	if kinds, _, err := scheme.Scheme.ObjectKinds(object); err == nil {
		object.GetObjectKind().SetGroupVersionKind(kinds[0])
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(object)
}

func read(r *http.Request, into runtime.Object) {
	_ = json.NewDecoder(r.Body).Decode(into)
}

func named(namespace, name string) metav1.PartialObjectMetadata {
	return metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadata"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
}

func partial(items ...metav1.PartialObjectMetadata) runtime.Object {
	return &metav1.PartialObjectMetadataList{TypeMeta: metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadataList"}, Items: items}
}

// slicesOf is an EndpointSlice with ready proxies at the addresses.
func slicesOf(addresses ...string) *discoveryv1.EndpointSliceList {
	name, port := "admin", int32(9090)
	s := discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: "serin-system", Name: "serin-proxy-1", Labels: map[string]string{discoveryv1.LabelServiceName: "serin-proxy"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: &name, Port: &port}},
	}
	for _, address := range addresses {
		s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{Addresses: []string{address}})
	}
	return &discoveryv1.EndpointSliceList{Items: []discoveryv1.EndpointSlice{s}}
}
