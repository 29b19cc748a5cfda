package policy

import (
	"errors"
	"slices"
	"strings"
)

// Why a request target is refused. Each completes the sentence "the path is refused: ...".
var (
	errNotAPath      = errors.New("the request target does not begin with a slash")
	errControl       = errors.New("it holds a space or a control character")
	errBackslash     = errors.New("it holds a backslash")
	errInvalidEscape = errors.New("it holds a percent sign that two hexadecimal digits do not follow")
	errEncodedSlash  = errors.New("it holds an encoded slash, backslash or NUL")
	errDotParameter  = errors.New("it holds a dot segment with a parameter, which servers read differently")
	errAmbiguous     = errors.New("it holds both // and a .. segment, which servers merge in different orders")
)

// canonicalPath is the path that rules are matched against, made from the request target as it was sent. One resource has
// one canonical path, so that no spelling of it slips past a pathRegex:
//
//  1. The query and the fragment are cut off. An empty path is "/"; "*" (as in OPTIONS *) stays; any other target that does
//     not begin with a slash is refused, the absolute form and the authority form included.
//  2. Spaces, control characters and backslashes are refused, and so are an encoded slash, backslash or NUL and a percent
//     sign that starts no escape. Encoded unreserved characters are decoded, other escapes are put in upper case, and bytes
//     beyond ASCII are encoded.
//  3. "//" is merged into "/", as most servers do, so that "//admin" is judged as "/admin".
//  4. Dot segments are merged; ".." stops at the root. Two shapes that servers are known to read differently are refused:
//     ".." in a path that holds "//", and a dot segment with a parameter ("/..;x/").
//
// It returns a target that is canonical already as it is, without allocating.
func canonicalPath(target string) (string, error) {
	path := target
	if cut := strings.IndexAny(path, "?#"); cut >= 0 {
		path = path[:cut]
	}
	if path == "" {
		return "/", nil
	}
	if path == "*" {
		return path, nil
	}
	if path[0] != '/' {
		return "", errNotAPath
	}
	path, err := normalizeEscapes(path)
	if err != nil {
		return "", err
	}
	return mergeSegments(path)
}

// normalizeEscapes gives every character of a path one spelling.
func normalizeEscapes(path string) (string, error) {
	if isPlain(path) {
		return path, nil
	}
	var out strings.Builder
	out.Grow(len(path))
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '%' {
			if i+2 >= len(path) || !isHex(path[i+1]) || !isHex(path[i+2]) {
				return "", errInvalidEscape
			}
			decoded := unhex(path[i+1])<<4 | unhex(path[i+2])
			if decoded == '/' || decoded == '\\' || decoded == 0 {
				return "", errEncodedSlash
			}
			if isUnreserved(decoded) {
				out.WriteByte(decoded)
			} else {
				writeEscape(&out, decoded)
			}
			i += 2
			continue
		}
		switch {
		case c <= ' ' || c == 0x7f:
			return "", errControl
		case c == '\\':
			return "", errBackslash
		case c > 0x7f:
			writeEscape(&out, c)
		default:
			out.WriteByte(c)
		}
	}
	return out.String(), nil
}

// mergeSegments merges "//" and dot segments in a path that begins with a slash.
func mergeSegments(path string) (string, error) {
	if !strings.Contains(path, "//") && !strings.Contains(path, "/.") {
		return path, nil
	}
	segments := strings.Split(path[1:], "/")
	if err := checkSegments(segments); err != nil {
		return "", err
	}
	kept := segments[:0]
	for i, segment := range segments {
		switch segment {
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		case ".", "":
		default:
			kept = append(kept, segment)
			continue
		}
		if i == len(segments)-1 {
			kept = append(kept, "") // What ends in a dot segment or a slash names a directory and keeps its slash.
		}
	}
	return "/" + strings.Join(kept, "/"), nil
}

// checkSegments refuses what servers are known to merge in different ways.
func checkSegments(segments []string) error {
	doubled := slices.Contains(segments[:len(segments)-1], "") // the last one is empty after a trailing slash
	for _, segment := range segments {
		name, _, parameter := strings.Cut(segment, ";")
		if parameter && (name == "." || name == "..") {
			return errDotParameter
		}
		if doubled && name == ".." {
			return errAmbiguous
		}
	}
	return nil
}

// isPlain reports whether normalizeEscapes has nothing to change or refuse.
func isPlain(path string) bool {
	for i := 0; i < len(path); i++ {
		if c := path[i]; c <= ' ' || c >= 0x7f || c == '%' || c == '\\' {
			return false
		}
	}
	return true
}

// isUnreserved reports whether a character means the same encoded and plain (RFC 3986 section 2.3).
func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// unhex is the value of a hexadecimal digit.
func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	default:
		return c - 'a' + 10
	}
}

func writeEscape(out *strings.Builder, c byte) {
	const digits = "0123456789ABCDEF"
	out.WriteByte('%')
	out.WriteByte(digits[c>>4])
	out.WriteByte(digits[c&0xf])
}
