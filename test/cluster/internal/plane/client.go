package plane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// client asks servers of the control plane as its administrator.
type client struct {
	http *http.Client
}

// newClient returns a client that trusts the control plane's authority only, so that a stranger on the same port is noticed.
func newClient(c credentials) (*client, error) {
	admin, err := tls.X509KeyPair(c.admin.Cert, c.admin.Key)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(c.authority.Pair.Cert) {
		return nil, errors.New("the authority's certificate cannot be read back")
	}
	config := &tls.Config{Certificates: []tls.Certificate{admin}, RootCAs: roots, MinVersion: tls.VersionTLS12}
	return &client{http: &http.Client{Transport: &http.Transport{TLSClientConfig: config}, Timeout: 5 * time.Second}}, nil
}

// get returns the body of a good answer.
func (c *client) get(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s: %s", address, response.Status, text)
	}
	return text, nil
}

// version is the version that the API server reports.
func (c *client) version(ctx context.Context, server string) (string, error) {
	text, err := c.get(ctx, server+"/version")
	if err != nil {
		return "", err
	}
	var reported struct {
		GitVersion string `json:"gitVersion"`
	}
	err = json.Unmarshal(text, &reported)
	return reported.GitVersion, err
}

// close drops the connections, which a server that ends would otherwise wait for.
func (c *client) close() { c.http.CloseIdleConnections() }
