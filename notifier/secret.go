package notifier

import (
	"context"
	"fmt"
	"net/url"
	"strings"
)

// SecretReader returns the data of a Secret. It is called once per try and should read from a live client: a cache would
// watch every Secret of the cluster.
type SecretReader func(ctx context.Context, namespace, name string) (map[string][]byte, error)

// The keys of a Secret.
const (
	keyAddress = "address"
	keyToken   = "token"
)

// opening is what a Secret holds.
type opening struct {
	// address is a URL to post to.
	address string
	// token is a Slack bot's, without an address, or a webhook's bearer token, beside one.
	token string
}

// openSlack reads a Slack Secret's data, or says in one sentence what is wrong with it. If both keys are set the token is
// used.
func openSlack(dest Destination, data map[string][]byte) (opening, error) {
	if token := value(data, keyToken); token != "" {
		if dest.Channel == "" {
			return opening{}, refusedError{fmt.Sprintf("%s holds a bot token, which needs a channel: set slack.channel, for example \"#releases\".", dest.secret())}
		}
		return opening{token: token}, nil
	}
	if value(data, keyAddress) == "" {
		return opening{}, refusedError{fmt.Sprintf("%s has neither the key %q (an incoming webhook's URL) nor %q (a bot token).", dest.secret(), keyAddress, keyToken)}
	}
	return openAddress(dest, data)
}

// openAddress reads the data of a Secret with an address, or says in one sentence what is wrong with it.
func openAddress(dest Destination, data map[string][]byte) (opening, error) {
	opened := opening{address: value(data, keyAddress), token: value(data, keyToken)}
	if opened.address == "" {
		return opening{}, refusedError{fmt.Sprintf("%s has no key %q, the URL to post to.", dest.secret(), keyAddress)}
	}
	at, err := url.Parse(opened.address)
	if err != nil || at.Host == "" || (at.Scheme != "https" && at.Scheme != "http") {
		return opening{}, refusedError{fmt.Sprintf("The key %q of %s is not an http or https URL.", keyAddress, dest.secret())}
	}
	return opened, nil
}

func value(data map[string][]byte, key string) string { return strings.TrimSpace(string(data[key])) }

// unreadableSecret is the error of a Secret that could not be read; it may be read later, so it is no refusal.
func unreadableSecret(dest Destination, err error) error {
	return fmt.Errorf("reading %s: %w", dest.secret(), err)
}
