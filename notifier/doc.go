// Package notifier tells people what a rollout did.
//
// In: a Message per transition, made from analysis notes. Out: one message per configured place, sent from an outbox with
// its own goroutines, retried with backoff, never twice. It must not be waited for by a reconcile, and its failures must
// never change a rollout.
//
// Never twice is the stronger promise. A try that is known to have failed (nothing listens, no answer was asked for yet, a
// busy or failing service) is repeated; a try whose answer never came may have been delivered, so it is not repeated but
// counted as unknown, logged, and handed to Options.OnLost. What is queued lives in memory: a controller that is killed
// loses it, one that is stopped flushes it first. The rollout itself is always told by the Canary's status and Events.
package notifier
