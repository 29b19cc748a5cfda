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
	"github.com/serin-dev/serin/metrics/source"
	"github.com/serin-dev/serin/metrics/window"
)

type spanKey struct{}

// withRequest prepares requests for the group's resources: it reads ?window= and ?since=, which the generic machinery does
// not know, and gives the path of a namespace's edges its meaning. It belongs inside authorisation, which must see the request
// as it came.
func withRequest(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, known := request.RequestInfoFrom(r.Context())
		if !known || !info.IsResourceRequest || info.APIGroup != smi.GroupVersion.Group {
			next.ServeHTTP(w, r)
			return
		}
		span, err := spanOf(r.URL.Query())
		if err != nil {
			responsewriters.ErrorNegotiated(apierrors.NewBadRequest(err.Error()), Codecs, smi.GroupVersion, w, r)
			return
		}
		ctx := context.WithValue(r.Context(), spanKey{}, span)
		if info.Resource == "edges" && info.Name == "" && info.Namespace != "" {
			ctx = request.WithRequestInfo(ctx, edgesOfNamespace(*info))
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// spanOf reads which window is asked for. Whether it can be answered is not its concern.
func spanOf(query url.Values) (window.Span, error) {
	span := window.Span{Length: DefaultWindow}
	length, given, err := once(query, "window")
	if err != nil {
		return span, err
	}
	if given {
		if span.Length, err = time.ParseDuration(length); err != nil {
			return span, fmt.Errorf("window %.40q is not a length of time such as 10s", length)
		}
	}
	since, given, err := once(query, "since")
	if err != nil || !given {
		return span, err
	}
	if span.Since, err = time.Parse(time.RFC3339, since); err != nil {
		return span, fmt.Errorf("since %.40q is not a time such as 2019-04-08T22:25:55Z", since)
	}
	if span.Since.Before(time.Unix(0, 0)) { // the zero time would be none at all
		return span, fmt.Errorf("since %.40q lies before 1970", since)
	}
	return span, nil
}

// once returns a parameter that may be given once.
func once(query url.Values, name string) (value string, given bool, err error) {
	switch values := query[name]; len(values) {
	case 0:
		return "", false, nil
	case 1:
		return values[0], true, nil
	default:
		return "", true, fmt.Errorf("%s is given %d times", name, len(values))
	}
}

// edgesOfNamespace reads /namespaces/NAME/edges as the edges of NAME.
func edgesOfNamespace(info request.RequestInfo) *request.RequestInfo {
	info.Resource, info.Subresource = "namespaces", "edges"
	info.Name, info.Verb = info.Namespace, "get"
	return &info
}

// ask puts a question about the window that the request asks for. Its errors are the source's.
func (b Backing) ask(ctx context.Context, q source.Question) (reading, error) {
	span, given := ctx.Value(spanKey{}).(window.Span)
	if !given {
		span = window.Span{Length: DefaultWindow}
	}
	q.Span, q.Now = span, b.Now()
	r, err := b.Source.Read(ctx, q)
	return reading{Reading: r, buckets: &bucketNames{}}, err
}

// read is ask with errors that are answers to the request.
func (b Backing) read(ctx context.Context, q source.Question) (reading, error) {
	r, err := b.ask(ctx, q)
	return r, status(err)
}
