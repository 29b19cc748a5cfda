package proxy

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
	"syscall"

	"github.com/serin-dev/serin/policy"
)

// exchange is one request on its way to a pod and back.
type exchange struct {
	passage

	// inbound is the request as the client sent it.
	inbound *http.Request
	// body is the request's body, nil without one.
	body *replay

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
		chain := x.peer.String()
		if before := out.Header["X-Forwarded-For"]; len(before) > 0 {
			chain = strings.Join(before, ", ") + ", " + chain
		}
		out.Header["X-Forwarded-For"] = []string{chain}
	}
	if _, given := out.Header["Idempotency-Key"]; !given && isIdempotent(out) {
		// Without values it is not sent; it tells net/http what it knows of GET alone: that the request may be sent again.
		out.Header["Idempotency-Key"] = nil
	}
}

// denial asks policy about the request to the current endpoint, and returns why it must not be sent, or nothing. What is
// judged is what the pod would get.
func (x *exchange) denial(out *http.Request) string {
	if x.route.apex.mode == accessOff {
		return ""
	}
	return x.judge(policy.Request{
		Protocol: policy.HTTP, Method: out.Method, Path: out.URL.RequestURI(), Host: out.Host, Headers: out.Header,
	})
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
	if x.clientLeft(out) {
		return false
	}
	var undialled *dialError
	switch {
	case errors.As(err, &undialled):
		x.undialled()
	case !x.hungUp && isHangUp(err) && isIdempotent(out) && (x.body == nil || x.body.isWhole()):
		x.hungUp, x.stay = true, true
		x.plane.ledger.countRetry(x.current, causeHangUp)
	default:
		return false
	}
	x.plane.log.V(1).Info("trying another pod", "pod", x.current.pod.Name, "address", x.current.host, "error", err.Error())
	return true
}

// hangUps are the ways in which a connection ends without a byte of the response. The last one is that of a write after
// net/http had seen one of the others while reading.
var hangUps = []error{io.EOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed}

func isHangUp(err error) bool {
	return slices.ContainsFunc(hangUps, func(hangUp error) bool { return errors.Is(err, hangUp) })
}

// clientLeft reports whether the client gave the request up, or did not send all of it.
func (x *exchange) clientLeft(out *http.Request) bool {
	return out.Context().Err() != nil || x.body != nil && x.body.broken.Load()
}

// broken answers a request that failed at the current endpoint after it was sent.
func (x *exchange) broken(out *http.Request, err error) (*http.Response, error) {
	if x.clientLeft(out) {
		x.cancel()
		return nil, err
	}
	x.plane.log.V(1).Info("exchange with pod broke", "pod", x.current.pod.Name, "address", x.current.host, "error", err.Error())
	x.end(outcomeFailure)
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return respond(out, http.StatusGatewayTimeout, tooSlow), nil
	}
	return respond(out, http.StatusBadGateway, brokenOff), nil
}

// exhausted answers a request that no endpoint took.
func (x *exchange) exhausted(out *http.Request) *http.Response {
	if x.fail(); len(x.tried) > 0 {
		return respond(out, http.StatusBadGateway, notReachable)
	}
	return respond(out, http.StatusServiceUnavailable, noEndpoints)
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
