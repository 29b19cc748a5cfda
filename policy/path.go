package policy

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// Why a request target is refused. Each completes the sentence "the path is refused: ...".
var (
	errNotAPath      = errors.New("the request target does not begin with a slash")
	errHost          = errors.New("it begins with two slashes, after which some servers read a host")
	errFragment      = errors.New("it holds a number sign, which some servers read as the end of the path and others do not")
	errNotASCII      = errors.New("it holds a byte beyond ASCII, which servers read in different encodings")
	errNotUTF8       = errors.New("it holds escapes that are no UTF-8, which servers read differently")
	errControl       = errors.New("it holds a space or a control character")
	errBackslash     = errors.New("it holds a backslash")
	errInvalidEscape = errors.New("it holds a percent sign that two hexadecimal digits do not follow")
	errEncodedSlash  = errors.New("it holds an encoded slash, backslash or NUL")
	errDotParameter  = errors.New("it holds a dot segment with a parameter, which servers read differently")
	errAmbiguous     = errors.New("it holds both // and a dot segment, which servers merge in different orders")
)

// canonicalPath is the path that rules are matched against, made from the request target as it was sent. One resource has
// one canonical path, so that no spelling of it slips past a pathRegex:
//
//  1. The query is cut off, and a "#" before it is refused, for there are no fragments in a request. An empty path is "/"; "*"
//     (as in OPTIONS *) stays; any other target that does not begin with a slash is refused, the absolute form and the
//     authority form included, and so is one that begins with two slashes.
//  2. Spaces, control characters, backslashes and bytes beyond ASCII are refused, and so are an encoded slash, backslash or
//     NUL, a percent sign that starts no escape, and escapes that are no UTF-8. Encoded unreserved characters are decoded, and
//     other escapes are put in upper case.
//  3. "//" is merged into "/", as many servers do.
//  4. Dot segments are merged; ".." stops at the root. Two shapes that servers are known to read differently are refused: a dot
//     segment in a path that holds "//", and a dot segment with a parameter ("/..;x/").
//
// Not every server merges. A path that steps 3 or 4 change is therefore returned unmerged as well, and a rule must match both:
// "/admin/../shop" is allowed by no rule about "/shop", nor by one about "/admin/".
//
// It returns a target that is canonical already as it is, without allocating.
func canonicalPath(target string) (path, unmerged string, err error) {
	path, _, _ = strings.Cut(target, "?")
	if strings.Contains(path, "#") {
		return "", "", errFragment
	}
	switch {
	case path == "":
		return "/", "", nil
	case path == "*":
		return path, "", nil
	case path[0] != '/':
		return "", "", errNotAPath
	case strings.HasPrefix(path, "//"):
		return "", "", errHost
	}
	unmerged, err = normalizeEscapes(path)
	if err != nil {
		return "", "", err
	}
	path, err = mergeSegments(unmerged)
	if path == unmerged || err != nil {
		unmerged = ""
	}
	return path, unmerged, err
}

// normalizeEscapes gives every character of a path one spelling.
func normalizeEscapes(path string) (string, error) {
	if isPlain(path) {
		return path, nil
	}
	var out strings.Builder
	out.Grow(len(path))
	read := make([]byte, 0, len(path)) // what a server reads that decodes every escape
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c != '%' {
			if err := checkPlain(c); err != nil {
				return "", err
			}
			out.WriteByte(c)
			read = append(read, c)
			continue
		}
		decoded, err := decodeEscape(path[i:])
		if err != nil {
			return "", err
		}
		i += 2
		read = append(read, decoded)
		if isUnreserved(decoded) {
			out.WriteByte(decoded)
		} else {
			writeEscape(&out, decoded)
		}
	}
	if !utf8.Valid(read) {
		return "", errNotUTF8
	}
	return out.String(), nil
}

// checkPlain says what is wrong with a character that stands in a path as it is, or nothing.
func checkPlain(c byte) error {
	switch {
	case c <= ' ' || c == 0x7f:
		return errControl
	case c == '\\':
		return errBackslash
	case c > 0x7f:
		return errNotASCII
	default:
		return nil
	}
}

// decodeEscape decodes the escape that a text begins with.
func decodeEscape(text string) (byte, error) {
	if len(text) < 3 || !isHex(text[1]) || !isHex(text[2]) {
		return 0, errInvalidEscape
	}
	decoded := unhex(text[1])<<4 | unhex(text[2])
	if decoded == '/' || decoded == '\\' || decoded == 0 {
		return 0, errEncodedSlash
	}
	return decoded, nil
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
		if doubled && (name == "." || name == "..") {
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
