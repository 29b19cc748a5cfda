package authz

import (
	"context"
	"math"
	"net/http"
	"net/netip"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/serin-dev/serin/policy"
)

// extensionDestination is the key of a route's context_extensions with which an operator says who is called, as
// NAMESPACE/SERVICEACCOUNT/PORT. A gateway needs it: its own address and certificate are not those of the pod behind it.
const extensionDestination = "serin.dev/destination"

// extAuthz is the wire form of Envoy.
type extAuthz struct {
	authv3.UnimplementedAuthorizationServer

	judge *judge
}

// Check answers one question. It never returns an error, because a data plane may be configured to let pass what ends in one.
func (e *extAuthz) Check(ctx context.Context, r *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	v := e.judge.answer(wireExtAuthz, func(now *state) question {
		q := readCheck(r, now, e.judge.trust)
		q.claims.asker = askerOf(ctx)
		return q
	})
	return respond(&v), nil
}

// askerOf is the address of the data plane, the zero Addr if it has none.
func askerOf(ctx context.Context) netip.Addr {
	from, ok := peer.FromContext(ctx)
	if !ok || from.Addr == nil {
		return netip.Addr{}
	}
	address, err := netip.ParseAddrPort(from.Addr.String())
	if err != nil {
		return netip.Addr{}
	}
	return address.Addr().Unmap()
}

// readCheck reads what Envoy says of a request, or of a connection where there is no request.
func readCheck(r *authv3.CheckRequest, now *state, t *trust) question {
	attributes := r.GetAttributes()
	if attributes == nil {
		return question{problem: noAttributes}
	}
	q := question{claims: claims{principal: attributes.GetSource().GetPrincipal(), address: addressOf(attributes.GetSource())}}
	q.to, q.problem = destinationOf(attributes, now, t)
	sent := attributes.GetRequest().GetHttp()
	if sent == nil {
		q.request.Protocol = policy.TCP
		return q
	}
	q.request = policy.Request{Protocol: policy.HTTP, Method: sent.GetMethod(), Path: sent.GetPath(), Host: sent.GetHost()}
	readHeaders(sent, &q)
	switch {
	case q.problem != "":
	case q.request.Method == "":
		q.problem = noMethod
	case q.request.Path == "":
		q.problem = noPath
	}
	return q
}

// readHeaders reads the headers from either form in which Envoy sends them: each with all its values joined by commas, or, with
// encode_raw_headers, every line as it was sent, the path among them. Names are in lower case, but nothing relies on it.
func readHeaders(sent *authv3.AttributeContext_HttpRequest, q *question) {
	headers := make(map[string][]string, len(sent.GetHeaders())+len(sent.GetHeaderMap().GetHeaders()))
	put := func(name, value string) {
		switch {
		case strings.HasPrefix(name, ":"):
			return
		case strings.EqualFold(name, headerXFCC):
			q.claims.xfcc = append(q.claims.xfcc, value)
		case strings.EqualFold(name, headerLinkerd):
			q.claims.linkerd = append(q.claims.linkerd, value)
		}
		headers[name] = append(headers[name], value)
	}
	if raw := sent.GetHeaderMap().GetHeaders(); len(raw) > 0 {
		for _, line := range raw {
			value := line.GetValue()
			if len(line.GetRawValue()) > 0 {
				value = string(line.GetRawValue())
			}
			if line.GetKey() == ":path" {
				q.request.Path = value
			}
			put(line.GetKey(), value)
		}
	} else {
		for name, value := range sent.GetHeaders() {
			put(name, value)
		}
	}
	q.request.Headers = headers
}

// destinationOf finds out who is called, or says what is missing.
func destinationOf(attributes *authv3.AttributeContext, now *state, t *trust) (destination, string) {
	if written, ok := attributes.GetContextExtensions()[extensionDestination]; ok {
		to, ok := parseDestination(written)
		if !ok {
			return destination{}, wrongExtension(written)
		}
		return to, ""
	}
	peer := attributes.GetDestination()
	port := peer.GetAddress().GetSocketAddress().GetPortValue()
	if port > math.MaxUint16 {
		port = 0 // there is no such port, and what a TrafficTarget says of every port is not said of it
	}
	to := destination{port: int32(port)}
	if name := peer.GetPrincipal(); name != "" {
		named := t.fromSPIFFE(name)
		if named.unknown != "" {
			return to, unknownDestination(named.unknown)
		}
		to.Identity, to.workload = named.identity, named.workload
	} else {
		address := addressOf(peer)
		if !address.IsValid() {
			return to, noDestination
		}
		pod := now.pods.At(address)
		to.Identity, to.workload = pod.Identity, policy.Workload{Labels: pod.Labels}
		if to.Identity == (policy.Identity{}) {
			return to, unknownDestination(notOnePod(address))
		}
	}
	if port == 0 {
		return to, noPort
	}
	return to, ""
}

// addressOf is the IP address of a party, the zero Addr if it has none.
func addressOf(peer *authv3.AttributeContext_Peer) netip.Addr {
	address, err := netip.ParseAddr(peer.GetAddress().GetSocketAddress().GetAddress())
	if err != nil {
		return netip.Addr{}
	}
	return address.Unmap()
}

// respond puts a verdict into the words of Envoy.
func respond(v *verdict) *authv3.CheckResponse {
	metadata := map[string]*structpb.Value{"decision": structpb.NewStringValue(v.word()), "reason": structpb.NewStringValue(v.sentence())}
	if v.Allowed {
		metadata["target"], metadata["rule"] = structpb.NewStringValue(v.Target), structpb.NewStringValue(v.Rule)
	}
	response := &authv3.CheckResponse{DynamicMetadata: &structpb.Struct{Fields: metadata}}
	if v.pass {
		response.Status = &status.Status{Code: int32(codes.OK)}
		response.HttpResponse = &authv3.CheckResponse_OkResponse{OkResponse: &authv3.OkHttpResponse{}}
		return response
	}
	code := codes.PermissionDenied
	if v.outcome == outcomeUnavailable {
		code = codes.Unavailable
	}
	response.Status = &status.Status{Code: int32(code), Message: v.sentence()}
	response.HttpResponse = &authv3.CheckResponse_DeniedResponse{DeniedResponse: &authv3.DeniedHttpResponse{
		Status:  &typev3.HttpStatus{Code: typev3.StatusCode(v.status())},
		Headers: []*corev3.HeaderValueOption{option("content-type", contentType), option(strings.ToLower(headerDecision), v.word())},
		Body:    body(v.sentence()),
	}}
	return response
}

func option(name, value string) *corev3.HeaderValueOption {
	return &corev3.HeaderValueOption{
		Header:       &corev3.HeaderValue{Key: name, Value: value},
		AppendAction: corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
	}
}

// status is the HTTP status of the answer. It is never 401, which would ask a person for a password.
func (v *verdict) status() int {
	switch {
	case v.pass:
		return http.StatusOK
	case v.outcome == outcomeUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusForbidden
	}
}
