package access

import (
	"cmp"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
)

// It reads access objects and writes their status, nothing else of them.
//
// +kubebuilder:rbac:groups=access.smi-spec.io,resources=traffictargets;identitybindings,verbs=get;list;watch
// +kubebuilder:rbac:groups=access.smi-spec.io,resources=traffictargets/status,verbs=patch
// +kubebuilder:rbac:groups=specs.smi-spec.io,resources=httproutegroups;tcproutes;udproutes,verbs=get;list;watch
// +kubebuilder:rbac:groups=specs.smi-spec.io,resources=httproutegroups/status;tcproutes/status;udproutes/status,verbs=patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch;update

// Options configure the controller.
type Options struct {
	// Namespace is the only one to look at; empty for all.
	Namespace string
	// AbsentRetry is how often a kind that the API server does not serve is looked for again; a minute by default.
	AbsentRetry time.Duration
	// Log gets what no Event tells.
	Log logr.Logger
}

// Setup puts the controller into a manager, which runs it while it leads.
func Setup(mgr ctrl.Manager, o Options) (*Book, error) {
	all := kinds()
	b := &Book{
		kinds: all, targets: all[0], log: o.Log.WithName("access"), wake: make(chan struct{}, 1),
		report: &reporter{
			client: mgr.GetClient(), events: mgr.GetEventRecorder("serin"), now: time.Now,
			told: map[types.UID]string{}, written: map[types.UID]condition{},
		},
	}
	f := &follower{
		config: mgr.GetConfig(), http: mgr.GetHTTPClient(), mapper: mgr.GetRESTMapper(), namespace: o.Namespace,
		changed: b.poke, log: b.log, absentRetry: cmp.Or(o.AbsentRetry, defaultAbsentRetry),
	}
	b.follow = f.follow
	return b, mgr.Add(b)
}
