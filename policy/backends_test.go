package policy

import (
	"bufio"
	"cmp"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	stdpath "path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tricks are request targets that are known to be read in more than one way, and what is made of them: the path that rules are
// matched against, also as it stands before its segments are merged where that differs, or why it is refused.
var tricks = map[string]struct {
	target string
	want   string
	as     string
	refuse error
}{
	"encoded slash":                         {target: "/api/..%2fadmin", refuse: errEncodedSlash},
	"encoded slash in capitals":             {target: "/api%2Fx", refuse: errEncodedSlash},
	"encoded backslash":                     {target: "/api/..%5cadmin", refuse: errEncodedSlash},
	"backslash":                             {target: `/api/..\admin`, refuse: errBackslash},
	"backslash for the first slash":         {target: `\admin`, refuse: errNotAPath},
	"backslash after the first slash":       {target: `/\admin/x`, refuse: errBackslash},
	"encoded dots":                          {target: "/api/%2e%2e/admin", want: "/admin", as: "/api/../admin"},
	"one dot encoded, in mixed case":        {target: "/api/.%2E/admin", want: "/admin", as: "/api/../admin"},
	"dots encoded twice stay a name":        {target: "/api/%252e%252e/admin", want: "/api/%252e%252e/admin"},
	"slash encoded twice stays a name":      {target: "/api%252fadmin", want: "/api%252fadmin"},
	"escape made of an escape":              {target: "/api/%%32%65", refuse: errInvalidEscape},
	"dot segments at the start":             {target: "/../../admin", want: "/admin", as: "/../../admin"},
	"dot segment at the end":                {target: "/api/..", want: "/", as: "/api/.."},
	"single dot segments":                   {target: "/./api/./x", want: "/api/x", as: "/./api/./x"},
	"three dots":                            {target: "/api/.../admin", want: "/api/.../admin"},
	"dot segment with a parameter":          {target: "/api/..;/admin", refuse: errDotParameter},
	"dot segment with an encoded semicolon": {target: "/api/..%3b/admin", want: "/api/..%3B/admin"},
	"parameter":                             {target: "/api;x=1/admin", want: "/api;x=1/admin"},
	"parameter in front of the name":        {target: "/;x/admin", want: "/;x/admin"},
	"two slashes in front, read as a host":  {target: "//api/admin", refuse: errHost},
	"three slashes in front":                {target: "///admin", refuse: errHost},
	"two slashes inside":                    {target: "/api//admin", want: "/api/admin", as: "/api//admin"},
	"two slashes at the end":                {target: "/api//", want: "/api/", as: "/api//"},
	"two slashes and a dot segment":         {target: "/api//../admin", refuse: errAmbiguous},
	"query":                                 {target: "/api?/../admin", want: "/api"},
	"encoded question mark":                 {target: "/api%3f/../admin", want: "/admin", as: "/api%3F/../admin"},
	"fragment that hides dot segments":      {target: "/api#/../admin", refuse: errFragment},
	"number sign in the query":              {target: "/api?x#/../admin", want: "/api"},
	"encoded number sign":                   {target: "/api%23/admin", want: "/api%23/admin"},
	"absolute form":                         {target: "http://shop/admin", refuse: errNotAPath},
	"absolute form without a scheme's name": {target: "://shop/admin", refuse: errNotAPath},
	"authority form":                        {target: "shop:443", refuse: errNotAPath},
	"asterisk form":                         {target: "*", want: "*"},
	"NUL":                                   {target: "/api\x00/admin", refuse: errControl},
	"encoded NUL":                           {target: "/admin%00/api", refuse: errEncodedSlash},
	"encoded line break":                    {target: "/api%0d%0aX: y", refuse: errControl},
	"encoded line break alone":              {target: "/api%0d%0a", want: "/api%0D%0A"},
	"tab, which WHATWG URLs drop":           {target: "/api/.\t./admin", refuse: errControl},
	"encoded tab":                           {target: "/api/.%09./admin", want: "/api/.%09./admin"},
	"letter beyond ASCII":                   {target: "/é", refuse: errNotASCII},
	"encoded letter beyond ASCII":           {target: "/%C3%a9", want: "/%C3%A9"},
	"fullwidth slash":                       {target: "/api/..%ef%bc%8fadmin", want: "/api/..%EF%BC%8Fadmin"},
	"overlong slash":                        {target: "/api/..%c0%afadmin", refuse: errNotUTF8},
	"overlong dot":                          {target: "/api/%c0%ae%c0%ae/admin", refuse: errNotUTF8},
	"surrogate":                             {target: "/%ed%a0%80", refuse: errNotUTF8},
	"UTF-16 escape":                         {target: "/%u002e%u002e/admin", refuse: errInvalidEscape},
	"half an escape":                        {target: "/api/%2", refuse: errInvalidEscape},
	"unreserved letters encoded":            {target: "/%61%64min", want: "/admin"},
	"capitals stay capitals":                {target: "/ADMIN", want: "/ADMIN"},
}

func TestTricks(t *testing.T) {
	for name, tc := range tricks {
		t.Run(name, func(t *testing.T) {
			got, as, err := canonicalPath(tc.target)
			if got != tc.want || as != tc.as || err != tc.refuse { //nolint:errorlint // the errors are not wrapped
				t.Errorf("canonicalPath(%q) = %q, %q, %v; want %q, %q, %v", tc.target, got, as, err, tc.want, tc.as, tc.refuse)
			}
		})
	}
}

// corpus is the tricks, and random targets of pieces that make trouble; the seed makes the same ones again.
func corpus(seed uint64, size int) []string {
	var targets []string
	for _, tc := range tricks {
		targets = append(targets, tc.target)
	}
	slices.Sort(targets)
	pieces := []string{
		"/", "/", "/", ".", "..", "a", "api", "admin", "b", "A", "%2e", "%2E", "%61", "%2f", "%2F", "%5c", "\\", ";", ";x=1", "?", "#", "%23", "%3f",
		"%25", "%252e", "%25%32", "%", "%4", "%00", "\x00", "\t", " ", "%20", "%0a", "é", "%c3%a9", "%C0%AF", "%ff", "%ef%bc%8f", "\"", "%22", "^", "|",
		"{", "[", "@", ":", "%3a", "&", "=", "+", "~", "%7e", "'", "!", "*", ",", "\x80",
	}
	random := rand.New(rand.NewPCG(seed, 0))
	for range size {
		var target strings.Builder
		if random.IntN(16) > 0 {
			target.WriteString("/")
		}
		for range random.IntN(8) {
			target.WriteString(pieces[random.IntN(len(pieces))])
		}
		targets = append(targets, target.String())
	}
	return targets
}

// checkReading checks that a server which reads a path in a target reads one that rules were matched against, but for a slash at
// the end, which servers of files drop.
func checkReading(t *testing.T, server, target, reading string) {
	t.Helper()
	canonical, unmerged, err := canonicalPath(target)
	if err != nil || canonical == "*" {
		return
	}
	var matched []string
	for _, path := range []string{canonical, cmp.Or(unmerged, canonical)} {
		decoded, err := url.PathUnescape(path)
		if err != nil {
			t.Fatalf("%q: %v", path, err)
		}
		matched = append(matched, strings.TrimRight(decoded, "/"))
	}
	if !slices.Contains(matched, strings.TrimRight(reading, "/")) {
		t.Errorf("%s reads %q as %q, and rules are matched against %q", server, target, reading, matched)
	}
}

// received is the request that a Go server makes of a target, or nil when it refuses it.
func received(target string) *http.Request {
	if strings.ContainsAny(target, "\r\n") {
		return nil // The request would end there.
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: shop\r\n\r\n")))
	if err != nil {
		return nil
	}
	return r
}

// goServers are ways in which servers written in Go find a resource. Each returns the path of what is reached, or nothing.
type goServers struct {
	mux     *http.ServeMux
	reached string
	files   http.Handler
}

func newGoServers(t testing.TB) *goServers {
	t.Helper()
	s := &goServers{mux: http.NewServeMux()}
	s.mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { s.reached = r.URL.Path })
	root := t.TempDir()
	for _, name := range []string{"a", "api", "admin", "b", "api/a", "api/admin", "admin/api", "a/b", "api/x", "é", "%2e", "api;x=1", "a/a", "a/api", "a/admin"} {
		directory := filepath.Join(root, name)
		if err := os.MkdirAll(directory, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(directory, "index.html"), []byte("/"+name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.files = http.FileServer(http.Dir(root))
	return s
}

func (s *goServers) check(t *testing.T, target string) {
	t.Helper()
	if u, err := url.Parse(target); err == nil {
		checkReading(t, "url.Parse", target, u.Path)
		checkReading(t, "url.Parse with path.Clean", target, stdpath.Clean("/"+u.Path))
	}
	r := received(target)
	if r == nil {
		return
	}
	checkReading(t, "net/http", target, r.URL.Path)
	s.reached = ""
	s.mux.ServeHTTP(httptest.NewRecorder(), r)
	if s.reached != "" {
		checkReading(t, "http.ServeMux", target, s.reached)
	}
	answer := httptest.NewRecorder()
	s.files.ServeHTTP(answer, received(target))
	if answer.Code == http.StatusOK && strings.HasPrefix(answer.Body.String(), "/") {
		checkReading(t, "http.FileServer", target, answer.Body.String())
	}
}

func TestGoServersReadPathsAsRulesDo(t *testing.T) {
	s := newGoServers(t)
	for _, target := range corpus(1, 5000) {
		s.check(t, target)
	}
}

// FuzzGoServersReadPathsAsRulesDo looks for a target that a server reads as a path that rules were not matched against.
func FuzzGoServersReadPathsAsRulesDo(f *testing.F) {
	for _, target := range corpus(1, 100) {
		f.Add(target)
	}
	s := newGoServers(f)
	f.Fuzz(func(t *testing.T, target string) { s.check(t, target) })
}

// TestWhatIsRefusedIsWorthRefusing shows a server that reads a refused target, or one whose segments are merged, as another resource:
// the comparison above would see it.
func TestWhatIsRefusedIsWorthRefusing(t *testing.T) {
	for target, want := range map[string]string{
		"/api#/../admin/":      "/admin",
		"/api/..%2fadmin/":     "/admin",
		"/api//../admin/":      "/admin",
		"/api/../admin/":       "/admin",
		"/api/admin/%2e%2e/":   "/api",
		"/api//admin/":         "/api/admin",
		"/api/%252e%252e/a/":   "404 page not found\n",
		"/api%252fadmin/":      "404 page not found\n",
		"/api/..%c0%afadmin/":  "404 page not found\n",
		"/api/%C3%A9/../../é/": "/é",
	} {
		answer := httptest.NewRecorder()
		newGoServers(t).files.ServeHTTP(answer, received(target))
		if got := answer.Body.String(); got != want {
			t.Errorf("%s leads to %q, want %q", target, got, want)
		}
	}
}
