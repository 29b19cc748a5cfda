package certificate

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/open-policy-agent/cert-controller/pkg/rotator"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const (
	// checkEvery is how often a certificate is checked that nothing has happened to. It is to be replaced 90 days before it ends.
	checkEvery = 12 * time.Hour
	// tryAgain is the pause after a rotator has ended, which happens if the APIService cannot be read.
	tryAgain = time.Minute
)

const (
	// owner is the field manager of what is written.
	owner = "serin-metrics"
	// authorityName is the subject of the authority.
	authorityName = "serin-metrics-ca"
)

// started counts rotators: controller-runtime wants each controller of a process to have a name of its own.
var started atomic.Int64

// rotate keeps the Secret and the APIService until the context ends.
func (k *Kept) rotate(ctx context.Context) {
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		if err := k.rotateOnce(ctx); err != nil && ctx.Err() == nil {
			k.options.Log.Error(err, "the certificate is not rotated; it is tried again", "in", tryAgain.String())
		}
	}, tryAgain)
}

// rotateOnce runs a rotator until it fails or the context ends. It does not listen: the server has metrics and health itself.
func (k *Kept) rotateOnce(ctx context.Context) error {
	if err := k.mayRead(ctx); err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return err
	}
	m, err := manager.New(narrow(k.options.Config, k.options.Secret, k.options.APIService), manager.Options{
		Scheme:                 scheme,
		Logger:                 k.options.Log,
		Metrics:                server.Options{BindAddress: "0"},
		HealthProbeBindAddress: "0",
	})
	if err != nil {
		return err
	}
	parts := &chosen{Manager: m}
	if err := rotator.AddRotator(parts, k.rotator()); err != nil {
		return err
	}
	if parts.checked == nil {
		return errors.New("cert-controller has brought no reconciler")
	}
	if err := m.Add(manager.RunnableFunc(func(ctx context.Context) error { return k.checkAlways(ctx, parts.checked) })); err != nil {
		return err
	}
	return m.Start(ctx)
}

// mayRead asks for the APIService once, because the rotator would say nothing for two minutes, and nobody knows why then.
func (k *Kept) mayRead(ctx context.Context) error {
	cluster, err := kubernetes.NewForConfig(k.options.Config)
	if err != nil {
		return err
	}
	err = cluster.RESTClient().Get().AbsPath("/apis/apiregistration.k8s.io/v1/apiservices", k.options.APIService).Do(ctx).Error()
	if err == nil || apierrors.IsNotFound(err) {
		return nil
	}
	return fmt.Errorf("the APIService %s cannot be read: %w", k.options.APIService, err)
}

func (k *Kept) rotator() *rotator.CertRotator {
	return &rotator.CertRotator{
		SecretKey:      k.options.Secret,
		CAName:         authorityName,
		CAOrganization: "serin",
		DNSName:        k.options.DNSName,
		IsReady:        make(chan struct{}),
		Webhooks:       []rotator.WebhookInfo{{Name: k.options.APIService, Type: rotator.APIService}},
		FieldOwner:     owner,
		ControllerName: fmt.Sprintf("%s-certificate-%d", owner, started.Add(1)),
	}
}

// checkAlways does at an interval what each event of the Secret or the APIService causes.
func (k *Kept) checkAlways(ctx context.Context, checked reconcile.Reconciler) error {
	_ = wait.PollUntilContextCancel(ctx, checkEvery, false, func(ctx context.Context) (done bool, err error) {
		if _, err := checked.Reconcile(ctx, reconcile.Request{NamespacedName: k.options.Secret}); err != nil {
			k.options.Log.Error(err, "the certificate could not be checked; it is tried again", "in", checkEvery.String())
		}
		return false, nil
	}) // It ends with the context alone.
	return nil
}

// chosen takes of cert-controller the cache and the reconciler, and leaves the CertRotator's own loop out. That loop checks at
// an interval, as checkAlways does. But it also waits for the kubelet to mount the Secret as files, which nothing here reads and
// a read-only root would not take, gives up after some minutes, and leaves its goroutines behind when the context ends.
type chosen struct {
	manager.Manager

	checked reconcile.Reconciler
}

// Add adds a part to the manager, or leaves it out.
func (c *chosen) Add(part manager.Runnable) error {
	if _, loop := part.(*rotator.CertRotator); loop {
		return nil
	}
	if reconciler, ok := part.(reconcile.Reconciler); ok {
		c.checked = reconciler
	}
	return c.Manager.Add(part)
}
