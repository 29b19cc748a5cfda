package authz

import (
	"context"
	"crypto/tls"
	"fmt"

	"k8s.io/apiserver/pkg/server/dynamiccertificates"
)

// serving makes the TLS configuration of both wire forms, nil without a certificate. Its files are followed until the context ends;
// what cannot be read when it changes is not taken over, and the log says so.
func serving(ctx context.Context, o Options) (*tls.Config, error) {
	if o.CertFile == "" {
		return nil, nil
	}
	pair, err := dynamiccertificates.NewDynamicServingContentFromFiles("authz", o.CertFile, o.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("the serving certificate: %w", err)
	}
	base := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	var clients dynamiccertificates.CAContentProvider
	if o.ClientCAFile != "" {
		authorities, err := dynamiccertificates.NewDynamicCAContentFromFile("authz-clients", o.ClientCAFile)
		if err != nil {
			return nil, fmt.Errorf("the authorities of client certificates: %w", err)
		}
		clients, base.ClientAuth = authorities, tls.RequireAndVerifyClientCert
	}
	current := dynamiccertificates.NewDynamicServingCertificateController(base, clients, pair, nil, nil)
	if err := current.RunOnce(); err != nil {
		return nil, fmt.Errorf("the serving certificate: %w", err)
	}
	pair.AddListener(current)
	go pair.Run(ctx, 1)
	if followed, ok := clients.(*dynamiccertificates.DynamicFileCAContent); ok {
		followed.AddListener(current)
		go followed.Run(ctx, 1)
	}
	go current.Run(1, ctx.Done())
	return &tls.Config{MinVersion: base.MinVersion, NextProtos: base.NextProtos, GetConfigForClient: current.GetConfigForClient}, nil
}
