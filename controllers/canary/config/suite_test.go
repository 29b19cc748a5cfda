package config_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/serin-dev/serin/test/controlplane"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var (
	user  client.Client // the user's own client
	watch cache.Cache   // the Book's reader of metadata
	live  client.Client // the Book's reader of content
	// asked is the number of requests that live made.
	asked atomic.Int64
)

func TestBook(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(30 * time.Second)
	SetDefaultEventuallyPollingInterval(10 * time.Millisecond)
	RunSpecs(t, "Configuration on a real API server")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	plane, err := controlplane.Start(ctx, controlplane.Options{Progress: GinkgoWriter})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(plane.Stop)

	options := client.Options{Scheme: clientgoscheme.Scheme, FieldOwner: "kubectl"}
	user, err = client.New(plane.Config, options)
	Expect(err).NotTo(HaveOccurred())
	watch, err = cache.New(plane.Config, cache.Options{Scheme: clientgoscheme.Scheme})
	Expect(err).NotTo(HaveOccurred())
	counted := rest.CopyConfig(plane.Config)
	counted.Wrap(func(next http.RoundTripper) http.RoundTripper { return counter{next} })
	live, err = client.New(counted, client.Options{Scheme: clientgoscheme.Scheme})
	Expect(err).NotTo(HaveOccurred())

	run, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- watch.Start(run) }()
	DeferCleanup(func() {
		stop()
		Expect(<-ended).To(Succeed())
	})
})

// counter counts the requests for ConfigMaps and Secrets; what the client asks for to find its way does not count.
type counter struct{ next http.RoundTripper }

func (c counter) RoundTrip(r *http.Request) (*http.Response, error) {
	if len(r.URL.Path) > len("/api/v1/namespaces/") {
		asked.Add(1)
	}
	return c.next.RoundTrip(r)
}

// requests are the live requests that something makes.
func requests(during func()) int64 {
	before := asked.Load()
	during()
	return asked.Load() - before
}

// settle waits until the cache has seen an object as it is now, or that it is gone.
func settle(ctx context.Context, object client.Object) {
	GinkgoHelper()
	name := client.ObjectKeyFromObject(object)
	version := func(reader client.Reader, into client.Object) string {
		err := reader.Get(ctx, name, into)
		Expect(client.IgnoreNotFound(err)).To(Succeed())
		if err != nil {
			return "gone"
		}
		return into.GetResourceVersion()
	}
	now := version(user, object.DeepCopyObject().(client.Object))
	kind, err := user.GroupVersionKindFor(object)
	Expect(err).NotTo(HaveOccurred())
	Eventually(func() string {
		var seen metav1.PartialObjectMetadata
		seen.SetGroupVersionKind(kind)
		return version(watch, &seen)
	}).Should(Equal(now))
}

func freshNamespace(ctx context.Context) string {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "config-"}}
	Expect(user.Create(ctx, ns)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) { _ = user.Delete(ctx, ns) })
	return ns.Name
}
