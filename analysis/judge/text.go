package judge

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// textVersion is the first word of the text of a Memory. Another format gets another word.
const textVersion = "e1"

// mostSum is the largest sum of counts or of exponents, without its sign, that a Memory may have: a billion windows' worth.
const mostSum = 1e24

// MarshalText returns all but the name as one line, exactly: words separated by spaces, the first of them the version, the
// others a key and numbers. What is still as in the zero value is left out.
//
//	e1 step=BAD,TOTAL,SEEN null=R,T,LNM... floor=R,T,LNM... quantiles=BOUND,LNQ...
//
// It refuses what UnmarshalText would refuse.
func (m Memory) MarshalText() ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	line := append(make([]byte, 0, 256), textVersion...)
	if m.Bad != 0 || m.Total != 0 || m.Seen != 0 {
		line = appendWord(line, " step=", m.Bad, m.Total, float64(m.Seen))
	}
	for _, part := range [...]struct {
		key string
		x   Mixture
	}{{" null=", m.Null}, {" floor=", m.Floor}} {
		if part.x.T != 0 {
			line = appendWord(line, part.key, append([]float64{part.x.R, float64(part.x.T)}, part.x.LnM[:]...)...)
		}
	}
	if m.Bound != 0 {
		line = appendWord(line, " quantiles=", append([]float64{m.Bound}, m.LnQ[:]...)...)
	}
	return line, nil
}

// UnmarshalText reads what MarshalText wrote and leaves the name as it is. Anything else it refuses, and then changes nothing.
func (m *Memory) UnmarshalText(text []byte) error {
	words := strings.Split(string(text), " ")
	if words[0] != textVersion {
		return fmt.Errorf("the evidence begins with %.20q, not with %q: another version of Serin wrote it", words[0], textVersion)
	}
	read := Memory{Name: m.Name}
	last := ""
	for _, word := range words[1:] {
		key, list, _ := strings.Cut(word, "=")
		if keyOrder[key] <= keyOrder[last] {
			return fmt.Errorf("the evidence has %.20q where no such word can be", key)
		}
		last = key
		numbers, err := parseNumbers(list, keyNumbers[key])
		if err != nil {
			return fmt.Errorf("the evidence's word %q is malformed: %w", key, err)
		}
		read.set(key, numbers)
	}
	again, err := read.MarshalText()
	if err != nil {
		return err
	}
	if string(again) != string(text) { // numbers in another form, or words that say nothing: none of ours
		return errors.New("the evidence is not in the form in which it is written")
	}
	*m = read
	return nil
}

// The keys in the order in which they come, and how many numbers each has.
var (
	keyOrder   = map[string]int{"step": 1, "null": 2, "floor": 3, "quantiles": 4}
	keyNumbers = map[string]int{"step": 3, "null": 10, "floor": 10, "quantiles": 5}
)

// set stores the numbers of a key.
func (m *Memory) set(key string, numbers []float64) {
	switch key {
	case "step":
		m.Bad, m.Total, m.Seen = numbers[0], numbers[1], toCount(numbers[2])
	case "null":
		m.Null = toMixture(numbers)
	case "floor":
		m.Floor = toMixture(numbers)
	case "quantiles":
		m.Bound, m.LnQ = numbers[0], [4]float64(numbers[1:])
	}
}

// toMixture reads the numbers of a Mixture.
func toMixture(numbers []float64) Mixture {
	return Mixture{R: numbers[0], T: toCount(numbers[1]), LnM: [8]float64(numbers[2:])}
}

// toCount reads a whole number; -1, which no check lets pass, stands for all that are none.
func toCount(x float64) int {
	if x >= 0 && x <= mostCount && x == math.Trunc(x) {
		return int(x)
	}
	return -1
}

// mostCount is the largest number of windows: more than there are seconds in a lifetime.
const mostCount = 1 << 40

// check refuses what no sequence of windows leads to and what could not be computed with.
func (m Memory) check() error {
	switch {
	case m.Seen < 0 || m.Seen > mostCount:
		return errors.New("the evidence's number of windows is out of range")
	case !(m.Total >= 0 && m.Total <= mostSum && m.Bad >= 0 && m.Bad <= m.Total*(1+slack)):
		return fmt.Errorf("the evidence's counts cannot be: %v bad ones of %v", m.Bad, m.Total)
	case !m.Null.possible() || !m.Floor.possible():
		return errors.New("the evidence against the candidate is out of range")
	case !(m.Bound >= 0 && m.Bound <= 1):
		return fmt.Errorf("the evidence's bound %v is not between 0 and 1", m.Bound)
	}
	for _, q := range m.LnQ {
		if !(math.Abs(q) <= mostSum) || m.Bound == 0 && q != 0 {
			return errors.New("the evidence of quantiles is out of range")
		}
	}
	return nil
}

// possible says whether windows can lead to it.
func (x Mixture) possible() bool {
	if x.T == 0 {
		return true
	}
	if !(x.R >= 0 && x.R <= 1) || x.T < 0 || x.T > mostCount || math.IsInf(x.LnE(), 0) {
		return false
	}
	for _, m := range x.LnM {
		if !(m <= mostSum) || m < -mostSum && !math.IsInf(m, -1) {
			return false
		}
	}
	return true
}

// appendWord adds a key and its numbers, each with the fewest digits that give back all of its bits.
func appendWord(line []byte, key string, numbers ...float64) []byte {
	line = append(line, key...)
	for i, x := range numbers {
		if i > 0 {
			line = append(line, ',')
		}
		line = strconv.AppendFloat(line, x, 'g', -1, 64)
	}
	return line
}

// parseNumbers reads as many numbers as there must be.
func parseNumbers(list string, count int) ([]float64, error) {
	if got := strings.Count(list, ",") + 1; got != count {
		return nil, fmt.Errorf("it has %d numbers, not %d", got, count)
	}
	numbers := make([]float64, 0, count)
	for word := range strings.SplitSeq(list, ",") {
		x, err := strconv.ParseFloat(word, 64)
		if err != nil || math.IsNaN(x) {
			return nil, fmt.Errorf("%.40q is no number", word)
		}
		numbers = append(numbers, x)
	}
	return numbers, nil
}
