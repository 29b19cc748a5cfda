package integration_test

import (
	"context"

	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var _ = Describe("a target that refers to a ConfigMap and a Secret", func() {
	It("is rolled out when only their data changes, and each version keeps its own", func(ctx SpecContext) {
		s := newShop(ctx)
		s.configure(ctx, "settings", "password")
		s.add(ctx, pausedAt(50))
		s.await(ctx, serves("v1"))
		first := s.canary(ctx).Status.Stable.Revision

		s.edit(ctx, "settings", "debug")
		s.await(ctx, phase(v1alpha1.PhasePaused), at(50))
		Expect(s.canary(ctx).Status.Candidate.Revision).NotTo(Equal(first))
		Expect(s.canary(ctx).Status.Candidate.Image).To(Equal(image("v1")), "the image is the same")
		one, two := get(ctx, s, "foobar-v1-settings", &corev1.ConfigMap{}), get(ctx, s, "foobar-v2-settings", &corev1.ConfigMap{})
		Expect(one.Data).To(Equal(map[string]string{"level": "info"}))
		Expect(two.Data).To(Equal(map[string]string{"level": "debug"}))
		Expect(configs(s.deployment(ctx, "foobar-v1"))).To(Equal([]string{"foobar-v1-settings", "foobar-v1-password"}))
		Expect(configs(s.deployment(ctx, "foobar-v2"))).To(Equal([]string{"foobar-v2-settings", "foobar-v2-password"}))
		for _, object := range []client.Object{one, two, get(ctx, s, "foobar-v2-password", &corev1.Secret{})} {
			Expect(object.GetLabels()).To(HaveKeyWithValue(v1alpha1.LabelManagedBy, v1alpha1.ManagedBy))
			Expect(object.GetOwnerReferences()).To(ConsistOf(HaveField("UID", s.canary(ctx).UID)))
		}
		one.Data["level"] = "trace"
		Expect(user.Update(ctx, one)).To(MatchError(ContainSubstring("field is immutable when `immutable` is set")))

		s.say(ctx, v1alpha1.Command{ID: "1", Verb: v1alpha1.VerbApprove})
		s.await(ctx, serves("v2"))
		Eventually(s.exists).WithContext(ctx).WithArguments("foobar-v1-settings", &corev1.ConfigMap{}).Should(BeFalse(), "copies go with their version")
		Eventually(s.exists).WithContext(ctx).WithArguments("foobar-v1-password", &corev1.Secret{}).Should(BeFalse())
		Expect(get(ctx, s, "foobar-v2-settings", &corev1.ConfigMap{}).Data).To(Equal(map[string]string{"level": "debug"}))
		Expect(s.deployment(ctx, "foobar").Generation).To(BeEquivalentTo(2), "the target itself was made and scaled to 0")
	})

	It("is rolled out when a Secret's data changes", func(ctx SpecContext) {
		s := newShop(ctx)
		s.configure(ctx, "settings", "password")
		s.add(ctx)
		s.await(ctx, serves("v1"))
		secret := get(ctx, s, "password", &corev1.Secret{})
		secret.Data["level"] = []byte("rotated")
		Expect(user.Update(ctx, secret)).To(Succeed())
		s.await(ctx, serves("v2"))
		copied := get(ctx, s, "foobar-v2-password", &corev1.Secret{})
		Expect(copied.Data).To(HaveKeyWithValue("level", []byte("rotated")))
		Expect(copied.Immutable).To(HaveValue(BeTrue()))
	})

	It("is not rolled out for one that opts out of tracking, which all versions share", func(ctx SpecContext) {
		s := newShop(ctx)
		s.configure(ctx, "settings", "password")
		flags := get(ctx, s, "settings", &corev1.ConfigMap{})
		flags.Annotations = map[string]string{"serin.dev/config-tracking": "disabled"}
		Expect(user.Update(ctx, flags)).To(Succeed())
		s.add(ctx)
		s.await(ctx, serves("v1"))
		Expect(configs(s.deployment(ctx, "foobar-v1"))).To(Equal([]string{"settings", "foobar-v1-password"}))
		Expect(s.exists(ctx, "foobar-v1-settings", &corev1.ConfigMap{})).To(BeFalse())
		revision := s.canary(ctx).Status.Stable.Revision

		s.edit(ctx, "settings", "debug")
		s.seen(ctx)
		Expect(s.canary(ctx)).To(serves("v1"))
		Expect(s.canary(ctx).Status.Stable.Revision).To(Equal(revision))
		Expect(s.canary(ctx).Status.LastVersion).To(BeEquivalentTo(1))
	})

	It("waits for one that is missing, says which, and starts by itself when it is made", func(ctx SpecContext) {
		s := openShop(ctx)
		s.push(ctx, refersTo("settings", "password"))
		s.await(ctx, phase(v1alpha1.PhaseSucceeded), condition(v1alpha1.ConditionReady, metav1.ConditionFalse,
			`Deployment "foobar" refers to what does not exist: ConfigMap "settings", Secret "password"`))
		Expect(s.canary(ctx).Status.Condition(v1alpha1.ConditionReady).Reason).To(Equal(v1alpha1.ReasonConfigNotFound))
		Expect(s.canary(ctx).Status.Candidate).To(BeNil())
		s.make(ctx, "settings", "password")
		s.await(ctx, serves("v2"))
	})

	It("tolerates an optional one that is missing, and is rolled out when it is made", func(ctx SpecContext) {
		s := newShop(ctx)
		s.make(ctx, "other", "password")
		s.push(ctx, refersTo("settings", "password"), func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers[0].EnvFrom[0].ConfigMapRef.Optional = ptr.To(true)
		})
		s.add(ctx)
		s.await(ctx, serves("v1"))
		Expect(s.exists(ctx, "foobar-v1-settings", &corev1.ConfigMap{})).To(BeFalse())
		s.makeConfigMap(ctx, "settings")
		s.await(ctx, serves("v2"))
		Expect(get(ctx, s, "foobar-v2-settings", &corev1.ConfigMap{}).Data).To(Equal(map[string]string{"level": "info"}))
	})

	It("gets a copy back that somebody deleted, while the original still has its content", func(ctx SpecContext) {
		s := newShop(ctx)
		s.configure(ctx, "settings", "password")
		s.add(ctx)
		s.await(ctx, serves("v1"))
		lost := get(ctx, s, "foobar-v1-settings", &corev1.ConfigMap{})
		Expect(user.Delete(ctx, lost)).To(Succeed())
		Eventually(func(g Gomega) {
			found := &corev1.ConfigMap{}
			g.Expect(user.Get(ctx, client.ObjectKeyFromObject(lost), found)).To(Succeed())
			g.Expect(found.UID).NotTo(Equal(lost.UID))
			g.Expect(found.Data).To(Equal(lost.Data))
			g.Expect(found.Immutable).To(HaveValue(BeTrue()))
		}).Should(Succeed())
		s.await(ctx, serves("v1"))
	})
})

// refersTo has the target take its environment from a ConfigMap and a Secret.
func refersTo(configMap, secret string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{
			{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: configMap}}},
			{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: secret}}},
		}
	}
}

// configs are the ConfigMaps and Secrets that a Deployment refers to.
func configs(d *appsv1.Deployment) []string {
	var names []string
	for _, from := range d.Spec.Template.Spec.Containers[0].EnvFrom {
		if from.ConfigMapRef != nil {
			names = append(names, from.ConfigMapRef.Name)
		} else {
			names = append(names, from.SecretRef.Name)
		}
	}
	return names
}

// configure makes a ConfigMap and a Secret and pushes a target that refers to them.
func (s *shop) configure(ctx context.Context, configMap, secret string) {
	GinkgoHelper()
	s.make(ctx, configMap, secret)
	s.push(ctx, refersTo(configMap, secret))
}

func (s *shop) make(ctx context.Context, configMap, secret string) {
	GinkgoHelper()
	s.makeConfigMap(ctx, configMap)
	Expect(user.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: secret}, Data: map[string][]byte{"level": []byte("secret")},
	})).To(Succeed())
}

func (s *shop) makeConfigMap(ctx context.Context, name string) {
	GinkgoHelper()
	Expect(user.Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name}, Data: map[string]string{"level": "info"},
	})).To(Succeed())
}

func (s *shop) edit(ctx context.Context, configMap, level string) {
	GinkgoHelper()
	found := get(ctx, s, configMap, &corev1.ConfigMap{})
	found.Data["level"] = level
	Expect(user.Update(ctx, found)).To(Succeed())
}
