package download

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"time"

	"github.com/serin-dev/serin/test/cluster/internal/progress"
)

// The variables of the environment that aim the package elsewhere, at a mirror for instance, and the addresses without them.
const (
	IndexVariable    = "SERIN_ENVTEST_INDEX"
	ReleasesVariable = "SERIN_KUBERNETES_RELEASES"

	defaultIndex    = "https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml"
	defaultReleases = "https://dl.k8s.io/release"
)

const (
	connectTimeout = 3 * time.Second
	// headerTimeout bounds the time from a request to the first line of the answer.
	headerTimeout = 10 * time.Second
	// stallTimeout bounds the time without any byte arriving.
	stallTimeout = 15 * time.Second
)

// ErrUnreachable says that a host could not be connected to: most likely there is no internet here.
var ErrUnreachable = errors.New("cannot be reached")

// Source fetches programs.
type Source struct {
	// Index is the address of the index of envtest archives, Releases the one under which Kubernetes releases lie.
	Index, Releases string
	// Version is the wanted version of Kubernetes, as in v1.37.2.
	Version  string
	Platform Platform
	Client   *http.Client
	// Stall bounds the time without any byte arriving.
	Stall time.Duration
	Log   *progress.Log
}

// Platform is what a program runs on, in Go's words.
type Platform struct {
	OS, Arch string
}

// New returns a source for this machine; getenv gives the variables of the environment.
func New(version string, getenv func(string) string, log *progress.Log) *Source {
	source := &Source{
		Index:    getenv(IndexVariable),
		Releases: getenv(ReleasesVariable),
		Version:  version,
		Platform: Platform{OS: runtime.GOOS, Arch: runtime.GOARCH},
		Client:   client(),
		Stall:    stallTimeout,
		Log:      log,
	}
	if source.Index == "" {
		source.Index = defaultIndex
	}
	if source.Releases == "" {
		source.Releases = defaultReleases
	}
	return source
}

// Fetch puts those of the programs that it can get into a folder. The error says why the others are not there; it wraps
// ErrUnreachable if a host could not be connected to, and then the rest was not tried.
func (s *Source) Fetch(ctx context.Context, programs []string, folder string) error {
	missing, err := s.fromArchive(ctx, programs, folder)
	if len(missing) == 0 || errors.Is(err, ErrUnreachable) || ctx.Err() != nil {
		return err
	}
	problems := []error{err}
	for _, program := range missing {
		err := s.fromRelease(ctx, program, folder)
		problems = append(problems, err)
		if errors.Is(err, ErrUnreachable) || ctx.Err() != nil {
			break
		}
	}
	return errors.Join(problems...)
}

// client is an HTTP client that gives up early on what does not answer, and never on what is only slow.
func client() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
			TLSHandshakeTimeout:   connectTimeout,
			ResponseHeaderTimeout: headerTimeout,
			ForceAttemptHTTP2:     true,
		},
		CheckRedirect: func(request *http.Request, via []*http.Request) error {
			if len(via) >= 10 {
				return errors.New("more than 10 redirects")
			}
			if via[0].URL.Scheme == "https" && request.URL.Scheme != "https" {
				return fmt.Errorf("redirect from HTTPS to %s refused", request.URL)
			}
			return nil
		},
	}
}
