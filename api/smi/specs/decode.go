package specs

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apijson "k8s.io/apimachinery/pkg/util/json"

	"github.com/serin-dev/serin/api/smi/internal/wire"
)

// published is a route object as it is stored: v1alpha1 and v1alpha2 keep matches at the top level, later versions in spec.
type published struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec    json.RawMessage `json:"spec"`
	Matches json.RawMessage `json:"matches"`
	Status  json.RawMessage `json:"status"`
}

// UnmarshalJSON reads an HTTPRouteGroup of any published version, whatever apiVersion the API server put on it. Only
// metadata that is none is an error; anything else that is not understood becomes one of Spec.Problems.
func (g *HTTPRouteGroup) UnmarshalJSON(data []byte) error {
	var object published
	if err := apijson.Unmarshal(data, &object); err != nil {
		return fmt.Errorf("reading an HTTPRouteGroup: %w", err)
	}
	var log wire.Log
	matches := log.Open("spec", object.Spec).Field("matches")
	if top := log.Open("matches", object.Matches); top.Present() {
		if matches.Present() {
			log.Fault("the object has both spec.matches and top-level matches; which of them holds is unclear")
		}
		matches = top
	}
	spec := HTTPRouteGroupSpec{Matches: wire.Keep(matches, readHTTPMatch)}
	spec.Problems = log.Problems()
	*g = HTTPRouteGroup{TypeMeta: object.TypeMeta, ObjectMeta: object.ObjectMeta, Spec: spec, Status: readStatus(object.Status)}
	return nil
}

func readHTTPMatch(v wire.Value) HTTPMatch {
	return HTTPMatch{
		Name:      v.Field("name").RequiredText(),
		PathRegex: v.Field("pathRegex").Text(),
		Methods:   wire.Keep(v.Field("methods"), wire.Value.RequiredText),
		Headers:   readHeaders(v.Field("headers")),
	}
}

// readHeaders reads both wire forms: one map, and a list of maps. All of them must hold, so a header that a list names
// twice with two expressions has no place in the hub's map and is a problem.
func readHeaders(v wire.Value) map[string]string {
	forms := []wire.Value{v}
	if v.IsList() {
		forms = v.Items()
	}
	var headers map[string]string
	for _, form := range forms {
		for _, name := range form.Keys() {
			header := form.Field(name)
			regex := header.Text()
			if former, twice := headers[name]; twice && former != regex {
				header.Fault("is given twice, with different expressions")
			}
			if !header.Present() {
				header.Fault("is null")
			}
			if headers == nil {
				headers = map[string]string{}
			}
			headers[name] = regex
		}
	}
	return headers
}

// UnmarshalJSON reads a TCPRoute of any published version, whatever apiVersion the API server put on it; v1alpha1 and
// v1alpha2 have metadata only and mean every port. Only metadata that is none is an error; anything else that is not
// understood becomes one of Spec.Problems.
func (r *TCPRoute) UnmarshalJSON(data []byte) error {
	var object published
	if err := apijson.Unmarshal(data, &object); err != nil {
		return fmt.Errorf("reading a TCPRoute: %w", err)
	}
	var log wire.Log
	name, ports := object.ports(&log)
	spec := TCPRouteSpec{Matches: TCPMatch{Name: name, Ports: ports}, Problems: log.Problems()}
	*r = TCPRoute{TypeMeta: object.TypeMeta, ObjectMeta: object.ObjectMeta, Spec: spec, Status: readStatus(object.Status)}
	return nil
}

// UnmarshalJSON reads a UDPRoute, whatever apiVersion the API server put on it. Only metadata that is none is an error; anything
// else that is not understood becomes one of Spec.Problems.
func (r *UDPRoute) UnmarshalJSON(data []byte) error {
	var object published
	if err := apijson.Unmarshal(data, &object); err != nil {
		return fmt.Errorf("reading a UDPRoute: %w", err)
	}
	var log wire.Log
	name, ports := object.ports(&log)
	spec := UDPRouteSpec{Matches: UDPMatch{Name: name, Ports: ports}, Problems: log.Problems()}
	*r = UDPRoute{TypeMeta: object.TypeMeta, ObjectMeta: object.ObjectMeta, Spec: spec, Status: readStatus(object.Status)}
	return nil
}

// ports reads the match of a TCPRoute or a UDPRoute.
func (p published) ports(log *wire.Log) (name string, ports []int32) {
	if top := log.Open("matches", p.Matches); top.Present() {
		top.Fault("is at the top level, where no version has it; ports belong in spec.matches.ports")
	}
	matches := log.Open("spec", p.Spec).Field("matches")
	return matches.Field("name").Text(), wire.Keep(matches.Field("ports"), wire.Value.Port)
}

// readStatus reads what Serin once said. A status of another form is someone else's, and none to Serin.
func readStatus(data json.RawMessage) Status {
	var s Status
	if len(data) == 0 || apijson.Unmarshal(data, &s) != nil {
		return Status{}
	}
	return s
}
