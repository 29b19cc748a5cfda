package cluster

import (
	"context"
	"errors"
	"strings"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/traffic"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
)

// newRaw makes a client without a limit of its own: who asks much bounds how much at a time.
func newRaw(config *rest.Config) (rest.Interface, error) {
	config = rest.CopyConfig(config)
	config.APIPath, config.QPS = "/apis", -1
	config.ContentConfig = rest.ContentConfig{
		AcceptContentTypes: runtime.ContentTypeJSON, ContentType: runtime.ContentTypeJSON,
		NegotiatedSerializer: serializer.NewCodecFactory(runtime.NewScheme()).WithoutConversion(),
	}
	return rest.UnversionedRESTClientFor(config)
}

// Traffic asks the TrafficMetrics server. It reads whatever form the answer has; an error is one sentence.
func (c *Client) Traffic(ctx context.Context, q traffic.Question) (traffic.Answer, error) {
	for _, segment := range []string{q.Namespace, q.Name} {
		if faults := content.IsPathSegmentName(segment); len(faults) > 0 {
			return traffic.Answer{}, saying(thisOne, "%q is no name: it %s", segment, strings.Join(faults, " and "))
		}
	}
	request := c.raw.Get().AbsPath(q.Path()...).MaxRetries(retries)
	if q.Window > 0 {
		request = request.Param("window", q.Window.String())
	}
	if q.Selector != "" {
		request = request.Param("labelSelector", q.Selector)
	}
	r := c.ask(ctx, request)
	if r.err != nil {
		return traffic.Answer{}, c.trafficError(ctx, q, r)
	}
	answer, err := traffic.Read(r.body)
	if err != nil {
		return traffic.Answer{}, saying(thisOne, "the TrafficMetrics server's answer cannot be understood: %v", err)
	}
	return answer, nil
}

// retries bounds how often a server may ask to be asked again later, which it does when it is busy.
const retries = 2

// reply is what came back of a request.
type reply struct {
	body []byte
	// code is that of HTTP, 0 if there was no answer.
	code int
	err  error
}

func (c *Client) ask(ctx context.Context, request *rest.Request) reply {
	var r reply
	r.body, r.err = request.Do(ctx).StatusCode(&r.code).Raw()
	var status apierrors.APIStatus
	if r.code != 0 || !errors.As(r.err, &status) {
		return r
	}
	// An answer in a form that the client does not decode, such as text, is left in its error alone.
	said := status.Status()
	r.code, r.body = int(said.Code), []byte(said.Message)
	if said.Details != nil && len(said.Details.Causes) > 0 {
		r.body = []byte(said.Details.Causes[0].Message)
	}
	return r
}
