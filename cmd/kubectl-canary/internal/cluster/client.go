package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// FieldManager is the field manager of the commands that people write.
const FieldManager = "kubectl-canary"

// Client talks to one API server about one namespace.
type Client struct {
	api client.WithWatch
	// raw asks for paths of which no type is registered.
	raw    rest.Interface
	splits splits
	// Namespace is the one that the flags or the kubeconfig name.
	Namespace string
	// user is the name of the kubeconfig's user, for an API server that does not say who asks.
	user string
}

// Connect makes a Client of kubectl's flags. It makes no request.
func Connect(flags *genericclioptions.ConfigFlags) (*Client, error) {
	loader := flags.ToRawKubeConfigLoader()
	config, err := flags.ToRESTConfig()
	if err != nil {
		return nil, fmt.Errorf("no API server: %w", err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, fmt.Errorf("no namespace: %w", err)
	}
	c := &Client{Namespace: namespace}
	if raw, err := loader.RawConfig(); err == nil {
		c.user = userOf(raw.CurrentContext, flags, func(name string) string {
			if kube := raw.Contexts[name]; kube != nil {
				return kube.AuthInfo
			}
			return ""
		})
	}
	config = rest.CopyConfig(config)
	config.WarningHandler = rest.NoWarnings{} // They are about versions of APIs, which is nothing that the reader can change.
	config.UserAgent = FieldManager
	c.splits.config = config
	if c.raw, err = newRaw(config); err != nil {
		return nil, err
	}
	c.api, err = newAPI(config)
	return c, err
}

func newAPI(config *rest.Config) (client.WithWatch, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, corev1.AddToScheme, authenticationv1.AddToScheme, v1alpha1.AddToScheme, split.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	return client.NewWithWatch(config, client.Options{Scheme: scheme, Mapper: mapper()})
}

// mapper knows the few kinds that are read, so that no command begins with a discovery of all the server's APIs.
func mapper() meta.RESTMapper {
	m := meta.NewDefaultRESTMapper(nil)
	serin := v1alpha1.GroupVersion
	m.AddSpecific(serin.WithKind("Canary"), serin.WithResource("canaries"), serin.WithResource("canary"), meta.RESTScopeNamespace)
	m.AddSpecific(serin.WithKind("RolloutPolicy"), serin.WithResource("rolloutpolicies"), serin.WithResource("rolloutpolicy"), meta.RESTScopeNamespace)
	m.AddSpecific(serin.WithKind("ClusterRolloutPolicy"), serin.WithResource("clusterrolloutpolicies"),
		serin.WithResource("clusterrolloutpolicy"), meta.RESTScopeRoot)
	m.Add(split.GroupVersion.WithKind("TrafficSplit"), meta.RESTScopeNamespace)
	m.Add(appsv1.SchemeGroupVersion.WithKind("Deployment"), meta.RESTScopeNamespace)
	m.Add(corev1.SchemeGroupVersion.WithKind("Pod"), meta.RESTScopeNamespace)
	m.Add(authenticationv1.SchemeGroupVersion.WithKind("SelfSubjectReview"), meta.RESTScopeRoot)
	return m
}

func userOf(current string, flags *genericclioptions.ConfigFlags, userIn func(string) string) string {
	if flags.AuthInfoName != nil && *flags.AuthInfoName != "" {
		return *flags.AuthInfoName
	}
	if flags.Context != nil && *flags.Context != "" {
		current = *flags.Context
	}
	return userIn(current)
}

// WhoAmI is the name under which the API server knows the person, or else the kubeconfig's user.
func (c *Client) WhoAmI(ctx context.Context) string {
	review := &authenticationv1.SelfSubjectReview{}
	if err := c.api.Create(ctx, review); err != nil || review.Status.UserInfo.Username == "" {
		return c.user
	}
	return review.Status.UserInfo.Username
}

// Canary reads a Canary.
func (c *Client) Canary(ctx context.Context, name string) (*v1alpha1.Canary, error) {
	canary := &v1alpha1.Canary{}
	if err := c.api.Get(ctx, client.ObjectKey{Namespace: c.Namespace, Name: name}, canary); err != nil {
		return nil, c.explain(err, name)
	}
	canary.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("Canary"))
	return canary, nil
}

// Canaries lists Canaries; an empty namespace means all.
func (c *Client) Canaries(ctx context.Context, namespace string) (*v1alpha1.CanaryList, error) {
	list := &v1alpha1.CanaryList{}
	if err := c.api.List(ctx, list, client.InNamespace(namespace)); err != nil {
		return nil, c.explain(err, "")
	}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("CanaryList"))
	for i := range list.Items {
		list.Items[i].SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("Canary"))
	}
	return list, nil
}

// explain makes one sentence of what went wrong.
func (c *Client) explain(err error, name string) error {
	var network net.Error
	switch {
	case absent(err):
		return errors.New("this cluster has no Canaries: Serin's CRDs are not installed, or the context is another cluster's")
	case apierrors.IsNotFound(err):
		return fmt.Errorf("there is no Canary %q in namespace %q", name, c.Namespace)
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return fmt.Errorf("the API server does not allow it: %w", err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the API server did not answer in time: %w", err)
	case errors.As(err, &network):
		return fmt.Errorf("the API server cannot be reached: %w", err)
	}
	return err
}

// absent says whether the API server does not know the kind at all.
func absent(err error) bool {
	return apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse) && apierrors.IsNotFound(err) || meta.IsNoMatchError(err)
}

// patience bounds a single request that nobody gave a bound.
const patience = 30 * time.Second

// Bounded bounds a request.
func Bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, patience)
}
