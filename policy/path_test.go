package policy

import (
	"errors"
	"strings"
	"testing"
)

func TestCanonicalPath(t *testing.T) {
	cases := map[string]struct {
		target  string
		want    string
		as      string // unmerged, when that is another path
		wantErr error
	}{
		"a plain path stays":                                 {target: "/api/v1", want: "/api/v1"},
		"an empty target is the root":                        {target: "", want: "/"},
		"a query alone is the root":                          {target: "?x=1", want: "/"},
		"the query is cut off":                               {target: "/api?x=/../y", want: "/api"},
		"a fragment is refused":                              {target: "/api#x?y", wantErr: errFragment},
		"an encoded question mark is no query":               {target: "/a%3fb", want: "/a%3Fb"},
		"the asterisk form stays":                            {target: "*", want: "*"},
		"the absolute form is refused":                       {target: "http://shop/api", wantErr: errNotAPath},
		"the authority form is refused":                      {target: "shop:443", wantErr: errNotAPath},
		"a trailing slash stays":                             {target: "/api/", want: "/api/"},
		"doubled slashes are merged":                         {target: "/api///v1//", want: "/api/v1/", as: "/api///v1//"},
		"two slashes before a name are refused":              {target: "//api/v1", wantErr: errHost},
		"slashes alone are refused":                          {target: "///", wantErr: errHost},
		"a dot segment goes":                                 {target: "/./a/./b", want: "/a/b", as: "/./a/./b"},
		"a dot segment at the end leaves the slash":          {target: "/a/.", want: "/a/", as: "/a/."},
		"two dots take a segment away":                       {target: "/a/b/../c", want: "/a/c", as: "/a/b/../c"},
		"two dots at the end leave the slash":                {target: "/a/b/..", want: "/a/", as: "/a/b/.."},
		"two dots stop at the root":                          {target: "/../../a", want: "/a", as: "/../../a"},
		"encoded dots are dots":                              {target: "/a/%2e%2E/b", want: "/b", as: "/a/../b"},
		"three dots are a name":                              {target: "/.../.a/..b", want: "/.../.a/..b"},
		"a hidden file keeps its dot":                        {target: "/.well-known/x", want: "/.well-known/x"},
		"a doubled slash and a dot are ambiguous":            {target: "/a//./b", wantErr: errAmbiguous},
		"a doubled slash and two dots are ambiguous":         {target: "/a//../b", wantErr: errAmbiguous},
		"two dots and a doubled slash later, too":            {target: "/a/../b//c", wantErr: errAmbiguous},
		"two dots with a parameter are refused":              {target: "/a/..;x=1/b", wantErr: errDotParameter},
		"a dot with a parameter is refused":                  {target: "/a/.;/b", wantErr: errDotParameter},
		"a parameter elsewhere stays":                        {target: "/a;x=1/b", want: "/a;x=1/b"},
		"unreserved characters are decoded":                  {target: "/%61%5A%30%2d%5f%7e", want: "/aZ0-_~"},
		"reserved characters stay encoded in upper case":     {target: "/%3a%c3%a9", want: "/%3A%C3%A9"},
		"an encoded percent sign is decoded never, not once": {target: "/%252e%252e/a", want: "/%252e%252e/a"},
		"bytes beyond ASCII are refused":                     {target: "/é", wantErr: errNotASCII},
		"escapes of a letter beyond ASCII stay":              {target: "/%C3%a9", want: "/%C3%A9"},
		"escapes that are no UTF-8 are refused":              {target: "/%e9", wantErr: errNotUTF8},
		"an overlong slash is refused":                       {target: "/..%c0%af", wantErr: errNotUTF8},
		"an encoded slash is refused":                        {target: "/a%2Fb", wantErr: errEncodedSlash},
		"an encoded backslash is refused":                    {target: "/a%5cb", wantErr: errEncodedSlash},
		"an encoded NUL is refused":                          {target: "/a%00", wantErr: errEncodedSlash},
		"an encoded slash in the query is nobody's business": {target: "/a?b=%2F", want: "/a"},
		"a percent sign alone is refused":                    {target: "/100%", wantErr: errInvalidEscape},
		"a percent sign with one digit is refused":           {target: "/%4", wantErr: errInvalidEscape},
		"a percent sign before other letters is refused":     {target: "/%zz", wantErr: errInvalidEscape},
		"a backslash is refused":                             {target: `/a\..\b`, wantErr: errBackslash},
		"a NUL is refused":                                   {target: "/a\x00", wantErr: errControl},
		"a space is refused":                                 {target: "/a b", wantErr: errControl},
		"a line break is refused":                            {target: "/a\nb", wantErr: errControl},
		"a delete character is refused":                      {target: "/a\x7f", wantErr: errControl},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, as, err := canonicalPath(tc.target)
			if got != tc.want || as != tc.as || !errors.Is(err, tc.wantErr) {
				t.Errorf("canonicalPath(%q) = %q, %q, %v; want %q, %q, %v", tc.target, got, as, err, tc.want, tc.as, tc.wantErr)
			}
		})
	}
}

func FuzzCanonicalPath(f *testing.F) {
	for _, seed := range []string{
		"", "*", "/", "/a/b?c#d", "//a/./b/../c/", "/%2e%2e/%41%2f", "/..;/a", "/a%", "/é\\\x00", "http://a/b", "/%25%32e",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		path, unmerged, err := canonicalPath(target)
		if err != nil {
			if path != "" || unmerged != "" {
				t.Errorf("canonicalPath(%q) is refused (%v) and is %q all the same", target, err, path)
			}
			return
		}
		if path != "*" && !strings.HasPrefix(path, "/") {
			t.Errorf("canonicalPath(%q) = %q, which does not begin with a slash", target, path)
		}
		if strings.ContainsAny(path, "?#\\ \x00") || strings.Contains(path, "//") {
			t.Errorf("canonicalPath(%q) = %q, which holds what it must not", target, path)
		}
		for segment := range strings.SplitSeq(path, "/") {
			if name, _, _ := strings.Cut(segment, ";"); name == "." || name == ".." {
				t.Errorf("canonicalPath(%q) = %q, which holds a dot segment", target, path)
			}
		}
		if again, changed, err := canonicalPath(path); again != path || changed != "" || err != nil {
			t.Errorf("canonicalPath(%q) = %q, but of that it is %q, %v", target, path, again, err)
		}
	})
}
