package traffic

import (
	"strings"

	"github.com/serin-dev/serin/api/smi/metrics"
)

// Words of edges in the API.
const (
	server = "server"
	client = "client"
	from   = "from"
	to     = "to"
)

// ways completes what an edge leaves out: requests from another are counted by the server, and those to another by the client.
func ways(e metrics.Edge) (direction, side string) {
	direction, side = strings.ToLower(e.Direction), strings.ToLower(e.Side)
	switch {
	case direction == from || direction == to:
	case side == server:
		direction = from
	case side == client:
		direction = to
	default:
		return "", ""
	}
	switch {
	case side == server || side == client:
	case direction == from:
		side = server
	default:
		side = client
	}
	return direction, side
}

// Ends are the objects at both ends of an item that is an edge, and the side that counted it. They are false for an item that names
// no other end or no direction.
func (q Question) Ends(item *metrics.TrafficMetrics) (caller, callee Object, side string, isEdge bool) {
	here, there := q.Of(item), q.object(item.Edge.Resource)
	direction, side := ways(item.Edge)
	switch {
	case there.Name == "" || direction == "":
		return Object{}, Object{}, "", false
	case direction == from:
		return there, here, side, true
	}
	return here, there, side, true
}
