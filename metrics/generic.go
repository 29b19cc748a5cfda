package metrics

import (
	"errors"
	"net"
	"strconv"
	"time"

	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/util/compatibility"
	"k8s.io/client-go/rest"

	"github.com/serin-dev/serin/metrics/api"
)

// requestTimeout bounds a request, and how long a stop waits for those under way.
const requestTimeout = 10 * time.Second

// generic configures the machinery of an API server, without what a server that stores nothing does not need.
func (s *Server) generic() *genericapiserver.Config {
	c := genericapiserver.NewConfig(api.Codecs.CodecFactory)
	api.Configure(c)
	c.EffectiveVersion = compatibility.DefaultBuildEffectiveVersion()
	c.SecureServing = s.serving.info(s.listener, s.callers.authorities)
	c.Authentication, c.Authorization = s.callers.authentication, s.callers.authorization
	c.LoopbackClientConfig = &rest.Config{Host: s.listener.Addr().String()} // required, and not used by anything here
	c.RequestTimeout = requestTimeout
	c.EnableProfiling = false
	c.StorageObjectCountTracker = nil
	c.AddReadyzChecks(s.checks()...)
	return c
}

func listen(o Options) (net.Listener, error) {
	return net.Listen("tcp", net.JoinHostPort(o.BindAddress, strconv.Itoa(o.Port)))
}

// joined keeps what went wrong first readable when cleaning up went well.
func joined(err, cleanup error) error {
	if cleanup == nil {
		return err
	}
	return errors.Join(err, cleanup)
}
