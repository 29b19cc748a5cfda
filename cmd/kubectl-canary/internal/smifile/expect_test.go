package smifile_test

import (
	"strings"
	"testing"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/smifile"
	"github.com/serin-dev/serin/policy"

	"github.com/google/go-cmp/cmp"
)

func TestExpectations(t *testing.T) {
	got, err := smifile.Expectations([]byte(`
- {from: shop/a, to: shop/b, port: 80, want: deny, name: raw}
- {from: shop/a, to: shop/b, port: 80, path: /x, headers: {X-A: one, X-B: [two, three]}, want: allow}
- {from: shop/a, to: shop/b, port: 80, protocol: HTTP, method: POST, host: shop.example, want: allow}
`))
	if err != nil {
		t.Fatal(err)
	}
	a, b := policy.Identity{Namespace: "shop", ServiceAccount: "a"}, policy.Identity{Namespace: "shop", ServiceAccount: "b"}
	want := []smifile.Expectation{
		{Name: "raw", Want: "deny", Request: policy.Request{Source: a, Destination: b, Port: 80, Protocol: policy.TCP}},
		{Want: "allow", Request: policy.Request{
			Source: a, Destination: b, Port: 80, Protocol: policy.HTTP, Method: "GET", Path: "/x",
			Headers: map[string][]string{"X-A": {"one"}, "X-B": {"two", "three"}},
		}},
		{Want: "allow", Request: policy.Request{Source: a, Destination: b, Port: 80, Protocol: policy.HTTP, Method: "POST", Path: "/", Host: "shop.example"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestExpectationsRefuse(t *testing.T) {
	for text, want := range map[string]string{
		"":      "it has no expectation",
		"tea":   "it is no YAML list of expectations: ",
		"- tea": "expectation 1: ",
		"- {from: a/b, to: c/d, port: 1, want: allow}\n- {from: a/b, to: c/d, port: 1, want: maybe}": `expectation 2: want is "maybe": it is allow or deny`,
		"- {from: a, to: c/d, port: 1, want: allow}":                                                 `expectation 1: from: "a" is no ServiceAccount: write NAMESPACE/NAME, for example shop/cart`,
		"- {from: a/b, to: c/*, port: 1, want: allow}":                                               `expectation 1: to: "c/*" is no ServiceAccount: write NAMESPACE/NAME, for example shop/cart`,
		"- {from: a/b, to: c/d, port: 65536, want: allow}":                                           "expectation 1: port 65536 is not between 1 and 65535",
		"- {from: a/b, to: c/d, port: 1, protocol: udp, want: allow}":                                `expectation 1: protocol "udp" is not known: use tcp or http`,
		"- {from: a/b, to: c/d, port: 1, protocol: tcp, path: /, want: deny}":                        "expectation 1: a request of protocol tcp has no method, path, host or headers",
		"- {from: a/b, to: c/d, port: 1, tea: 1, want: deny}":                                        `expectation 1: unknown field "tea"`,
		"- {from: a/b, to: c/d, port: 1, headers: {a: 1}, want: deny}":                               "expectation 1: the value of a header is a text or a list of texts",
	} {
		_, err := smifile.Expectations([]byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
	}
}

func FuzzExpectations(f *testing.F) {
	f.Add([]byte("- {from: shop/a, to: shop/b, port: 80, headers: {a: [b]}, want: deny}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := smifile.Expectations(text)
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("the error has several lines: %q", err)
		}
		if err == nil && len(all) == 0 {
			t.Error("there are no expectations and no error")
		}
	})
}
