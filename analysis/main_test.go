package analysis

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// TestMain keeps the everyday run short: 40 stories per property, and no files left behind by a failure, whose seed is
// printed. Flags say otherwise: go test ./analysis -rapid.checks=500.
func TestMain(m *testing.M) {
	flag.Parse()
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, value := range map[string]string{"rapid.checks": "40", "rapid.nofailfile": "true"} {
		if given[name] {
			continue
		}
		if err := flag.Set(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
	os.Exit(m.Run())
}
