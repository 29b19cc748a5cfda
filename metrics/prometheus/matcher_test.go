package prometheus

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzParseMatchers: what was read is written so that it reads as the same, and no value ends before its quotes do.
func FuzzParseMatchers(f *testing.F) {
	for _, text := range []string{
		``, ` `, `a="b"`, `a="b",`, `a =~ "5..|0" , b!="" `, `a="\"}"`, `a="\\"`, `a="x\n\u00e9\U0001F600"`, `a="b"c="d"`, `,`, `a='b'`,
		`a=~"("`, `__name__=~"a|b"`, `a="b"} or vector(1) #`, "a=\"\x80\"", `a="\x80"`, "a=\"`\"",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := parseMatchers(text)
		if err != nil {
			return
		}
		written := make([]string, len(first))
		for i, m := range first {
			written[i] = m.String()
			checkQuoted(t, strings.TrimPrefix(m.String(), m.label+m.operator))
		}
		again, err := parseMatchers(strings.Join(written, ","))
		if diff := cmp.Diff(first, again, cmp.AllowUnexported(matcher{})); diff != "" || err != nil {
			t.Errorf("%q is written as %q: %v %s", text, written, err, diff)
		}
	})
}

// checkQuoted holds a text to one pair of quotes, and to nothing between them that ends it.
func checkQuoted(t *testing.T, text string) {
	t.Helper()
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		t.Fatalf("%s is not in quotes", text)
	}
	inside := text[1 : len(text)-1]
	for i := 0; i < len(inside); i++ {
		switch inside[i] {
		case '\\':
			i++
			if i == len(inside) {
				t.Fatalf("%s does not end", text)
			}
		case '"', '\n':
			t.Fatalf("%s ends before its end", text)
		}
	}
}
