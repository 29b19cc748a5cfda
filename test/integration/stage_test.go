package integration_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/test/gen"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// shop is a Deployment, as Git has it, and a Canary of the same name.
type shop struct {
	namespace, name string
	target          *appsv1.Deployment // as Git has it
}

// image is an image of the target.
func image(tag string) string { return "demo/foobar:" + tag }

// openShop makes a shop and waits until v1 serves. The changes are to the Canary, which has one step of 50 percent.
func openShop(ctx context.Context, changes ...func(*v1alpha1.Canary)) *shop {
	GinkgoHelper()
	s := newShop(ctx)
	s.push(ctx)
	s.add(ctx, changes...)
	s.await(ctx, serves("v1"))
	return s
}

// newShop makes a namespace, and says what Git has for foobar; nothing is applied yet.
func newShop(ctx context.Context) *shop {
	GinkgoHelper()
	return shopIn(freshNamespace(ctx), "foobar")
}

func shopIn(namespace, name string) *shop {
	return &shop{namespace, name, gen.Deployment(namespace, name, image("v1"), gen.On(nodeName))}
}

// add makes the Canary.
func (s *shop) add(ctx context.Context, changes ...func(*v1alpha1.Canary)) {
	GinkgoHelper()
	quick := func(c *v1alpha1.Canary) {
		c.Spec.Steps = []v1alpha1.Step{{Weight: 50, Dwell: v1alpha1.Dur(0)}}
		c.Spec.Analysis.Interval = v1alpha1.Dur(time.Second)
	}
	c := gen.Canary(s.namespace, s.name, append([]func(*v1alpha1.Canary){quick}, changes...)...)
	if c.Spec.Steps[0].Dwell.Of() == 0 { // a zero Duration is left out of what Go writes
		for i := range c.Spec.Steps {
			c.Spec.Steps[i].Dwell = v1alpha1.Dur(max(c.Spec.Steps[i].Dwell.Of(), time.Millisecond))
		}
	}
	Expect(user.Create(ctx, c)).To(Succeed())
}

// push applies what Git has, with the changes made to it first.
func (s *shop) push(ctx context.Context, changes ...func(*appsv1.Deployment)) {
	GinkgoHelper()
	for _, change := range changes {
		change(s.target)
	}
	Expect(apply(ctx, s.target, "git")).To(Succeed())
}

// release pushes another image.
func (s *shop) release(ctx context.Context, tag string) {
	GinkgoHelper()
	s.push(ctx, func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = image(tag) })
}

// apply applies an object as a person would from Git: only what it says is theirs.
func apply(ctx context.Context, object client.Object, manager string) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return err
	}
	u := &unstructured.Unstructured{Object: content}
	unstructured.RemoveNestedField(u.Object, "status")
	unstructured.RemoveNestedField(u.Object, "spec", "strategy")
	return user.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner(manager), client.ForceOwnership)
}

// get reads an object of the shop.
func get[T client.Object](ctx context.Context, s *shop, name string, into T) T {
	GinkgoHelper()
	Expect(user.Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: name}, into)).To(Succeed())
	return into
}

func (s *shop) canary(ctx context.Context) *v1alpha1.Canary {
	GinkgoHelper()
	return get(ctx, s, s.name, &v1alpha1.Canary{})
}

func (s *shop) deployment(ctx context.Context, name string) *appsv1.Deployment {
	GinkgoHelper()
	return get(ctx, s, name, &appsv1.Deployment{})
}

func (s *shop) split(ctx context.Context) *split.TrafficSplit {
	GinkgoHelper()
	return get(ctx, s, s.name, &split.TrafficSplit{})
}

// await waits until the Canary is as wanted.
func (s *shop) await(ctx context.Context, want ...gomegatypes.GomegaMatcher) {
	GinkgoHelper()
	Eventually(s.canary).WithContext(ctx).Should(And(want...), func() string {
		text, _ := json.MarshalIndent(s.canary(ctx).Status, "", " ")
		return string(text)
	})
}

// serves matches a Canary whose version serves alone, and is what the target asks for.
func serves(version string) gomegatypes.GomegaMatcher {
	return And(
		phase(v1alpha1.PhaseSucceeded),
		HaveField("Status.Stable.Version", version),
		HaveField("Status.Candidate", BeNil()),
		condition(v1alpha1.ConditionReady, metav1.ConditionTrue, ""),
	)
}

func phase(want v1alpha1.Phase) gomegatypes.GomegaMatcher { return HaveField("Status.Phase", want) }

// says matches a Canary whose message contains a text.
func says(text string) gomegatypes.GomegaMatcher {
	return HaveField("Status.Message", ContainSubstring(text))
}

// at matches a Canary whose candidate has a weight.
func at(weight int32) gomegatypes.GomegaMatcher {
	return And(HaveField("Status.Candidate", Not(BeNil())), HaveField("Status.Candidate.Weight", weight))
}

// condition matches a Canary by one of its conditions, whose message contains a text.
func condition(kind string, status metav1.ConditionStatus, text string) gomegatypes.GomegaMatcher {
	return HaveField("Status.Conditions", ContainElement(And(
		HaveField("Type", kind), HaveField("Status", status), HaveField("Message", ContainSubstring(text)),
	)))
}

// change edits the Canary's spec as a person would.
func (s *shop) change(ctx context.Context, how func(*v1alpha1.Canary)) {
	GinkgoHelper()
	c := s.canary(ctx)
	before := c.DeepCopy()
	how(c)
	Expect(user.Patch(ctx, c, client.MergeFrom(before))).To(Succeed())
}

// say gives the Canary a command.
func (s *shop) say(ctx context.Context, command v1alpha1.Command) {
	GinkgoHelper()
	text, err := json.Marshal(command)
	Expect(err).NotTo(HaveOccurred())
	s.change(ctx, func(c *v1alpha1.Canary) {
		c.Annotations = map[string]string{v1alpha1.AnnotationCommand: string(text)}
	})
}

// events are the Events about the Canary, as "Reason: note".
func (s *shop) events(ctx context.Context) []string {
	GinkgoHelper()
	list := &eventsv1.EventList{}
	Expect(user.List(ctx, list, client.InNamespace(s.namespace))).To(Succeed())
	var all []string
	for _, e := range list.Items {
		if e.Regarding.Kind == "Canary" && e.Regarding.Name == s.name {
			all = append(all, e.Reason+": "+e.Note)
		}
	}
	return all
}

// endpoints counts the ready endpoints behind a Service.
func (s *shop) endpoints(ctx context.Context, service string) int {
	GinkgoHelper()
	list := &discoveryv1.EndpointSliceList{}
	Expect(user.List(ctx, list, client.InNamespace(s.namespace), client.MatchingLabels{discoveryv1.LabelServiceName: service})).To(Succeed())
	ready := 0
	for _, slice := range list.Items {
		for _, e := range slice.Endpoints {
			if ptr.Deref(e.Conditions.Ready, true) {
				ready++
			}
		}
	}
	return ready
}

// exists says whether an object of the shop exists.
func (s *shop) exists(ctx context.Context, name string, into client.Object) bool {
	GinkgoHelper()
	err := user.Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: name}, into)
	Expect(client.IgnoreNotFound(err)).To(Succeed())
	return err == nil
}

// size is the number of pods that a Deployment asks for, -1 if there is none.
func (s *shop) size(ctx context.Context, name string) int32 {
	GinkgoHelper()
	d := &appsv1.Deployment{}
	if !s.exists(ctx, name, d) {
		return -1
	}
	return *d.Spec.Replicas
}

// splits waits until the traffic is split as wanted: the status is written first, and the TrafficSplit a moment later.
func (s *shop) splits(ctx context.Context, want string) {
	GinkgoHelper()
	Eventually(func() string { return written(s.split(ctx)) }).Should(Equal(want))
}

// written is a TrafficSplit in words: foobar-v1=90 foobar-v2=10.
func written(s *split.TrafficSplit) string {
	var all []string
	for _, b := range s.Spec.Backends {
		all = append(all, fmt.Sprintf("%s=%d", b.Service, b.Weight))
	}
	return strings.Join(all, " ")
}

// climb gives a Canary steps that are left as soon as a window passed.
func climb(weights ...int32) func(*v1alpha1.Canary) {
	return func(c *v1alpha1.Canary) {
		steps(weights...)(c)
		for i := range c.Spec.Steps {
			c.Spec.Steps[i].Dwell = v1alpha1.Dur(time.Millisecond)
		}
	}
}

// pausedAt gives a Canary one step, which a person must approve, so that a spec can look around at its weight.
func pausedAt(weight int32) func(*v1alpha1.Canary) {
	return func(c *v1alpha1.Canary) {
		climb(weight)(c)
		c.Spec.Steps[0].Approval = v1alpha1.ApprovalRequired
	}
}

// sized gives a Canary a number of pods.
func sized(replicas int32) func(*v1alpha1.Canary) {
	return func(c *v1alpha1.Canary) { c.Spec.Replicas = &replicas }
}

// apexOf is a Service that a user made for the target before the Canary.
func apexOf(namespace string, changes ...func(*corev1.Service)) *corev1.Service {
	apex := &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "foobar"},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": "foobar"}, Ports: []corev1.ServicePort{{Name: "http", Port: 80}},
		},
	}
	for _, change := range changes {
		change(apex)
	}
	return apex
}
