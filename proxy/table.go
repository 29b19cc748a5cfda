package proxy

import (
	"net/netip"

	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/enforce"
	"github.com/serin-dev/serin/policy"
)

// table is everything that requests are carried by. It does not change once it is built: whatever happens makes a new one,
// and readers keep the one they started with. Only the states that endpoints point to live on from table to table.
type table struct {
	apexes map[types.NamespacedName]*apex
	routes map[frontKey]*route
	pods   *enforce.Pods
	graph  authorizer
	// states are those of every endpoint in the routes.
	states map[endpointKey]*endpointState
	// named are the Services that any split names, whether they exist or not.
	named    map[types.NamespacedName]bool
	problems []problem
	// superseded is closed when another table is in force.
	superseded chan struct{}
}

// authorizer is what the proxy asks of a policy.Graph.
type authorizer interface {
	Authorize(r policy.Request) policy.Decision
}

// accessMode is what the decisions of policy are used for.
type accessMode string

// Access modes, as the split's annotation spells them.
const (
	accessOff     accessMode = "Off"
	accessAudit   accessMode = "Audit"
	accessEnforce accessMode = "Enforce"
)

// apex is a Service that a split shares among backends.
type apex struct {
	types.NamespacedName

	split           types.NamespacedName
	splitUID        types.UID
	splitAPIVersion string
	// canary is the split's label of that name, copied to the EndpointSlice.
	canary string
	mode   accessMode
	// shares are the split's backends and weights as they were last valid.
	shares []split.Backend
}

// servicePort is a TCP port of a Service.
type servicePort struct {
	number      int32
	name        string
	appProtocol string
}

// frontKey names one listener: a port, by its number, of an apex. A port that begins or ceases to be HTTP gets another listener.
type frontKey struct {
	apex types.NamespacedName
	port int32
	raw  bool
}

// route is how the requests to one port of an apex are carried.
type route struct {
	apex *apex
	port servicePort
	// raw says that connections are carried as they are, because the port is not HTTP.
	raw bool
	// http2 says that the backends speak HTTP/2 without TLS at this port.
	http2 bool
	// versions have a positive weight and this port; live are those of them that have an endpoint.
	versions wheel
	live     wheel
}

func (r *route) key() frontKey {
	return frontKey{apex: r.apex.NamespacedName, port: r.port.number, raw: r.raw}
}

// version is a backend with its endpoints at one port.
type version struct {
	backend string
	weight  int64
	// terminating says that there was no ready endpoint, so that these are the ones that still serve.
	terminating bool
	endpoints   []*endpoint
}

// endpoint is one port of one pod, as a backend of a split.
type endpoint struct {
	address netip.AddrPort
	// host is the address as the host of a URL.
	host  string
	pod   *enforce.Pod
	key   endpointKey
	state *endpointState
}

// endpointKey tells endpoints apart across tables.
type endpointKey struct {
	apex    types.NamespacedName
	split   string
	backend string
	address netip.AddrPort
	pod     string
}

// problem is what is wrong with a split, or missing around it.
type problem struct {
	split    types.NamespacedName
	splitUID types.UID
	// reason is one CamelCase word, message one sentence.
	reason, message string
}
