package outbound

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// reserved are headers that no Secret may set: those of the connection, and those that Serin sets itself.
var reserved = map[string]bool{
	"Connection": true, "Keep-Alive": true, "Proxy-Connection": true, "Proxy-Authenticate": true, "Proxy-Authorization": true,
	"Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true, "Host": true, "Content-Length": true,
	"Content-Type": true, "Serin-Question": true,
}

// Headers makes a Secret's data into headers, or says in one sentence what is wrong with it. The sentence names keys and no
// values. White space around a value is cut, because the file it came from often ends with a line break.
func Headers(secret string, data map[string][]byte) (http.Header, string) {
	header := http.Header{}
	for _, name := range slices.Sorted(maps.Keys(data)) {
		value := strings.TrimSpace(string(data[name]))
		switch canonical := http.CanonicalHeaderKey(name); {
		case !httpguts.ValidHeaderFieldName(name):
			return nil, fmt.Sprintf("the key %q of Secret %q is not the name of a header", name, secret)
		case reserved[canonical]:
			return nil, fmt.Sprintf("Secret %q may not set the header %s", secret, canonical)
		case !httpguts.ValidHeaderFieldValue(value):
			return nil, fmt.Sprintf("the key %q of Secret %q holds what a header cannot hold, such as a line break", name, secret)
		default:
			header.Add(canonical, value)
		}
	}
	return header, ""
}

// leastHidden is the length from which a value is looked for in answers; a shorter one is a word like any other.
const leastHidden = 4

// Hiding takes out of a text what a service may have sent back of the headers and the URL: their values, and the words in
// them, such as the token behind "Bearer".
func Hiding(header http.Header, u *url.URL) *strings.Replacer {
	var secrets []string
	add := func(value string) {
		secrets = append(secrets, value)
		secrets = append(secrets, strings.Fields(value)...)
	}
	for name, values := range header {
		if !reserved[name] && name != "User-Agent" {
			for _, value := range values {
				add(value)
			}
		}
	}
	add(u.RawQuery)
	for _, values := range u.Query() {
		for _, value := range values {
			add(value)
		}
	}
	if u.User != nil {
		password, _ := u.User.Password()
		add(password)
		add(u.User.Username())
	}
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var pairs []string
	for _, secret := range secrets {
		if len(secret) >= leastHidden && !strings.EqualFold(secret, "Bearer") && !strings.EqualFold(secret, "Basic") {
			pairs = append(pairs, secret, "[hidden]")
		}
	}
	return strings.NewReplacer(pairs...)
}
