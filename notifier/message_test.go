package notifier

import (
	"net/http"
	"testing"
	"time"
)

func TestDestinationsHaveStableIDs(t *testing.T) {
	tests := map[string]struct {
		dest Destination
		want string
	}{
		"a Slack channel by name":        {dest: shop, want: "slack/shop/slack#shop"},
		"the same channel without its #": {dest: Destination{Slack, "shop", "slack", "shop"}, want: "slack/shop/slack#shop"},
		"a Slack webhook":                {dest: Destination{Slack, "shop", "slack", ""}, want: "slack/shop/slack"},
		"a Google Chat space":            {dest: Destination{GoogleChat, "shop", "chat", ""}, want: "googleChat/shop/chat"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tc.dest.ID(); got != tc.want {
				t.Errorf("ID = %q, want %q", got, tc.want)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	tests := map[string]struct {
		header string
		want   time.Duration
	}{
		"seconds":             {header: "30", want: 30 * time.Second},
		"parts of a second":   {header: "0.25", want: 250 * time.Millisecond},
		"an instant":          {header: at.Add(time.Minute).UTC().Format(http.TimeFormat), want: time.Minute},
		"an instant long ago": {header: at.Add(-time.Hour).UTC().Format(http.TimeFormat)},
		"nothing":             {},
		"words":               {header: "soon"},
		"less than nothing":   {header: "-5"},
		"no number":           {header: "NaN"},
		"for ever":            {header: "1e300"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := retryAfter(tc.header, at); got != tc.want {
				t.Errorf("retryAfter = %s, want %s", got, tc.want)
			}
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("30")
	f.Add("Wed, 21 Oct 2026 07:28:00 GMT")
	f.Fuzz(func(t *testing.T, header string) {
		if got := retryAfter(header, at); got < 0 {
			t.Errorf("retryAfter(%q) = %s", header, got)
		}
	})
}
