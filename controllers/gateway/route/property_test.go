package route

import (
	"regexp"
	"strings"
	"testing"

	"github.com/serin-dev/serin/api/smi/split"

	"pgregory.net/rapid"
)

// patterns makes expressions that mean something to paths, with what engines read differently among them.
func patterns() *rapid.Generator[string] {
	part := rapid.SampledFrom([]string{
		"/", "a", "b", ".", ".*", ".*?", "a+?", "[ab]", "[^/]", "[a&&b]", "[[:alpha:]]", `\w`, "(?i)A", "(?i:B)", "(?U)a*", "(?:/a|/ab)", "|", "^", "$", "$|/b",
		`\Q.a\E`, `\Qa`, "{", "a{2}", "a{1,2}?", `\.`, `\141`, "%61", `\z`, "(a|ab)", "(?P<x>a)?", "(?s).", "(?m)$",
	})
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(part, 0, 6).Draw(t, "parts"), "")
	})
}

func paths() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return "/" + strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "A", "/", ".a", "ab", "aa", "{", "&"}), 0, 6).Draw(t, "path"), "")
	})
}

// smi is how policy reads a pathRegex: it matches at the start of the path.
func smi(pattern, path string) bool {
	re, err := regexp.Compile("^(?:" + pattern + ")")
	if err != nil { // a quotation that is left open took in the bracket
		re = regexp.MustCompile("^(?:" + pattern + `\E)`)
	}
	return re.MatchString(path)
}

// engines are how the implementations read what is written for them.
var engines = map[string]func(written, value string) bool{
	engineFull: func(written, value string) bool {
		return regexp.MustCompile(`\A(?:` + written + `)\z`).MatchString(value)
	},
	// Contour puts ^ before it, without a group.
	engineFull + ", ^ put before it": func(written, value string) bool {
		return regexp.MustCompile(`\A(?:^` + written + `)\z`).MatchString(value)
	},
	// Linkerd takes the first match, leftmost and by the order of alternatives, and asks whether it is the whole.
	engineRust: func(written, value string) bool {
		at := regexp.MustCompile(written).FindStringIndex(value)
		return at != nil && at[0] == 0 && at[1] == len(value)
	},
	engineUnanchored:        func(written, value string) bool { return regexp.MustCompile(written).MatchString(value) },
	"PCRE, " + enginePrefix: func(written, value string) bool { return regexp.MustCompile("^" + written).MatchString(value) },
	enginePrefix:            func(written, value string) bool { return regexp.MustCompile("^" + written).MatchString(value) },
}

// TestEveryImplementationReadsAPathAsSMI holds what is written for each implementation to what policy would say.
func TestEveryImplementationReadsAPathAsSMI(t *testing.T) {
	for _, i := range Implementations {
		match := engines[i.Engine]
		if match == nil {
			t.Fatalf("%s: there is no evaluator of %q", i.Name, i.Engine)
		}
		t.Run(i.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				pattern := patterns().Draw(t, "pattern")
				written, err := portable(pattern)
				if err != nil {
					t.Skip("not an expression")
				}
				path := paths().Draw(t, "path")
				want := smi(pattern, path)
				if isAnyPath(pattern) {
					if !want {
						t.Fatalf("%q is taken for every path, and does not match %q", pattern, path)
					}
					return
				}
				for _, d := range []*dialect{i.write, anchoredFull} { // the second is for several implementations at once
					if got := match(d.path(written), path); got != want {
						t.Fatalf("%q is written %q, which reads %q as %v; SMI says %v", pattern, d.path(written), path, got, want)
					}
				}
				if exact := exactPath(pattern); exact != "" && (exact == path) != want {
					t.Fatalf("%q is written as exactly %q; SMI says %v of %q", pattern, exact, want, path)
				}
			})
		})
	}
}

// TestEveryImplementationReadsAHeaderAsSMI does the same for headers, which SMI searches.
func TestEveryImplementationReadsAHeaderAsSMI(t *testing.T) {
	for _, i := range Implementations {
		match := engines[i.Engine]
		t.Run(i.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				pattern := patterns().Draw(t, "pattern")
				written, err := portable(pattern)
				if err != nil {
					t.Skip("not an expression")
				}
				value := paths().Draw(t, "value")
				want := regexp.MustCompile(pattern).MatchString(value)
				if got := match(i.write.header(written), value); got != want {
					t.Fatalf("%q is written %q, which reads %q as %v; SMI says %v", pattern, i.write.header(written), value, got, want)
				}
			})
		})
	}
}

// TestProportionsAreTheSplits holds the weights of a route to those of the split, for the backends that exist.
func TestProportionsAreTheSplits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := shop()
		in.Split.Spec.Backends = nil
		want := map[string]int64{}
		for _, name := range rapid.SliceOfNDistinct(rapid.StringMatching("b[0-9]"), 1, 6, rapid.ID[string]).Draw(t, "names") {
			weight := rapid.Int64Range(0, 1_000_000).Draw(t, "weight")
			in.Split.Spec.Backends = append(in.Split.Spec.Backends, split.Backend{Service: name, Weight: weight})
			if rapid.Bool().Draw(t, "exists") {
				in.Services[name] = serviceOf(name, 8080)
				want[name] = weight
			}
		}
		var sum, asked int64
		for _, weight := range want {
			sum += weight
		}
		for _, b := range in.Split.Spec.Backends {
			asked += b.Weight
		}
		got := Build(in)
		if got.Keep != (sum == 0) {
			t.Fatalf("the sum is %d, and keeps is %v", sum, got.Keep)
		}
		if got.Blocked() != (sum == 0 || sum != asked) {
			t.Fatalf("%d of %d is there, and blocked is %v", sum, asked, got.Blocked())
		}
		if got.Keep {
			return
		}
		refs := got.Routes[0].HTTP.Spec.Rules[0].BackendRefs
		if len(refs) != len(want) {
			t.Fatalf("%d backends, want %d", len(refs), len(want))
		}
		for _, ref := range refs {
			if int64(*ref.Weight) != want[string(ref.Name)] {
				t.Fatalf("%s has weight %d, want %d", ref.Name, *ref.Weight, want[string(ref.Name)])
			}
		}
	})
}
