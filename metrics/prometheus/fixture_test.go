package prometheus_test

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/test/prometheus"
)

// fixture is the series of a data plane under its own names, and what is to be answered for them, counted by hand.
type fixture struct {
	// Source says where the names and labels are from.
	Source string `json:"source"`
	// Interval is the time between two numbers of a series; the last one lies at the end of the window.
	Interval string `json:"interval"`
	// Window is the length of the window.
	Window string `json:"window"`
	// Splits are the TrafficSplits that exist: the backends by namespace/apex. Objects are the others, by resource.
	Splits  map[string][]string `json:"splits"`
	Objects map[string][]string `json:"objects"`
	// Series are series as in the text format, with a number for each scrape: "_" is a scrape without the series.
	Series []string `json:"series"`
	// Expect is what is answered, by path. An item is written as items writes it.
	Expect map[string][]string `json:"expect"`
	// Refuse is the sentence with which a path is refused.
	Refuse map[string]string `json:"refuse"`
}

func readFixture(t *testing.T, file string) fixture {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var f fixture
	if err := yaml.UnmarshalStrict(text, &f); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return f
}

var (
	seriesLine = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)\{(.*)\}\s+(.+)$`)
	labelPair  = regexp.MustCompile(`^\s*([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"\s*,?`)
	gap        = regexp.MustCompile(`^_x([0-9]+)$`)
	ramp       = regexp.MustCompile(`^([0-9.]+)\+([0-9.]+)x([0-9]+)$`)
)

// load reads series whose last numbers lie at the end.
func (f fixture) load(t *testing.T, end time.Time) []prometheus.Series {
	t.Helper()
	interval, err := time.ParseDuration(f.Interval)
	if err != nil {
		t.Fatal(err)
	}
	var all []prometheus.Series
	for _, line := range f.Series {
		all = append(all, readSeries(t, line, interval, end))
	}
	return all
}

func readSeries(t *testing.T, line string, interval time.Duration, end time.Time) prometheus.Series {
	t.Helper()
	found := seriesLine.FindStringSubmatch(strings.Join(strings.Fields(line), " "))
	if found == nil {
		t.Fatalf("%q is not a series", line)
	}
	s := prometheus.Series{Name: found[1], Labels: map[string]string{}}
	for rest := found[2]; strings.TrimSpace(rest) != ""; {
		pair := labelPair.FindStringSubmatch(rest)
		if pair == nil {
			t.Fatalf("%q in %q is not a label", rest, line)
		}
		s.Labels[pair[1]], rest = pair[2], rest[len(pair[0]):]
	}
	numbers := readNumbers(t, found[3])
	for i, n := range numbers {
		if n != nil {
			s.Points = append(s.Points, prometheus.Point{At: end.Add(-interval * time.Duration(len(numbers)-1-i)), Number: *n})
		}
	}
	return s
}

// readNumbers reads numbers, "_" for none, "_x3" for three times none, "stale" for the mark that a series ends with, and 5+10x3 for 5 15 25 35.
func readNumbers(t *testing.T, text string) []*float64 {
	t.Helper()
	var all []*float64
	for _, word := range strings.Fields(text) {
		switch parts := ramp.FindStringSubmatch(word); {
		case word == "_":
			all = append(all, nil)
		case gap.MatchString(word):
			all = append(all, make([]*float64, int(number(t, gap.FindStringSubmatch(word)[1])))...)
		case word == "stale":
			n := math.NaN()
			all = append(all, &n)
		case parts != nil:
			n, step := number(t, parts[1]), number(t, parts[2])
			for i := range int(number(t, parts[3])) + 1 {
				value := n + float64(i)*step
				all = append(all, &value)
			}
		default:
			n := number(t, word)
			all = append(all, &n)
		}
	}
	return all
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(fmt.Errorf("%q is not a number: %w", text, err))
	}
	return n
}
