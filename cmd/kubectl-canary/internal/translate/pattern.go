package translate

import (
	"regexp/syntax"
	"slices"
)

// comparison is a regular expression that comparing texts decides as well.
type comparison struct {
	kind compared
	text string
}

// compared says which part of a text is compared.
type compared int

const (
	// anything needs no comparison.
	anything compared = iota
	whole
	prefix
	suffix
)

// anchor says where a regular expression begins to match when it does not say so itself.
type anchor int

const (
	anywhere anchor = iota
	atStart
)

// compare reads a regular expression as a comparison of texts, and reports whether it is one: a literal between optional ^ or .* and
// .* or $. Neither paths nor headers hold line breaks, so .* is anything.
func compare(regex string, from anchor) (comparison, bool) {
	tree, err := syntax.Parse(regex, syntax.Perl)
	if err != nil {
		return comparison{}, false
	}
	parts := flat(tree)
	begins, ends := from == atStart, false
	if len(parts) > 0 && parts[0].Op == syntax.OpBeginText {
		begins, parts = true, parts[1:]
	}
	if len(parts) > 0 && parts[len(parts)-1].Op == syntax.OpEndText {
		ends, parts = true, parts[:len(parts)-1]
	}
	if len(parts) > 0 && isAny(parts[0]) {
		begins, parts = false, parts[1:]
		if len(parts) == 0 { // It reaches from one end to the other.
			return comparison{kind: anything}, true
		}
	}
	if len(parts) > 0 && isAny(parts[len(parts)-1]) {
		ends, parts = false, parts[:len(parts)-1]
	}
	var text string
	for _, part := range parts {
		if part.Op != syntax.OpLiteral || part.Flags&syntax.FoldCase != 0 {
			return comparison{}, false
		}
		text += string(part.Rune)
	}
	return between(text, begins, ends)
}

// between is the comparison of a text at one end, at both, or at none.
func between(text string, begins, ends bool) (comparison, bool) {
	switch {
	case begins && ends:
		return comparison{whole, text}, true
	case text == "":
		return comparison{kind: anything}, true
	case begins:
		return comparison{prefix, text}, true
	case ends:
		return comparison{suffix, text}, true
	}
	return comparison{}, false
}

// flat are the parts of a concatenation, without the brackets around them.
func flat(tree *syntax.Regexp) []*syntax.Regexp {
	switch tree.Op {
	case syntax.OpCapture:
		return flat(tree.Sub[0])
	case syntax.OpEmptyMatch:
		return nil
	case syntax.OpConcat:
		var parts []*syntax.Regexp
		for _, sub := range tree.Sub {
			parts = append(parts, flat(sub)...)
		}
		return parts
	default:
		return []*syntax.Regexp{tree}
	}
}

func isAny(part *syntax.Regexp) bool {
	return part.Op == syntax.OpStar && slices.Contains([]syntax.Op{syntax.OpAnyChar, syntax.OpAnyCharNotNL}, part.Sub[0].Op)
}
