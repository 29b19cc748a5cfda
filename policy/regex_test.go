package policy

import (
	"regexp"
	"strings"
	"testing"
)

// FuzzPathRegex compares the anchored pattern with its definition: the pattern as it was written finds something at 0.
func FuzzPathRegex(f *testing.F) {
	for _, seed := range [][2]string{
		{"/api|/admin", "/x/admin"},
		{"a)|(?:b", "/b"},
		{`/\Qa.b`, "/a.b"},
		{"(?i)/API", "/api"},
		{"(?m)^b$", "a\nb"},
		{"(?s:.)*?x", "/x"},
		{"/a{2,3}[^b]", "/aac"},
		{`\b/|$`, "/"},
		{"(?U)/a+|(?-s).", "/aa"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, path string) {
		anchored, err := compilePath(pattern)
		if err != nil {
			return
		}
		if len(pattern) > maxPatternBytes {
			t.Fatalf("a pattern of %d bytes is compiled", len(pattern))
		}
		at := regexp.MustCompile(pattern).FindStringIndex(path)
		if want := at != nil && at[0] == 0; anchored.matchesStart(path) != want {
			t.Errorf("%q matches %q at the start: %t, want %t", pattern, path, !want, want)
		}
	})
}

func TestLimitsAreReachedAndNotExceeded(t *testing.T) {
	cases := map[string]struct {
		pattern string
		want    string
	}{
		"a pattern of 1 KiB is compiled": {pattern: "[" + strings.Repeat("a", 1022) + "]"},
		"a longer pattern is refused": {
			pattern: "[" + strings.Repeat("a", 1023) + "]",
			want:    "is 1025 bytes long, more than the 1024 that are allowed",
		},
		"a program of 1000 instructions is compiled": {pattern: "a{998}"},
		"a longer program is refused": {
			pattern: "a{999}",
			want:    "compiles to at least 1001 instructions, more than the 1000 that are allowed",
		},
		"a program far beyond the limit is not built to find out": {
			pattern: strings.Repeat(".{0,999}", 120),
			want:    "compiles to at least 119880 instructions, more than the 1000 that are allowed",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := ""
			if _, err := compilePath(tc.pattern); err != nil {
				got = err.Error()
			}
			if got != tc.want {
				t.Errorf("error = %q, want %q", got, tc.want)
			}
		})
	}
}
