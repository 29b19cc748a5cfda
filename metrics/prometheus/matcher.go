package prometheus

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// matcher selects series by one label.
type matcher struct{ label, operator, value string }

// String is the matcher in PromQL: its value is quoted, whatever it is.
func (m matcher) String() string { return m.label + m.operator + strconv.Quote(m.value) }

// matchers select the series that all of them select.
type matchers []matcher

func equal(label, value string) matcher { return matcher{label, "=", value} }

// selector is a selector of series of the names.
func selector(names []string, sets ...matchers) string {
	var all []string
	name := ""
	if len(names) == 1 {
		name = names[0]
	} else {
		all = append(all, matcher{"__name__", "=~", strings.Join(names, "|")}.String())
	}
	for _, set := range sets {
		for _, m := range set {
			all = append(all, m.String())
		}
	}
	return name + "{" + strings.Join(all, ",") + "}"
}

var (
	metricName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	oneMatcher = regexp.MustCompile(`^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*")\s*`)
)

// parseMatchers reads matchers as they stand between the braces of a selector: reporter="source",code=~"5..". Nothing is no
// matcher.
func parseMatchers(text string) (matchers, error) {
	var all matchers
	rest := text
	for strings.TrimSpace(rest) != "" {
		found := oneMatcher.FindStringSubmatch(rest)
		if found == nil {
			return nil, fmt.Errorf("%q is not a list of matchers such as reporter=\"source\",code=~\"5..\"", text)
		}
		value, err := strconv.Unquote(found[3])
		if err != nil {
			return nil, fmt.Errorf("%s in %q is not a quoted text", found[3], text)
		}
		if strings.HasSuffix(found[2], "~") {
			if _, err := regexp.Compile(value); err != nil {
				return nil, fmt.Errorf("%q in %q is not a regular expression: %w", value, text, err)
			}
		}
		all = append(all, matcher{found[1], found[2], value})
		rest = rest[len(found[0]):]
		if comma := strings.TrimPrefix(rest, ","); comma != rest {
			rest = comma
		} else if strings.TrimSpace(rest) != "" {
			return nil, fmt.Errorf("%q has no comma before %q", text, rest)
		}
	}
	return all, nil
}
