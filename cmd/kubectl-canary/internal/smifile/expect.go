package smifile

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/serin-dev/serin/policy"

	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"
)

// Question is a request as people write it.
type Question struct {
	// From and To are ServiceAccounts, as namespace/name.
	From string `json:"from"`
	To   string `json:"to"`
	// Port is that of the pods that are called.
	Port int32 `json:"port"`
	// Protocol is tcp or http; left out, it is http if anything below is given.
	Protocol string            `json:"protocol"`
	Method   string            `json:"method"`
	Path     string            `json:"path"`
	Host     string            `json:"host"`
	Headers  map[string]Values `json:"headers"`
}

// Values are those of a header: one text, or a list of them.
type Values []string

// UnmarshalJSON reads one text or a list.
func (v *Values) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*v = Values{one}
		return nil
	}
	var many []string
	if json.Unmarshal(data, &many) != nil {
		return errors.New("the value of a header is a text or a list of texts")
	}
	*v = many
	return nil
}

// Request is the question as policy reads it, or a sentence about what is wrong with it.
func (q Question) Request() (policy.Request, error) {
	r := policy.Request{Port: q.Port, Protocol: policy.TCP}
	var err error
	if r.Source, err = account("from", q.From); err != nil {
		return r, err
	}
	if r.Destination, err = account("to", q.To); err != nil {
		return r, err
	}
	if q.Port < 1 || q.Port > 65535 {
		return r, fmt.Errorf("port %d is not between 1 and 65535", q.Port)
	}
	isHTTP := q.Method != "" || q.Path != "" || q.Host != "" || len(q.Headers) > 0
	switch strings.ToLower(q.Protocol) {
	case "http":
		isHTTP = true
	case "tcp":
		if isHTTP {
			return r, errors.New("a request of protocol tcp has no method, path, host or headers")
		}
	case "":
	default:
		return r, fmt.Errorf("protocol %q is not known: use tcp or http", q.Protocol)
	}
	if isHTTP {
		q.fill(&r)
	}
	return r, nil
}

func (q Question) fill(r *policy.Request) {
	r.Protocol, r.Method, r.Path, r.Host = policy.HTTP, q.Method, q.Path, q.Host
	if r.Method == "" {
		r.Method = "GET"
	}
	if r.Path == "" {
		r.Path = "/"
	}
	for name, values := range q.Headers {
		if r.Headers == nil {
			r.Headers = map[string][]string{}
		}
		r.Headers[name] = values
	}
}

func account(what, text string) (policy.Identity, error) {
	id, err := Account(text)
	if err != nil {
		return id, fmt.Errorf("%s: %w", what, err)
	}
	return id, nil
}

// Account reads NAMESPACE/SERVICEACCOUNT.
func Account(text string) (policy.Identity, error) {
	namespace, name, _ := strings.Cut(text, "/")
	if len(validation.IsDNS1123Label(namespace)) > 0 || len(validation.IsDNS1123Subdomain(name)) > 0 {
		return policy.Identity{}, fmt.Errorf("%q is no ServiceAccount: write NAMESPACE/NAME, for example shop/cart", text)
	}
	return policy.Identity{Namespace: namespace, ServiceAccount: name}, nil
}

// Answers that an expectation can want.
const (
	Allow = "allow"
	Deny  = "deny"
)

// Expectation is a request, and what is wanted of it.
type Expectation struct {
	Name    string
	Want    string
	Request policy.Request
}

// Expectations reads a YAML list of questions with what is wanted.
func Expectations(text []byte) ([]Expectation, error) {
	var items []json.RawMessage
	if err := yaml.UnmarshalStrict(text, &items); err != nil {
		return nil, errors.New("it is no YAML list of expectations: " + plain(err))
	}
	if len(items) == 0 {
		return nil, errors.New("it has no expectation")
	}
	all := make([]Expectation, 0, len(items))
	for i, item := range items {
		e, err := expectation(item)
		if err != nil {
			return nil, fmt.Errorf("expectation %d: %w", i+1, err)
		}
		all = append(all, e)
	}
	return all, nil
}

func expectation(item []byte) (Expectation, error) {
	var e struct {
		Question

		Name string `json:"name"`
		Want string `json:"want"`
	}
	if err := yaml.UnmarshalStrict(item, &e); err != nil {
		return Expectation{}, errors.New(plain(err))
	}
	if e.Want != Allow && e.Want != Deny {
		return Expectation{}, fmt.Errorf("want is %q: it is allow or deny", e.Want)
	}
	r, err := e.Request()
	return Expectation{e.Name, e.Want, r}, err
}
