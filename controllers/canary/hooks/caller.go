package hooks

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/serin-dev/serin/analysis"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
)

// Caller asks webhooks in the background. It is a manager.Runnable that runs on the leader only.
type Caller struct {
	opts   Options
	counts counts
	// slots bounds the requests in flight.
	slots chan struct{}

	mu       sync.Mutex
	canaries map[types.UID]*canary
	uids     map[types.NamespacedName]types.UID
	// root is the context of Start; nil before and after it.
	root    context.Context
	running sync.WaitGroup
}

// canary holds the questions of one Canary that are awaited.
type canary struct {
	name      types.NamespacedName
	uid       types.UID
	slots     chan struct{}
	questions map[key]*question
}

// key is what a question is asked once for.
type key struct {
	id  string
	ask int32
}

// question is a call on its way.
type question struct {
	call analysis.Call
	// of is the Canary it is about.
	of *canary
	// cancel ends its goroutine.
	cancel context.CancelFunc
	// answer is nil until it came.
	answer *analysis.Answer
}

// New makes a Caller. Questions may be handed over at once; they are asked while Start runs.
func New(opts Options) *Caller {
	opts = opts.withDefaults()
	return &Caller{
		opts:     opts,
		counts:   newCounts(opts.Registerer),
		slots:    make(chan struct{}, opts.Concurrency),
		canaries: map[types.UID]*canary{},
		uids:     map[types.NamespacedName]types.UID{},
	}
}

// Await says which questions of a Canary are awaited now, and returns at once. Each is asked once per ID and Ask, after its
// Wait; those that are awaited no more are given up, and their answers forgotten. No calls forget the Canary. A webhook that
// was edited before it answered is asked anew, because its old address may be what was wrong.
func (c *Caller) Await(name types.NamespacedName, uid types.UID, calls []analysis.Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.uids[name]; ok && (old != uid || len(calls) == 0) {
		c.forget(old)
	}
	if len(calls) == 0 {
		c.forget(uid)
		return
	}
	of := c.canaries[uid]
	if of == nil {
		share := max(c.opts.Concurrency/4, 1)
		of = &canary{name: name, uid: uid, slots: make(chan struct{}, share), questions: map[key]*question{}}
		c.canaries[uid], c.uids[name] = of, uid
	}
	awaited := map[key]bool{}
	for _, call := range calls {
		k := key{call.ID, call.Ask}
		awaited[k] = true
		if q := of.questions[k]; q != nil {
			if q.answer != nil || equality.Semantic.DeepEqual(q.call.Webhook, call.Webhook) {
				continue
			}
			q.cancel()
		}
		call.Webhook = *call.Webhook.DeepCopy()
		of.questions[k] = &question{call: call, of: of, cancel: func() {}}
		c.begin(of.questions[k])
	}
	for k, q := range of.questions {
		if !awaited[k] {
			q.cancel()
			delete(of.questions, k)
		}
	}
}

// Forget gives up what is awaited for a Canary that is gone, whose UID nobody knows any more.
func (c *Caller) Forget(name types.NamespacedName) { c.Await(name, "", nil) }

// forget is called with the lock held.
func (c *Caller) forget(uid types.UID) {
	of := c.canaries[uid]
	if of == nil {
		return
	}
	for _, q := range of.questions {
		q.cancel()
	}
	delete(c.canaries, uid)
	delete(c.uids, of.name)
}

// Answers are the answers to what is awaited for a Canary, in the order of their IDs.
func (c *Caller) Answers(uid types.UID) []analysis.Answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	var answers []analysis.Answer
	if of := c.canaries[uid]; of != nil {
		for _, q := range of.questions {
			if q.answer != nil {
				answers = append(answers, *q.answer)
			}
		}
	}
	slices.SortFunc(answers, func(a, b analysis.Answer) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Ask, b.Ask))
	})
	return answers
}

// Start asks what is awaited until the context ends, and returns when every goroutine of it has. It is called once.
func (c *Caller) Start(ctx context.Context) error {
	c.mu.Lock()
	c.root = ctx
	for _, of := range c.canaries {
		for _, q := range of.questions {
			c.begin(q)
		}
	}
	c.mu.Unlock()
	<-ctx.Done()
	c.mu.Lock()
	c.root = nil // nothing begins from here on
	c.mu.Unlock()
	c.running.Wait()
	c.opts.HTTPClient.CloseIdleConnections()
	return nil
}

// NeedLeaderElection says that only the leader asks.
func (c *Caller) NeedLeaderElection() bool { return true }

// begin starts a question's goroutine while Start runs. It is called with the lock held.
func (c *Caller) begin(q *question) {
	if c.root == nil {
		return
	}
	ctx, cancel := context.WithCancel(c.root)
	q.cancel = cancel
	c.running.Go(func() {
		defer cancel()
		answer, came := c.ask(ctx, q)
		if came && c.keep(ctx, q, answer) {
			c.opts.Answered(q.of.name)
		}
	})
}

// keep records an answer, and says whether it is still awaited.
func (c *Caller) keep(ctx context.Context, q *question, answer analysis.Answer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	q.answer = &answer
	return true
}
