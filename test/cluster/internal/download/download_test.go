package download

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/test/cluster/internal/progress"
)

var all = []string{"kube-apiserver", "kube-controller-manager", "kubectl", "etcd"}

func TestFetchTakesEachProgramFromItsSource(t *testing.T) {
	site, folder := newSite(t), t.TempDir()
	if err := site.source().Fetch(t.Context(), all, folder); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"etcd": "etcd program", "kube-apiserver": "apiserver program", "kubectl": "kubectl program",
		"kube-controller-manager": "manager program",
	}
	for name, content := range want {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || string(text) != content {
			t.Errorf("%s has %q, %v; want %q", name, text, err, content)
		}
		if info, err := os.Stat(filepath.Join(folder, name)); err == nil && info.Mode().Perm()&0o111 == 0 {
			t.Errorf("%s cannot be run: %v", name, info.Mode())
		}
	}
	if names := list(t, folder); len(names) != len(want) {
		t.Errorf("the folder has %v, want the programs and nothing else", names)
	}
}

func TestFetchThatFailsLeavesNoUnverifiedFile(t *testing.T) {
	for name, tc := range map[string]struct {
		change  func(*site)
		fetch   []string
		wantErr string
		want    []string
	}{
		"the archive has another checksum than published": {
			change:  func(s *site) { s.pages["/index.yaml"] = []byte(s.index(sum512([]byte("other")))) },
			fetch:   []string{"etcd"},
			wantErr: "and not " + sum512([]byte("other")) + " as published",
		},
		"the archive ends halfway": {
			change:  func(s *site) { s.handlers[archivePath] = truncate(s.pages[archivePath]) },
			fetch:   []string{"etcd"},
			wantErr: "unexpected EOF",
		},
		"the archive is not there": {
			change:  func(s *site) { delete(s.pages, archivePath) },
			fetch:   []string{"etcd"},
			wantErr: "404 Not Found",
		},
		"the archive is no archive, and has the right checksum": {
			change: func(s *site) {
				s.pages[archivePath] = []byte("text")
				s.pages["/index.yaml"] = []byte(s.index(sum512([]byte("text"))))
			},
			fetch:   []string{"etcd"},
			wantErr: "unpacking",
		},
		"the index is not there, the release is": {
			change:  func(s *site) { delete(s.pages, "/index.yaml") },
			fetch:   []string{"etcd", "kube-controller-manager"},
			wantErr: "404 Not Found",
			want:    []string{"kube-controller-manager"},
		},
		"the index has no archive of the version": {
			change:  func(s *site) { s.pages["/index.yaml"] = []byte("releases:\n") },
			fetch:   []string{"etcd"},
			wantErr: "no archive of v1.37 for linux/amd64",
		},
		"the index has a checksum of no known kind": {
			change:  func(s *site) { s.pages["/index.yaml"] = []byte(s.index("abcd")) },
			fetch:   []string{"etcd"},
			wantErr: "checksum of 2 bytes",
		},
		"the program has another checksum than published": {
			change:  func(s *site) { s.pages[managerPath] = []byte("damaged") },
			fetch:   []string{"kube-controller-manager"},
			wantErr: "as published",
		},
		"the program ends halfway": {
			change:  func(s *site) { s.handlers[managerPath] = truncate(s.pages[managerPath]) },
			fetch:   []string{"kube-controller-manager"},
			wantErr: "unexpected EOF",
		},
		"the program's checksum is a page": {
			change:  func(s *site) { s.pages[managerPath+".sha256"] = []byte("<html>") },
			fetch:   []string{"kube-controller-manager"},
			wantErr: "not hexadecimal",
		},
		"the program's checksum is empty": {
			change:  func(s *site) { s.pages[managerPath+".sha256"] = []byte("\n") },
			fetch:   []string{"kube-controller-manager"},
			wantErr: "checksum of 0 bytes",
		},
	} {
		t.Run(name, func(t *testing.T) {
			site, folder := newSite(t), t.TempDir()
			tc.change(site)
			err := site.source().Fetch(t.Context(), tc.fetch, folder)
			if err == nil || !strings.Contains(err.Error(), tc.wantErr) || errors.Is(err, ErrUnreachable) {
				t.Errorf("got %v, want an error with %q", err, tc.wantErr)
			}
			if got := list(t, folder); !slices.Equal(got, tc.want) {
				t.Errorf("the folder has %v, want %v", got, tc.want)
			}
		})
	}
}

func TestFetchGivesUpOnWhatStalls(t *testing.T) {
	site, folder := newSite(t), t.TempDir()
	site.handlers[archivePath] = stall
	source := site.source()
	source.Stall = 20 * time.Millisecond
	err := source.Fetch(t.Context(), []string{"etcd"}, folder)
	if err == nil || !strings.Contains(err.Error(), "nothing arrived for 20ms") {
		t.Errorf("got %v", err)
	}
	if got := list(t, folder); len(got) > 0 {
		t.Errorf("the folder has %v", got)
	}
}

func TestFetchTakesNoWayToTheHostAsNoInternet(t *testing.T) {
	for name, aim := range map[string]func(*testing.T, *site, *Source){
		"nothing listens": func(t *testing.T, _ *site, s *Source) { s.Index = "http://" + deadAddress(t) + "/index.yaml" },
		"no such host":    func(_ *testing.T, _ *site, s *Source) { s.Index = "http://host.invalid/index.yaml" },
		"nothing answers": func(_ *testing.T, site *site, s *Source) {
			site.handlers["/index.yaml"] = silence
			s.Client.Transport.(*http.Transport).ResponseHeaderTimeout = 20 * time.Millisecond
		},
	} {
		t.Run(name, func(t *testing.T) {
			site := newSite(t)
			source := site.source()
			aim(t, site, source)
			err := source.Fetch(t.Context(), all, t.TempDir())
			if !errors.Is(err, ErrUnreachable) {
				t.Errorf("got %v, want %v", err, ErrUnreachable)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is more than one line: %v", err)
			}
			if site.wasAsked(managerPath + ".sha256") {
				t.Error("the other source was tried all the same")
			}
		})
	}
}

func TestFetchEndsWithItsContext(t *testing.T) {
	site := newSite(t)
	ctx, cancel := context.WithCancel(t.Context())
	site.handlers["/index.yaml"] = func(response http.ResponseWriter, request *http.Request) {
		cancel()
		silence(response, request)
	}
	if err := site.source().Fetch(ctx, all, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestFetchFollowsRedirectsButNotOutOfHTTPS(t *testing.T) {
	site := newSite(t)
	site.pages["/elsewhere"] = site.pages[archivePath]
	site.handlers[archivePath] = func(response http.ResponseWriter, request *http.Request) {
		http.Redirect(response, request, "/elsewhere", http.StatusFound)
	}
	if err := site.source().Fetch(t.Context(), []string{"etcd"}, t.TempDir()); err != nil {
		t.Error(err)
	}
	from, _ := http.NewRequest(http.MethodGet, "https://host.invalid/a", nil)
	to, _ := http.NewRequest(http.MethodGet, "http://host.invalid/a", nil)
	if err := client().CheckRedirect(to, []*http.Request{from}); err == nil {
		t.Error("a redirect from HTTPS to HTTP is followed")
	}
}

func TestFetchSaysWhatItDoes(t *testing.T) {
	site := newSite(t)
	var said bytes.Buffer
	source := site.source()
	source.Log = progress.Plain(&said)
	if err := source.Fetch(t.Context(), all, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{site.URL + archivePath + ": done", site.URL + managerPath + ": done"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("%q is missing in\n%s", want, said.String())
		}
	}
}

func TestWithoutVariablesTheSourceIsThePublishersOwn(t *testing.T) {
	source := New("v1.37.2", func(string) string { return "" }, nil)
	if source.Index != defaultIndex || source.Releases != defaultReleases {
		t.Errorf("got %s and %s", source.Index, source.Releases)
	}
}

// list returns the names in a folder.
func list(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// deadAddress returns an address that nothing listens on.
func deadAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
