package integration_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"

	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// mailbox is a service that takes CloudEvents. It is away until it opens.
type mailbox struct {
	address string

	mu     sync.Mutex
	events []cloudEvent
}

// cloudEvent is what it gets, as far as the specs look at it.
type cloudEvent struct {
	ID   string
	Data struct {
		Seq                        int64
		Rollout, Reason, Namespace string
	}
}

func (e cloudEvent) String() string {
	return fmt.Sprintf("%d %s %s", e.Data.Seq, e.Data.Rollout, e.Data.Reason)
}

// newMailbox finds an address at which nobody listens.
func newMailbox() *mailbox {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	Expect(listener.Close()).To(Succeed())
	return &mailbox{address: listener.Addr().String()}
}

// open takes events from now on.
func (m *mailbox) open() {
	GinkgoHelper()
	var listener net.Listener
	Eventually(func() (err error) { // somebody else may have the port for a moment
		listener, err = net.Listen("tcp", m.address)
		return err
	}).Should(Succeed())
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := cloudEvent{}
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		m.mu.Lock()
		m.events = append(m.events, e)
		m.mu.Unlock()
		w.WriteHeader(http.StatusAccepted)
	}))
	Expect(server.Listener.Close()).To(Succeed())
	server.Listener = listener
	server.Start()
	DeferCleanup(server.Close)
}

// got are the events in the order in which they came.
func (m *mailbox) got() []cloudEvent {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.events)
}

// lines are the events in words.
func (m *mailbox) lines() []string {
	var all []string
	for _, e := range m.got() {
		all = append(all, e.String())
	}
	return all
}

var _ = Describe("a service that is told of transitions", func() {
	It("and was away for whole rollouts and restarts of the controller gets all of them in order, each once", Serial, func(ctx SpecContext) {
		box := newMailbox()
		s := newShop(ctx)
		Expect(user.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "mailbox"},
			StringData: map[string]string{"address": "http://" + box.address + "/events"},
		})).To(Succeed())
		s.push(ctx)
		s.add(ctx, func(c *v1alpha1.Canary) {
			c.Spec.Notifications = []v1alpha1.Notification{{
				Webhook: &v1alpha1.AddressNotification{SecretRef: v1alpha1.SecretReference{Name: "mailbox"}},
			}}
		})
		s.await(ctx, serves("v1"))
		s.release(ctx, "v2")
		s.await(ctx, serves("v2"))
		s.release(ctx, crashing)
		s.await(ctx, phase(v1alpha1.PhaseRolledBack))
		story := []string{"1 v1 Adopted", "2 v2 NewRevision", "3 v2 Promoted", "4 v3 NewRevision", "5 v3 PodsFailing"}
		s.await(ctx, HaveField("Status.Announcements", HaveLen(len(story))), HaveField("Status.Deliveries", ConsistOf(HaveField("Seq", BeZero()))))

		controller.stop() // What was not delivered stands in the status only.
		box.open()
		controller = startController()
		Eventually(box.lines).Should(Equal(story))
		s.await(ctx, HaveField("Status.Announcements", BeEmpty()), HaveField("Status.Deliveries", ConsistOf(HaveField("Seq", BeEquivalentTo(5)))))

		controller.stop()
		controller = startController()
		s.release(ctx, "v4")
		s.await(ctx, serves("v4"))
		story = append(story, "6 v4 NewRevision", "7 v4 Promoted")
		Eventually(box.lines).Should(Equal(story), "nothing is told again")
		ids := map[string]bool{}
		for _, e := range box.got() {
			ids[e.ID] = true
		}
		Expect(ids).To(HaveLen(len(story)))
	})
})
