package integration_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"

	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// question is what a webhook was asked, as far as the specs look at it.
type question struct {
	When, Phase, Version, Revision, Canary, Namespace, Reason string
	Weight, NextWeight                                        int32

	header http.Header
}

func (q question) String() string {
	return fmt.Sprintf("%s %s %s %d->%d %s", q.When, q.Phase, q.Version, q.Weight, q.NextWeight, q.Reason)
}

// service is a webhook's: a real HTTP server that keeps what it was asked.
type service struct {
	url string

	mu     sync.Mutex
	asked  []question
	answer func(question) int
}

// serveHooks answers every question with 200, until told otherwise.
func serveHooks() *service {
	s := &service{answer: func(question) int { return http.StatusOK }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := question{header: r.Header}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		s.asked = append(s.asked, q)
		code := s.answer(q)
		s.mu.Unlock()
		w.WriteHeader(code)
	}))
	DeferCleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *service) say(answer func(question) int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (s *service) questions() []question {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// lines are the questions in words.
func (s *service) lines() []string {
	var all []string
	for _, q := range s.questions() {
		all = append(all, q.String())
	}
	return all
}

// asks has a Canary ask the service at each of some points.
func (s *service) asks(points ...v1alpha1.WebhookPoint) func(*v1alpha1.Canary) {
	return func(c *v1alpha1.Canary) {
		for i, point := range points {
			c.Spec.Webhooks = append(c.Spec.Webhooks, v1alpha1.Webhook{
				Name: fmt.Sprintf("hook-%d", i), When: point, URL: s.url, HeadersFrom: &v1alpha1.SecretReference{Name: "headers"},
			})
		}
	}
}

// everyPoint are all points of a rollout.
var everyPoint = []v1alpha1.WebhookPoint{
	v1alpha1.AfterRollout, v1alpha1.OnRollback, v1alpha1.BeforePromotion, v1alpha1.BeforeStep, v1alpha1.BeforeRollout,
}

var _ = Describe("a webhook", func() {
	headers := func(ctx SpecContext, s *shop) {
		GinkgoHelper()
		Expect(user.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "headers"},
			StringData: map[string]string{"Authorization": "Bearer open sesame", "X-Shop": "birds\n"},
		})).To(Succeed())
	}

	It("is asked at every point in order, with the phase and the revision of that moment and its headers", func(ctx SpecContext) {
		hooks := serveHooks()
		s := openShop(ctx, climb(10, 50), hooks.asks(everyPoint...))
		headers(ctx, s)
		s.release(ctx, "v2")
		s.await(ctx, serves("v2"))
		Eventually(hooks.lines).Should(Equal([]string{
			"BeforeRollout Progressing v2 0->0 ", "BeforeStep Progressing v2 0->10 ", "BeforeStep Progressing v2 10->50 ",
			"BeforePromotion Progressing v2 50->100 ", "AfterRollout Succeeded v2 0->0 Promoted",
		}))
		for _, q := range hooks.questions() {
			Expect(q.Revision).To(Equal(s.canary(ctx).Status.Stable.Revision))
			Expect(q.Canary + " " + q.Namespace).To(Equal("foobar " + s.namespace))
			Expect(q.header.Get("Authorization")).To(Equal("Bearer open sesame"))
			Expect(q.header.Get("X-Shop")).To(Equal("birds"))
		}
	})

	It("is told of a rollback, and of its end", func(ctx SpecContext) {
		hooks := serveHooks()
		s := openShop(ctx, slow(50), hooks.asks(everyPoint...))
		headers(ctx, s)
		s.release(ctx, "v2")
		s.await(ctx, at(50), HaveField("Status.Step.LandedAt", Not(BeNil())))
		release := network.hold(s.namespace) // Nobody waits for what is only told, so the end could come first.
		defer release()
		network.fail(s.namespace, "foobar-v2")
		s.await(ctx, phase(v1alpha1.PhaseRollingBack))
		Eventually(hooks.lines).Should(ContainElement(HavePrefix("OnRollback ")))
		release()
		s.await(ctx, phase(v1alpha1.PhaseRolledBack))
		Eventually(hooks.lines).Should(Equal([]string{
			"BeforeRollout Progressing v2 0->0 ", "BeforeStep Progressing v2 0->50 ",
			"OnRollback RollingBack v2 0->0 AnalysisFailed", "AfterRollout RolledBack v2 0->0 AnalysisFailed",
		}))
	})

	It("that says no before the rollout keeps every pod from being made, until it says yes", func(ctx SpecContext) {
		hooks := serveHooks()
		hooks.say(func(question) int { return http.StatusForbidden })
		s := openShop(ctx, hooks.asks(v1alpha1.BeforeRollout))
		headers(ctx, s)
		made := recordOf[*appsv1.Deployment](ctx, s.namespace, &appsv1.DeploymentList{})
		s.release(ctx, "v2")
		s.await(ctx, phase(v1alpha1.PhaseProgressing), says("webhook hook-0 (BeforeRollout) answered 403 Forbidden"),
			HaveField("Status.Gates", ConsistOf(HaveField("State", v1alpha1.GateRefused))))
		s.splits(ctx, "foobar-v1=100")
		made.catchUp(ctx)
		Expect(made.names()).NotTo(ContainElement("foobar-v2"))
		hooks.say(func(question) int { return http.StatusNoContent })
		s.await(ctx, serves("v2"))
		Eventually(s.events).WithContext(ctx).Should(ContainElement(HavePrefix("Promoted: "))) // Events come in their own time.
		told := 0
		for _, e := range s.events(ctx) {
			if len(e) > 0 && e[:min(len(e), 17)] == "WaitingForWebhook" {
				told++
			}
		}
		Expect(told).To(Equal(1), "people are told once")
	})

	It("whose Secret is missing says so, and is asked again when it is there", func(ctx SpecContext) {
		hooks := serveHooks()
		s := openShop(ctx, hooks.asks(v1alpha1.BeforeRollout), func(c *v1alpha1.Canary) {
			c.Spec.Webhooks[0].OnRefusal = v1alpha1.RefusalRollBack
			c.Spec.Webhooks[0].Retries = new(int32)
		})
		s.release(ctx, "v2")
		s.await(ctx, phase(v1alpha1.PhaseRolledBack), says(`"headers"`))
		Expect(hooks.questions()).To(BeEmpty())
		headers(ctx, s)
		s.tell(ctx, "1", v1alpha1.VerbRetry)
		s.await(ctx, serves("v3"))
		Expect(hooks.questions()).To(HaveLen(1))
	})
})
