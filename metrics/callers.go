package metrics

import (
	"context"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/authentication/authenticatorfactory"
	"k8s.io/apiserver/pkg/authentication/request/headerrequest"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/apiserver/pkg/authorization/path"
	"k8s.io/apiserver/pkg/authorization/union"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// The ConfigMap in which the cluster's API server says how it identifies itself and its callers.
const (
	trustNamespace = "kube-system"
	trustName      = "extension-apiserver-authentication"
)

// How long answers of the cluster's API server are believed. It checks every request that comes through it once more itself,
// so an allowance that is believed too long opens nothing to those.
const (
	tokenTTL = 10 * time.Second
	allowTTL = 5 * time.Minute
	denyTTL  = 10 * time.Second
)

// reviewBackoff is how a review that failed is repeated: within the time of one request.
var reviewBackoff = wait.Backoff{Duration: 500 * time.Millisecond, Factor: 1.5, Jitter: 0.2, Steps: 4}

// alwaysAllowed may be read by whoever can reach the server.
var alwaysAllowed = []string{"/healthz", "/livez", "/readyz"}

// callers finds out who asks, and whether they may. The cluster's API server knows both.
type callers struct {
	authentication genericapiserver.AuthenticationInfo
	authorization  genericapiserver.AuthorizationInfo
	// authorities are those of client certificates: the callers' own, and the API server's when it forwards a request.
	authorities dynamiccertificates.CAContentProvider
	// headers are those in which the API server names the caller whose request it forwards.
	headers *headerrequest.RequestHeaderAuthRequestController
}

func newCallers(config *rest.Config, client *http.Client) (*callers, error) {
	cluster, err := kubernetes.NewForConfigAndClient(config, client)
	if err != nil {
		return nil, err
	}
	own, err := dynamiccertificates.NewDynamicCAFromConfigMapController("callers", trustNamespace, trustName, "client-ca-file", cluster)
	if err != nil {
		return nil, err
	}
	forwarding, err := dynamiccertificates.NewDynamicCAFromConfigMapController("forwarding", trustNamespace, trustName,
		"requestheader-client-ca-file", cluster)
	if err != nil {
		return nil, err
	}
	c := &callers{authorities: dynamiccertificates.NewUnionCAContentProvider(own, forwarding)}
	c.headers = headerrequest.NewRequestHeaderAuthRequestController(trustName, trustNamespace, cluster,
		"requestheader-username-headers", "requestheader-uid-headers", "requestheader-group-headers",
		"requestheader-extra-headers-prefix", "requestheader-allowed-names")
	c.authentication.RequestHeaderConfig = requestHeaders(c.headers, forwarding)
	c.authentication.Authenticator, _, err = authenticatorfactory.DelegatingAuthenticatorConfig{
		Anonymous:                          &apiserver.AnonymousAuthConfig{Enabled: true},
		TokenAccessReviewClient:            cluster.AuthenticationV1(),
		TokenAccessReviewTimeout:           requestTimeout,
		WebhookRetryBackoff:                &reviewBackoff,
		CacheTTL:                           tokenTTL,
		ClientCertificateCAContentProvider: own,
		RequestHeaderConfig:                c.authentication.RequestHeaderConfig,
	}.New()
	if err != nil {
		return nil, err
	}
	return c, c.authorise(cluster)
}

func requestHeaders(h *headerrequest.RequestHeaderAuthRequestController, ca dynamiccertificates.CAContentProvider) *authenticatorfactory.RequestHeaderConfig {
	return &authenticatorfactory.RequestHeaderConfig{
		CAContentProvider:   ca,
		UsernameHeaders:     headerrequest.StringSliceProviderFunc(h.UsernameHeaders),
		UIDHeaders:          headerrequest.StringSliceProviderFunc(h.UIDHeaders),
		GroupHeaders:        headerrequest.StringSliceProviderFunc(h.GroupHeaders),
		ExtraHeaderPrefixes: headerrequest.StringSliceProviderFunc(h.ExtraHeaderPrefixes),
		AllowedClientNames:  headerrequest.StringSliceProviderFunc(h.AllowedClientNames),
	}
}

// authorise lets administrators do everything, everybody ask for health, and leaves the rest to a review.
func (c *callers) authorise(cluster kubernetes.Interface) error {
	health, err := path.NewAuthorizer(alwaysAllowed)
	if err != nil {
		return err
	}
	review, err := authorizerfactory.DelegatingAuthorizerConfig{
		SubjectAccessReviewClient: cluster.AuthorizationV1(),
		AllowCacheTTL:             allowTTL,
		DenyCacheTTL:              denyTTL,
		WebhookRetryBackoff:       &reviewBackoff,
	}.New()
	if err != nil {
		return err
	}
	c.authorization.Authorizer, err = union.New(
		union.NamedAuthorizer{AuthorizerName: "administrators", Authorizer: authorizerfactory.NewPrivilegedGroups(user.SystemPrivilegedGroup)},
		union.NamedAuthorizer{AuthorizerName: "health", Authorizer: health},
		union.NamedAuthorizer{AuthorizerName: "review", Authorizer: review},
	)
	return err
}

// learn reads once whom to trust, to say at once if that is not allowed; afterwards it is watched.
func (c *callers) learn(ctx context.Context) error { return c.headers.RunOnce(ctx) }
