package download

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/serin-dev/serin/test/cluster/internal/progress"
)

const (
	archivePath = "/archives/envtest-v1.37.1-linux-amd64.tar.gz"
	managerPath = "/release/v1.37.2/bin/linux/amd64/kube-controller-manager"
)

// site is a real HTTP server that publishes what the two sources publish.
type site struct {
	*httptest.Server
	mu sync.Mutex
	// pages are answered as they are, handlers come before them.
	pages    map[string][]byte
	handlers map[string]http.HandlerFunc
	asked    []string
}

// newSite starts a site with an archive and a controller manager.
func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{pages: map[string][]byte{}, handlers: map[string]http.HandlerFunc{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	packed := pack(t, map[string]string{
		"controller-tools/envtest/etcd":           "etcd program",
		"controller-tools/envtest/kube-apiserver": "apiserver program",
		"controller-tools/envtest/kubectl":        "kubectl program",
		"controller-tools/envtest/README":         "text",
	})
	s.pages[archivePath] = packed
	s.pages["/index.yaml"] = []byte(s.index(sum512(packed)))
	s.pages[managerPath] = []byte("manager program")
	s.pages[managerPath+".sha256"] = []byte(sum256([]byte("manager program")) + "\n")
	return s
}

// index is the text of an index in which the archive has that checksum.
func (s *site) index(sum string) string {
	text := "releases:\n"
	for _, version := range []string{"v1.36.4", "v1.37.0", "v1.37.1", "v1.38.0"} {
		text += "  " + version + ":\n"
		for _, platform := range []string{"darwin-arm64", "linux-amd64", "linux-arm64"} {
			name := fmt.Sprintf("envtest-%s-%s.tar.gz", version, platform)
			text += fmt.Sprintf("    %s:\n      hash: %s\n      selfLink: %s/archives/%s\n", name, sum, s.URL, name)
		}
	}
	return text
}

// ServeHTTP answers.
func (s *site) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, request.URL.Path)
	handler, page := s.handlers[request.URL.Path], s.pages[request.URL.Path]
	s.mu.Unlock()
	switch {
	case handler != nil:
		handler(response, request)
	case page != nil:
		_, _ = response.Write(page)
	default:
		http.NotFound(response, request)
	}
}

// wasAsked reports whether somebody asked for a path.
func (s *site) wasAsked(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.asked, path)
}

// source returns a source that is aimed at the site in the way that a user aims it.
func (s *site) source() *Source {
	variables := map[string]string{IndexVariable: s.URL + "/index.yaml", ReleasesVariable: s.URL + "/release/"}
	source := New("v1.37.2", func(name string) string { return variables[name] }, progress.Plain(io.Discard))
	source.Platform = Platform{OS: "linux", Arch: "amd64"}
	return source
}

// stall answers with the beginning of something and then with nothing until the client is gone.
func stall(response http.ResponseWriter, request *http.Request) {
	response.Header().Set("Content-Length", "1000000")
	_, _ = io.WriteString(response, "the beginning")
	_ = http.NewResponseController(response).Flush()
	<-request.Context().Done()
}

// silence answers nothing at all until the client is gone.
func silence(_ http.ResponseWriter, request *http.Request) {
	<-request.Context().Done()
}

// truncate promises more bytes than it sends.
func truncate(content []byte) http.HandlerFunc {
	return func(response http.ResponseWriter, _ *http.Request) {
		response.Header().Set("Content-Length", fmt.Sprint(len(content)))
		_, _ = response.Write(content[:len(content)/2])
	}
}

// pack makes a compressed archive.
func pack(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var packed bytes.Buffer
	compressed := gzip.NewWriter(&packed)
	archive := tar.NewWriter(compressed)
	for name, text := range files {
		header := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg, ModTime: time.Unix(0, 0)}
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(archive, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := compressed.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func sum512(text []byte) string {
	sum := sha512.Sum512(text)
	return hex.EncodeToString(sum[:])
}

func sum256(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
