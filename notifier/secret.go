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

// The keys of a Slack Secret. If both are set the token is used.
const (
	keyAddress = "address"
	keyToken   = "token"
)

// opening is what a Slack Secret holds: an incoming webhook's URL or a bot token, never both.
type opening struct {
	address string
	token   string
}

// openSecret reads a Slack Secret's data, or says in one sentence what is wrong with it.
func openSecret(dest Destination, data map[string][]byte) (opening, error) {
	name := dest.Namespace + "/" + dest.SecretName
	token := strings.TrimSpace(string(data[keyToken]))
	if token != "" {
		if dest.Channel == "" {
			return opening{}, refusedError{fmt.Sprintf("Secret %s holds a bot token, which needs a channel: set slack.channel, for example \"#releases\".", name)}
		}
		return opening{token: token}, nil
	}
	address := strings.TrimSpace(string(data[keyAddress]))
	if address == "" {
		return opening{}, refusedError{fmt.Sprintf("Secret %s has neither the key %q (an incoming webhook's URL) nor %q (a bot token).", name, keyAddress, keyToken)}
	}
	at, err := url.Parse(address)
	if err != nil || at.Host == "" || (at.Scheme != "https" && at.Scheme != "http") {
		return opening{}, refusedError{fmt.Sprintf("The key %q of Secret %s is not an http or https URL.", keyAddress, name)}
	}
	return opening{address: address}, nil
}

// unreadableSecret is the error of a Secret that could not be read; it may be read later, so it is no refusal.
func unreadableSecret(dest Destination, err error) error {
	return fmt.Errorf("reading Secret %s/%s: %w", dest.Namespace, dest.SecretName, err)
}
