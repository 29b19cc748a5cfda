package certificate

import (
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

// narrow returns a configuration whose lists and watches of Secrets and APIServices ask for one object by name. cert-controller
// has no option for it and would list every Secret of the namespace; so asked, the API server gives the one, and a Role that
// names it is enough. Whoever breaks into the server finds no Secret beside its own.
func narrow(config *rest.Config, secret types.NamespacedName, apiService string) *rest.Config {
	config = rest.CopyConfig(config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return &narrowed{next: next, only: map[string]string{
			"/api/v1/namespaces/" + secret.Namespace + "/secrets": secret.Name,
			"/apis/apiregistration.k8s.io/v1/apiservices":         apiService,
		}}
	})
	return config
}

// narrowed adds the name to requests for a collection.
type narrowed struct {
	next http.RoundTripper
	only map[string]string
}

// RoundTrip sends a request.
func (n *narrowed) RoundTrip(request *http.Request) (*http.Response, error) {
	for collection, name := range n.only {
		// The address of an API server may have a path of its own before the collection's.
		if request.Method != http.MethodGet || !strings.HasSuffix(request.URL.Path, collection) {
			continue
		}
		request = request.Clone(request.Context())
		query := request.URL.Query()
		query.Set("fieldSelector", fields.OneTermEqualSelector(metav1.ObjectNameField, name).String())
		request.URL.RawQuery = query.Encode()
	}
	return n.next.RoundTrip(request)
}

// WrappedRoundTripper is the transport beneath, for those who ask for its TLS configuration.
func (n *narrowed) WrappedRoundTripper() http.RoundTripper { return n.next }
