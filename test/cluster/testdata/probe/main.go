// Probe is the program of the pods that the test of a node runs: over HTTP it says who it is, looks names up and
// fetches, and over TLS it is an API behind the API server.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
)

func main() {
	http.HandleFunc("/name", func(response http.ResponseWriter, _ *http.Request) {
		name, err := os.Hostname()
		reply(response, name, err)
	})
	http.HandleFunc("/lookup", func(response http.ResponseWriter, request *http.Request) {
		found, err := net.DefaultResolver.LookupHost(request.Context(), request.FormValue("of"))
		reply(response, strings.Join(found, " "), err)
	})
	http.HandleFunc("/fetch", func(response http.ResponseWriter, request *http.Request) {
		text, err := fetch(request.FormValue("from"))
		reply(response, text, err)
	})
	http.HandleFunc("/apis/probe.test/v1/caller", func(response http.ResponseWriter, request *http.Request) {
		voucher := "nobody"
		if request.TLS != nil && len(request.TLS.PeerCertificates) > 0 {
			voucher = request.TLS.PeerCertificates[0].Subject.CommonName
		}
		reply(response, request.Header.Get("X-Remote-User")+" says "+voucher, nil)
	})
	http.HandleFunc("/apis/probe.test/v1", func(response http.ResponseWriter, _ *http.Request) {
		response.Header().Set("Content-Type", "application/json")
		fmt.Fprint(response, `{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"probe.test/v1","resources":[]}`)
	})
	go func() {
		secure := httptest.NewUnstartedServer(http.DefaultServeMux) // It has a certificate of its own.
		listener, err := net.Listen("tcp", ":8443")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		secure.Listener = listener
		secure.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
		secure.StartTLS()
	}()
	fmt.Println("probe listens on port 8080")
	if err := http.ListenAndServe(":8080", nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// reply answers with a text or says what failed.
func reply(response http.ResponseWriter, text string, err error) {
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadGateway)
		return
	}
	fmt.Fprint(response, text)
}

// fetch gets a page.
func fetch(address string) (string, error) {
	response, err := http.Get(address)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return string(text), err
}
