// Package slack is a Slack to post to: a real HTTP server on loopback.
//
// In: posts to an incoming webhook or to chat.postMessage, as JSON or as a form. Out: the answers Slack would give, and the
// messages it took, in order. What Slack would refuse is refused in Slack's words; it can also be told to be out of order.
// It must not know who posts, or what about.
package slack
