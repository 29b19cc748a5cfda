package proxy

import (
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/serin-dev/serin/policy"
)

// maxAttempts is how many endpoints one request is tried at.
const maxAttempts = 5

// exchange is one request on its way to a pod and back. It is used by the request's own goroutine only.
type exchange struct {
	plane  *plane
	table  *table
	route  *route
	caller *pod
	peer   netip.Addr
	start  time.Time

	// inbound is the request as the client sent it.
	inbound *http.Request
	// body is the request's body, nil without one.
	body *replay
	// current is the endpoint that has the request now, of the version that was drawn.
	current *endpoint
	version *version
	tried   []*endpoint
	room    [maxAttempts]*endpoint
	// left are the versions that the request can still go to.
	left wheel
	// stay says that the request may have reached a pod, so that it must not leave the version.
	stay bool
	// denied says that policy denied the request and that this was counted.
	denied bool
	// ended says that the request was counted, or must not be.
	ended bool

	proxy httputil.ReverseProxy
}

// RoundTrip implements http.RoundTripper for the reverse proxy of this one exchange: it finds an endpoint that takes the
// request. It answers for itself where there is none, and where policy denies the request.
func (x *exchange) RoundTrip(out *http.Request) (*http.Response, error) {
	x.prepare(out)
	for x.next() {
		if reason := x.denial(out); reason != "" {
			x.ended = true
			return respond(out, http.StatusForbidden, forbidden(reason)), nil
		}
		response, err := x.attempt(out)
		if err == nil {
			return x.answered(response), nil
		}
		if !x.mayMove(out, err) {
			return x.broken(out, err)
		}
	}
	return x.exhausted(out), nil
}

// prepare makes the request one that can be sent again, adds the caller to X-Forwarded-For, and lets the trailers through, which
// the client's request has only when its body has been read.
func (x *exchange) prepare(out *http.Request) {
	out.Trailer = x.inbound.Trailer
	if out.Body != nil && out.Body != http.NoBody {
		x.body = &replay{source: out.Body}
	}
	if x.peer.IsValid() {
		chain := append(out.Header["X-Forwarded-For"], x.peer.String())
		out.Header["X-Forwarded-For"] = []string{strings.Join(chain, ", ")}
	}
	if _, given := out.Header["Idempotency-Key"]; !given && isIdempotent(out) {
		// Without values it is not sent; it tells net/http what it knows of GET alone: that the request may be sent again.
		out.Header["Idempotency-Key"] = nil
	}
}

// next moves the request on to the next endpoint, and reports whether there is one.
func (x *exchange) next() bool {
	if x.current != nil {
		x.current.state.end()
		x.current = nil
	}
	if x.tried == nil {
		x.tried, x.left = x.room[:0], x.route.live
		x.version = x.left.spin(x.plane.draw)
	}
	for x.version != nil && len(x.tried) < maxAttempts {
		if e := x.version.pick(x.plane.draw, x.start, x.tried); e != nil {
			x.tried = append(x.tried, e)
			x.current = e
			e.state.begin()
			return true
		}
		if x.stay {
			return false
		}
		x.left = x.left.without(x.version)
		x.version = x.left.spin(x.plane.draw)
	}
	return false
}

// denial asks policy about the request to the current endpoint, and returns why it must not be sent, or nothing. What is
// judged is what the pod would get.
func (x *exchange) denial(out *http.Request) string {
	a := x.route.apex
	if a.mode == accessOff {
		return ""
	}
	decision := x.table.graph.Authorize(policy.Request{
		Source:      x.caller.identity,
		Destination: x.current.pod.identity,
		Port:        int32(x.current.address.Port()),
		Protocol:    policy.HTTP,
		Method:      out.Method,
		Path:        out.URL.RequestURI(),
		Host:        out.Host,
		Headers:     out.Header,
	})
	if decision.Allowed {
		return ""
	}
	if !x.denied {
		x.denied = true
		x.plane.ledger.countDenied(a, x.caller)
		x.plane.logDenial(a, x.caller, decision.Reason)
	}
	if a.mode == accessAudit {
		return ""
	}
	return decision.Reason
}

// attempt sends the request to the current endpoint.
func (x *exchange) attempt(out *http.Request) (*http.Response, error) {
	out.URL.Host = x.current.host
	if x.body != nil {
		if err := x.body.attach(out); err != nil {
			return nil, err
		}
	}
	state := x.current.state
	if x.wantsHTTP2(out) {
		return state.http2.RoundTrip(out)
	}
	return state.http1.RoundTrip(out)
}

// wantsHTTP2 reports whether the request goes out as HTTP/2. An upgrade is a matter of HTTP/1.1.
func (x *exchange) wantsHTTP2(out *http.Request) bool {
	if out.Header.Get("Upgrade") != "" {
		return false
	}
	return x.route.http2 || isGRPC(out.Header)
}

// mayMove reports whether a request that failed may be sent to another endpoint.
func (x *exchange) mayMove(out *http.Request, err error) bool {
	if out.Context().Err() != nil {
		return false
	}
	var undialled *dialError
	switch {
	case errors.As(err, &undialled):
		x.current.state.cool(time.Now())
		x.plane.ledger.countRetry(x.current, causeDial)
	case !x.stay && isHangUp(err) && isIdempotent(out) && (x.body == nil || x.body.isWhole()):
		x.stay = true
		x.plane.ledger.countRetry(x.current, causeHangUp)
	default:
		return false
	}
	x.plane.log.V(1).Info("trying another pod", "pod", x.current.pod.name, "address", x.current.host, "error", err.Error())
	return true
}

// isHangUp reports whether a connection ended without a byte of the response.
func isHangUp(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.EOF)
}

// broken answers a request that failed at the current endpoint after it was sent.
func (x *exchange) broken(out *http.Request, err error) (*http.Response, error) {
	if out.Context().Err() != nil || x.body != nil && x.body.broken.Load() {
		x.cancel()
		return nil, err
	}
	x.plane.log.V(1).Info("exchange with pod broke", "pod", x.current.pod.name, "address", x.current.host, "error", err.Error())
	x.end(outcomeFailure)
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return respond(out, http.StatusGatewayTimeout, tooSlow), nil
	}
	return respond(out, http.StatusBadGateway, brokenOff), nil
}

// exhausted answers a request that no endpoint took. It is a failure of the pod tried first, or, when there was none to try, of
// a version by the weights.
func (x *exchange) exhausted(out *http.Request) *http.Response {
	if len(x.tried) > 0 {
		x.endAt(x.plane.ledger.seriesOf(x.tried[0], x.caller), outcomeFailure)
		return respond(out, http.StatusBadGateway, notReachable)
	}
	if v := x.route.versions.spin(x.plane.draw); v != nil {
		a := x.route.apex
		key := endpointKey{apex: a.NamespacedName, split: a.split.Name, backend: v.backend}
		x.endAt(x.plane.ledger.request(key, nobody, x.caller), outcomeFailure)
	}
	return respond(out, http.StatusServiceUnavailable, noEndpoints)
}

// release frees the endpoint when the request's handler ends.
func (x *exchange) release() {
	if x.current != nil {
		x.current.state.end()
	}
}

// end counts the request for the current endpoint.
func (x *exchange) end(outcome string) {
	if !x.ended {
		x.endAt(x.plane.ledger.seriesOf(x.current, x.caller), outcome)
	}
}

func (x *exchange) endAt(s *series, outcome string) {
	x.ended = true
	s.seconds.Observe(time.Since(x.start).Seconds())
	if outcome == outcomeSuccess {
		s.success.Inc()
	} else {
		s.failure.Inc()
	}
}

// cancel notes that the client gave up.
func (x *exchange) cancel() {
	if !x.ended {
		x.ended = true
		x.plane.ledger.countCancelled(x.current.key)
	}
}

// isIdempotent reports whether a request can be sent twice with the effect of once (RFC 9110, 9.2.2).
func isIdempotent(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	default:
		return r.Header.Get("Idempotency-Key") != ""
	}
}

// respond makes a response of the proxy's own, with one line as its body.
func respond(to *http.Request, status int, line string) *http.Response {
	body := line + "\n"
	return &http.Response{
		StatusCode:    status,
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{"Content-Type": {"text/plain; charset=utf-8"}},
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       to,
	}
}
