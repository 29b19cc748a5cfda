package config_test

import (
	"context"
	"errors"
	"sync"

	"github.com/serin-dev/serin/controllers/canary/config"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var _ = Describe("a Book", func() {
	var (
		book      *config.Book
		namespace string
		settings  *corev1.ConfigMap
		password  *corev1.Secret
		refs      = []config.Ref{{Kind: config.ConfigMap, Name: "settings"}, {Kind: config.Secret, Name: "password"}}
	)
	read := func(ctx context.Context, refs ...config.Ref) config.Set {
		GinkgoHelper()
		set, err := book.Read(ctx, namespace, refs)
		Expect(err).NotTo(HaveOccurred())
		return set
	}
	copies := func(ctx context.Context, set config.Set) ([]client.Object, error) {
		return book.Copies(ctx, namespace, set, func(r config.Ref) metav1.ObjectMeta {
			return metav1.ObjectMeta{Namespace: namespace, Name: config.CopyName("foobar-v2", r.Name), Labels: map[string]string{"by": "serin"}}
		})
	}
	change := func(ctx context.Context, object client.Object, how func()) {
		GinkgoHelper()
		how()
		Expect(user.Update(ctx, object)).To(Succeed())
		settle(ctx, object)
	}

	BeforeEach(func(ctx SpecContext) {
		book, namespace = config.NewBook(watch, live), freshNamespace(ctx)
		settings = &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "settings"},
			Data:       map[string]string{"level": "info"}, BinaryData: map[string][]byte{"logo": {0xff, 0}},
		}
		password = &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "password"},
			Type:       corev1.SecretTypeBasicAuth, Data: map[string][]byte{"username": []byte("app"), "password": []byte("secret")},
		}
		for _, object := range []client.Object{settings, password} {
			Expect(user.Create(ctx, object)).To(Succeed())
			settle(ctx, object)
		}
	})

	It("reads content once, and asks the API server for nothing while nothing changes", func(ctx SpecContext) {
		var first config.Set
		Expect(requests(func() { first = read(ctx, refs...) })).To(BeEquivalentTo(2))
		Expect(first.Digests()).To(HaveExactElements(MatchRegexp(`^ConfigMap/settings=[0-9a-f]{32}$`), MatchRegexp(`^Secret/password=[0-9a-f]{32}$`)))
		Expect(first.Missing()).To(BeEmpty())
		Expect(requests(func() { Expect(read(ctx, refs...)).To(Equal(first)) })).To(BeZero())
	})

	It("has another digest when content changed, and the old one when it is back", func(ctx SpecContext) {
		before := read(ctx, refs...)
		change(ctx, settings, func() { settings.Data["level"] = "debug" })
		after := read(ctx, refs...)
		Expect(after[0].Digest).NotTo(Equal(before[0].Digest))
		Expect(after[1]).To(Equal(before[1]))
		change(ctx, settings, func() { settings.Data["level"] = "info" })
		Expect(read(ctx, refs...)).To(Equal(before))
	})

	It("has the same digest when only an annotation changed, after one look", func(ctx SpecContext) {
		before := read(ctx, refs...)
		change(ctx, password, func() { password.Annotations = map[string]string{"note": "rotated yearly"} })
		Expect(requests(func() { Expect(read(ctx, refs...)).To(Equal(before)) })).To(BeEquivalentTo(1))
		Expect(requests(func() { Expect(read(ctx, refs...)).To(Equal(before)) })).To(BeZero())
	})

	It("has another digest for an object that was made anew with other content", func(ctx SpecContext) {
		before := read(ctx, refs...)
		Expect(user.Delete(ctx, password)).To(Succeed())
		settle(ctx, password)
		Expect(read(ctx, refs...).Missing()).To(Equal([]config.Ref{refs[1]}))
		password.ResourceVersion, password.UID, password.Type = "", "", corev1.SecretTypeOpaque
		Expect(user.Create(ctx, password)).To(Succeed())
		settle(ctx, password)
		Expect(read(ctx, refs...)[1].Digest).NotTo(Equal(before[1].Digest))
	})

	It("neither hashes nor copies what opts out, and never reads it", func(ctx SpecContext) {
		change(ctx, settings, func() { settings.Annotations = map[string]string{config.Tracking: config.TrackingDisabled} })
		var set config.Set
		Expect(requests(func() { set = read(ctx, refs[0]) })).To(BeZero())
		Expect(set).To(Equal(config.Set{{Ref: refs[0], Found: true}}))
		Expect(set.Digests()).To(BeEmpty())
		Expect(copies(ctx, set)).To(BeEmpty())
	})

	It("leaves a service account's token alone", func(ctx SpecContext) {
		Expect(user.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "app"}})).To(Succeed())
		token := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: namespace, Name: "token", Annotations: map[string]string{corev1.ServiceAccountNameKey: "app"},
			},
			Type: corev1.SecretTypeServiceAccountToken,
		}
		Expect(user.Create(ctx, token)).To(Succeed())
		settle(ctx, token)
		Expect(read(ctx, config.Ref{Kind: config.Secret, Name: "token"})[0]).To(Equal(config.Entry{Ref: config.Ref{Kind: config.Secret, Name: "token"}, Found: true}))
	})

	It("tolerates an optional reference that leads nowhere, and names a mandatory one", func(ctx SpecContext) {
		maybe, must := config.Ref{Kind: config.ConfigMap, Name: "maybe", Optional: true}, config.Ref{Kind: config.Secret, Name: "must"}
		set := read(ctx, maybe, must)
		Expect(set).To(Equal(config.Set{
			{Ref: maybe, Tracked: true, Digest: "absent"}, {Ref: must, Tracked: true, Digest: "absent"},
		}))
		Expect(set.Missing()).To(Equal([]config.Ref{must}))
		Expect(set.Digests()).To(Equal([]string{"ConfigMap/maybe=absent", "Secret/must=absent"}))
		Expect(copies(ctx, set)).To(BeEmpty())
	})

	It("takes for absent what was deleted before its content was read", func(ctx SpecContext) {
		behind := &stale{Reader: watch}
		Expect(behind.remember(ctx, client.ObjectKeyFromObject(settings))).To(Succeed())
		Expect(user.Delete(ctx, settings)).To(Succeed())
		book = config.NewBook(behind, live)
		Expect(read(ctx, refs[0])).To(Equal(config.Set{{Ref: refs[0], Tracked: true, Digest: "absent"}}))
	})

	It("makes copies that the API server takes once and never lets change", func(ctx SpecContext) {
		made, err := copies(ctx, read(ctx, refs...))
		Expect(err).NotTo(HaveOccurred())
		Expect(made).To(HaveLen(2))
		for range 2 { // Applied again they change nothing.
			for _, object := range made {
				apply(ctx, object)
			}
		}
		var configMap corev1.ConfigMap
		Expect(user.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "foobar-v2-settings"}, &configMap)).To(Succeed())
		Expect(configMap.Data).To(Equal(settings.Data))
		Expect(configMap.BinaryData).To(Equal(settings.BinaryData))
		Expect(configMap.Immutable).To(Equal(ptr.To(true)))
		Expect(configMap.Labels).To(Equal(map[string]string{"by": "serin"}))
		var secret corev1.Secret
		Expect(user.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "foobar-v2-password"}, &secret)).To(Succeed())
		Expect(secret.Data).To(Equal(password.Data))
		Expect(secret.Type).To(Equal(corev1.SecretTypeBasicAuth))

		configMap.Data["level"] = "debug"
		Expect(user.Update(ctx, &configMap)).To(MatchError(ContainSubstring("field is immutable when `immutable` is set")))
		secret.Data["password"] = []byte("other")
		Expect(user.Update(ctx, &secret)).To(MatchError(ContainSubstring("field is immutable when `immutable` is set")))
	})

	DescribeTable("makes no copy of what is no longer what the revision was computed from",
		func(ctx SpecContext, meddle func(context.Context) error) {
			set := read(ctx, refs...)
			Expect(meddle(ctx)).To(Succeed())
			_, err := copies(ctx, set)
			var changed *config.ChangedError
			Expect(errors.As(err, &changed)).To(BeTrue())
			Expect(*changed).To(Equal(config.ChangedError{Kind: config.Secret, Namespace: namespace, Name: "password"}))
			Expect(err).To(MatchError("Secret " + namespace + "/password changed after the revision was computed from it"))
		},
		Entry("changed", func(ctx context.Context) error {
			password.Data["password"] = []byte("other")
			return user.Update(ctx, password)
		}),
		Entry("deleted", func(ctx context.Context) error { return user.Delete(ctx, password) }),
		Entry("opted out", func(ctx context.Context) error {
			password.Annotations = map[string]string{config.Tracking: config.TrackingDisabled}
			return user.Update(ctx, password)
		}),
	)

	It("gives many readers at a time the same answer", func(ctx SpecContext) {
		want := read(ctx, refs...)
		book = config.NewBook(watch, live)
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				defer GinkgoRecover()
				Expect(read(ctx, refs...)).To(Equal(want))
			})
		}
		all.Wait()
	})

	It("says which object it could not read", func(ctx SpecContext) {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		_, err := book.Read(ended, namespace, refs)
		Expect(err).To(MatchError(context.Canceled))
		Expect(err).To(MatchError("reading ConfigMap " + namespace + "/settings: context canceled"))
	})
})

// apply is how the controller writes what it makes.
func apply(ctx context.Context, object client.Object) {
	GinkgoHelper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	Expect(err).NotTo(HaveOccurred())
	configuration := client.ApplyConfigurationFromUnstructured(&unstructured.Unstructured{Object: content})
	Expect(user.Apply(ctx, configuration, client.FieldOwner("serin"), client.ForceOwnership)).To(Succeed())
}

// stale is a cache that is behind: it goes on showing the one object that it remembers.
type stale struct {
	client.Reader
	seen metav1.PartialObjectMetadata
}

func (s *stale) remember(ctx context.Context, name client.ObjectKey) error {
	s.seen.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(string(config.ConfigMap)))
	return s.Reader.Get(ctx, name, &s.seen)
}

func (s *stale) Get(_ context.Context, _ client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	s.seen.DeepCopyInto(into.(*metav1.PartialObjectMetadata))
	return nil
}
