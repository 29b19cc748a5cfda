package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	"k8s.io/apiserver/pkg/endpoints/request"

	smi "github.com/serin-dev/serin/api/smi/metrics"
)

type lengthKey struct{}

// withRequest prepares requests for the group's resources: it reads ?window=, which the generic machinery does not know, and
// gives the path of a namespace's edges its meaning. It belongs inside authorisation, which must see the request as it came.
func withRequest(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, known := request.RequestInfoFrom(r.Context())
		if !known || !info.IsResourceRequest || info.APIGroup != smi.GroupVersion.Group {
			next.ServeHTTP(w, r)
			return
		}
		length, err := windowOf(r.URL.Query())
		if err != nil {
			responsewriters.ErrorNegotiated(apierrors.NewBadRequest(err.Error()), Codecs, smi.GroupVersion, w, r)
			return
		}
		ctx := context.WithValue(r.Context(), lengthKey{}, length)
		if info.Resource == "edges" && info.Name == "" && info.Namespace != "" {
			ctx = request.WithRequestInfo(ctx, edgesOfNamespace(*info))
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// windowOf reads the length of the window. Whether it can be answered is not its concern.
func windowOf(query url.Values) (time.Duration, error) {
	asked := query["window"]
	switch len(asked) {
	case 0:
		return DefaultWindow, nil
	case 1:
		length, err := time.ParseDuration(asked[0])
		if err != nil {
			return 0, fmt.Errorf("window %q is not a length of time such as 10s", asked[0])
		}
		return length, nil
	default:
		return 0, fmt.Errorf("window is given %d times", len(asked))
	}
}

// edgesOfNamespace reads /namespaces/NAME/edges as the edges of NAME.
func edgesOfNamespace(info request.RequestInfo) *request.RequestInfo {
	info.Resource, info.Subresource = "namespaces", "edges"
	info.Name, info.Verb = info.Namespace, "get"
	return &info
}

// read returns the newest complete window of the length the request asks for.
func (s Source) read(ctx context.Context) (reading, error) {
	length, given := ctx.Value(lengthKey{}).(time.Duration)
	if !given {
		length = DefaultWindow
	}
	r, err := s.Measurements.Read(length, s.Now())
	return reading{Reading: r, buckets: &bucketNames{}}, status(err)
}
