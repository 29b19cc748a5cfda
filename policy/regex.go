package policy

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// Limits of one regular expression, so that no object makes the others slow.
const (
	maxPatternBytes        = 1024
	maxProgramInstructions = 1000
)

// pathPattern is a compiled pathRegex.
type pathPattern struct {
	// prefix is the literal text that every match begins with; most patterns are decided by it, at a fraction of the cost.
	prefix string
	regex  *regexp.Regexp // nil when the prefix is the whole pattern
}

// matchesStart reports whether the pattern matches at the start of a path; the match may end before the path does.
func (p *pathPattern) matchesStart(path string) bool {
	return strings.HasPrefix(path, p.prefix) && (p.regex == nil || p.regex.MatchString(path))
}

// compilePath compiles a pathRegex.
//
// The pattern is compiled alone before it is wrapped: a text such as `a)|(?:b` would break out of the group and lose the anchor.
func compilePath(pattern string) (*pathPattern, error) {
	program, err := compileProgram(pattern)
	if err != nil {
		return nil, err
	}
	prefix, isWhole := program.Prefix()
	if isWhole {
		return &pathPattern{prefix: prefix}, nil
	}
	regex, err := regexp.Compile("^(?:" + pattern + ")")
	if err != nil {
		// A quotation (\Q) that the pattern leaves open took in the bracket.
		regex, err = regexp.Compile("^(?:" + pattern + `\E)`)
	}
	if err != nil {
		return nil, notARegex(err)
	}
	return &pathPattern{prefix: prefix, regex: regex}, nil
}

// compileHeader compiles the pattern of a header, which may match anywhere in the value.
func compileHeader(pattern string) (*regexp.Regexp, error) {
	if _, err := compileProgram(pattern); err != nil {
		return nil, err
	}
	return regexp.Compile(pattern)
}

// compileProgram compiles what is a regular expression within the limits. What is not is refused before anything costly is done.
func compileProgram(pattern string) (*syntax.Prog, error) {
	if len(pattern) > maxPatternBytes {
		return nil, fmt.Errorf("is %d bytes long, more than the %d that are allowed", len(pattern), maxPatternBytes)
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, notARegex(err)
	}
	if n := leastInstructions(tree); n > maxProgramInstructions {
		return nil, tooLarge(n)
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, notARegex(err)
	}
	if n := len(program.Inst); n > maxProgramInstructions {
		return nil, tooLarge(n)
	}
	return program, nil
}

// leastInstructions is a lower bound of the size of a pattern's program: unrolling nested repetitions to learn the exact size takes
// up to a third of a second for one pattern of 1 KiB.
func leastInstructions(tree *syntax.Regexp) int {
	switch tree.Op {
	case syntax.OpNoMatch, syntax.OpEmptyMatch:
		return 0
	case syntax.OpLiteral:
		return len(tree.Rune)
	case syntax.OpRepeat:
		return leastInstructions(tree.Sub[0]) * max(tree.Min, tree.Max)
	default:
		if len(tree.Sub) == 0 {
			return 1
		}
		n := 0
		for _, sub := range tree.Sub {
			n += leastInstructions(sub)
		}
		return n
	}
}

func notARegex(err error) error {
	var at *syntax.Error
	if errors.As(err, &at) {
		return fmt.Errorf("is not a regular expression (%s)", at.Code)
	}
	return fmt.Errorf("is not a regular expression (%w)", err)
}

func tooLarge(instructions int) error {
	return fmt.Errorf("compiles to at least %d instructions, more than the %d that are allowed", instructions, maxProgramInstructions)
}
