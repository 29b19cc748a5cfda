package certificate

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

func TestListsAreNarrowedToOneName(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.RequestURI())
	}))
	defer server.Close()
	config := narrow(&rest.Config{Host: server.URL + "/k8s"}, types.NamespacedName{Namespace: "n", Name: "s"}, "v1.a")
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	const ours, group = "/k8s/api/v1/namespaces/n/secrets", "/k8s/apis/apiregistration.k8s.io/v1"
	for _, request := range []struct{ method, path string }{
		{http.MethodGet, ours + "?watch=true"},
		{http.MethodGet, ours + "/s"},
		{http.MethodPut, ours + "/s"},
		{http.MethodGet, "/k8s/api/v1/namespaces/m/secrets"},
		{http.MethodGet, group + "/apiservices?limit=500"},
		{http.MethodPut, group + "/apiservices/v1.a"},
		{http.MethodGet, group},
	} {
		made, err := http.NewRequestWithContext(t.Context(), request.method, server.URL+request.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(made)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	want := []string{
		"GET " + ours + "?fieldSelector=metadata.name%3Ds&watch=true",
		"GET " + ours + "/s",
		"PUT " + ours + "/s",
		"GET /k8s/api/v1/namespaces/m/secrets",
		"GET " + group + "/apiservices?fieldSelector=metadata.name%3Dv1.a&limit=500",
		"PUT " + group + "/apiservices/v1.a",
		"GET " + group,
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}
