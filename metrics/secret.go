package metrics

import (
	"context"
	"sync"
	"time"

	smi "github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/metrics/certificate"
)

// apiService is the object that leads callers here.
var apiService = smi.GroupVersion.Version + "." + smi.GroupVersion.Group

// keptServing shows the certificate that is kept in a Secret.
func keptServing(o Options, name string) (*serving, error) {
	kept, err := certificate.New(certificate.Options{
		Config:     o.RestConfig,
		Secret:     o.CertSecret,
		DNSName:    name,
		APIService: apiService,
		Now:        time.Now,
		Log:        o.Log,
	})
	return &serving{certificate: kept, kept: kept}, err
}

// await runs what keeps the certificate among the parts, and returns whether there is a certificate; the context may end
// before. Connections wait meanwhile: a handshake with nothing to show would fail, and with anything else it would be a lie.
func (s *serving) await(ctx context.Context, parts *sync.WaitGroup) bool {
	if s.kept == nil {
		return true
	}
	parts.Go(func() { s.kept.Run(ctx) })
	select {
	case <-s.kept.There():
		return true
	case <-ctx.Done():
		return false
	}
}
