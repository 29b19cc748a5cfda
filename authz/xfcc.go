package authz

import (
	"errors"
	"strings"
)

// Why x-forwarded-client-cert cannot be read. Each completes the sentence "... cannot be read: ...".
var (
	errXFCCEmpty      = errors.New("an element of it is empty")
	errXFCCKey        = errors.New("something in it is not KEY=VALUE")
	errXFCCQuote      = errors.New("a quote in it begins within a value, or something follows the end of one")
	errXFCCUnfinished = errors.New("a quote in it is not closed")
	errXFCCNoURI      = errors.New("its last element names no URI")
	errXFCCManyURIs   = errors.New("its last element names more than one URI")
)

// lastURI returns the URI in the last element of an x-forwarded-client-cert, which is the one that the data plane added; the
// elements before it are what the client sent.
//
// Elements are parted by commas, the KEY=VALUE pairs in them by semicolons, and a value with one of ,;= in it is in double quotes,
// in which a backslash takes the meaning from what follows. What the client sent must not change how the rest is read, so the header
// is read as a whole and refused as a whole: a quote that the client leaves open ends at the first quote that the data plane
// writes, and then what follows that quote is out of place, or the last quote stays open.
func lastURI(header string) (string, error) {
	rest := header
	for {
		uri, uris := "", 0
		rest = strings.TrimLeft(rest, " \t")
		if rest == "" || rest[0] == ',' {
			return "", errXFCCEmpty
		}
		for more := true; more; {
			key, value, after, err := cutPair(rest)
			if err != nil {
				return "", err
			}
			if strings.EqualFold(key, "URI") {
				uri, uris = value, uris+1
			}
			more = strings.HasPrefix(after, ";")
			rest = strings.TrimPrefix(after, ";")
		}
		if next, another := strings.CutPrefix(rest, ","); another {
			rest = next
			continue
		}
		switch {
		case uris == 0 || uri == "":
			return "", errXFCCNoURI
		case uris > 1:
			return "", errXFCCManyURIs
		default:
			return uri, nil
		}
	}
}

// cutPair reads one KEY=VALUE; what it leaves is empty or begins with a comma or a semicolon.
func cutPair(text string) (key, value, rest string, err error) {
	equals := strings.IndexAny(text, `=,;"`)
	if equals <= 0 || text[equals] != '=' {
		return "", "", "", errXFCCKey
	}
	key, text = text[:equals], text[equals+1:]
	if strings.HasPrefix(text, `"`) {
		value, rest, err = cutQuoted(text[1:])
		return key, value, rest, err
	}
	end := strings.IndexAny(text, `,;"`)
	if end < 0 {
		return key, text, "", nil
	}
	if text[end] == '"' {
		return "", "", "", errXFCCQuote
	}
	return key, text[:end], text[end:], nil
}

// cutQuoted reads a value after its opening quote.
func cutQuoted(text string) (value, rest string, err error) {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\\':
			if i++; i == len(text) {
				return "", "", errXFCCUnfinished
			}
			out.WriteByte(text[i])
		case '"':
			rest = text[i+1:]
			if rest != "" && rest[0] != ',' && rest[0] != ';' {
				return "", "", errXFCCQuote
			}
			return out.String(), rest, nil
		default:
			out.WriteByte(c)
		}
	}
	return "", "", errXFCCUnfinished
}
