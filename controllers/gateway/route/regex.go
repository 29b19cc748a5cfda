package route

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// maxPatternBytes is how long an expression of an HTTPRouteGroup may be, as in package policy.
const maxPatternBytes = 1024

// portable checks an expression, and writes it so that every engine reads it as Go does. The expression is parsed alone before it
// is wrapped: a text such as `a)|(?:b` would break out of the group.
func portable(pattern string) (string, error) {
	if len(pattern) > maxPatternBytes {
		return "", tooLong("regular expression", len(pattern), maxPatternBytes)
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		var at *syntax.Error
		if errors.As(err, &at) {
			return "", fmt.Errorf("its expression is not a regular expression (%s)", at.Code)
		}
		return "", fmt.Errorf("its expression is not a regular expression (%w)", err)
	}
	if peculiar.MatchString(pattern) {
		return tree.String(), nil
	}
	return pattern, nil
}

// peculiar finds what not every engine reads as Go does: quotations, octal and other numbered escapes, braces that repeat nothing,
// brackets and set operators within classes, and a group that stays open to a flag.
var peculiar = regexp.MustCompile(`\\[QE0-9zCK]|\{(?:[^0-9]|$)|\[[^\]]*\[|&&|--|~~|\(\?[imsU-]*[U][imsU-]*[):]|[^\x20-\x7e]`)

// isAnyPath says whether every path matches an expression, as all of them begin with a slash.
func isAnyPath(pattern string) bool {
	switch strings.TrimPrefix(pattern, "^") {
	case "", "/", ".*", "/.*":
		return true
	}
	return false
}

var plainPath = regexp.MustCompile(`^\^?((?:/[A-Za-z0-9_~-]+)+)\$$`)

// exactPath is the one path that an expression matches, "" if it is not plain to see that there is one.
func exactPath(pattern string) string {
	if found := plainPath.FindStringSubmatch(pattern); found != nil {
		return found[1]
	}
	return ""
}

var plainValue = regexp.MustCompile(`^\^([A-Za-z0-9_~/=:;, -]+)\$$`)

// exactValue is the one header value that an expression matches, "" if it is not plain to see that there is one.
func exactValue(pattern string) string {
	if found := plainValue.FindStringSubmatch(pattern); len(found) == 2 && strings.TrimSpace(found[1]) == found[1] {
		return found[1]
	}
	return ""
}
