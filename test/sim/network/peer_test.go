package network

import (
	"context"
	"io"
	"net"
	"net/http"
)

type connKey struct{}

func keepConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// answerPeer answers each request with its caller's pod address.
func answerPeer(n *Network) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, n.Peer(r.Context().Value(connKey{}).(net.Conn)).String())
	})
}
