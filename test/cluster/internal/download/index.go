package download

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// archive is one entry of the index.
type archive struct {
	version  [3]int
	platform Platform
	// hash is a SHA-512 in hexadecimal.
	hash string
	link string
}

// parseIndex reads the index. It is YAML of one fixed shape: releases, versions, file names, and under each of those a hash
// and a link. Lines are told apart by what they say, so a reader of that shape takes a screenful and no dependency.
func parseIndex(text string) []archive {
	var all []archive
	for line := range strings.Lines(text) {
		key, value, isPair := strings.Cut(strings.TrimSpace(line), ":")
		if !isPair || strings.HasPrefix(key, "#") {
			continue
		}
		key, value = unquote(key), unquote(value)
		switch {
		case strings.HasPrefix(key, "envtest-"):
			all = append(all, parseName(key))
		case len(all) == 0:
		case key == "hash":
			all[len(all)-1].hash = value
		case key == "selfLink":
			all[len(all)-1].link = value
		}
	}
	return slices.DeleteFunc(all, func(a archive) bool { return a.hash == "" || a.link == "" || a.platform.OS == "" })
}

// newest returns the newest archive of a version's minor version for a platform.
func newest(all []archive, version string, platform Platform) (archive, error) {
	want, err := parseVersion(version)
	if err != nil {
		return archive{}, err
	}
	var best archive
	for _, candidate := range all {
		fits := candidate.platform == platform && candidate.version[0] == want[0] && candidate.version[1] == want[1]
		if fits && slices.Compare(candidate.version[:], best.version[:]) > 0 {
			best = candidate
		}
	}
	if best.link == "" {
		return best, fmt.Errorf("the index has no archive of v%d.%d for %s/%s", want[0], want[1], platform.OS, platform.Arch)
	}
	return best, nil
}

// parseName reads a name like envtest-v1.37.0-linux-amd64.tar.gz; what is no such name gives an archive for no platform.
func parseName(name string) archive {
	parts := strings.Split(strings.TrimSuffix(name, ".tar.gz"), "-")
	if len(parts) != 4 {
		return archive{}
	}
	version, err := parseVersion(parts[1])
	if err != nil {
		return archive{}
	}
	return archive{version: version, platform: Platform{OS: parts[2], Arch: parts[3]}}
}

// parseVersion reads a version like v1.37.2.
func parseVersion(text string) ([3]int, error) {
	var version [3]int
	parts := strings.Split(strings.TrimPrefix(text, "v"), ".")
	if len(parts) != len(version) {
		return version, fmt.Errorf("%q is not a version like v1.37.2", text)
	}
	var problem error
	for i, part := range parts {
		var err error
		version[i], err = strconv.Atoi(part)
		problem = cmp.Or(problem, err)
	}
	return version, problem
}

// unquote removes the space and the quotes around a YAML scalar.
func unquote(text string) string {
	return strings.Trim(strings.TrimSpace(text), `"'`)
}
