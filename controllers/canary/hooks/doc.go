// Package hooks asks webhooks, and never holds a look at a Canary up for it.
//
// In: the questions that a plan awaits (analysis.Plan.Calls), handed over by Await after the status was written; the Secret
// with a webhook's headers, read for every try. Out: the answers (analysis.Observed.Answers), told by a call of
// Options.Answered; counts by point and outcome. Each question is one goroutine of the Caller, which ends when the question
// was answered, is awaited no more, or the Caller ends.
//
// It must not decide anything about a rollout: a question that was answered stays answered until the status says so, and
// what a no means is up to package analysis. Answers live in memory, so a question whose answer was not recorded is asked
// again by the next leader, under the same id. A webhook must therefore expect a question more than once.
//
// A URL, headers and answers may hold secrets, and the text of an answer is shown to everybody who may read the Canary. So
// the text has nothing of a URL but scheme, host and path, and nothing that a header or the URL's query was given. Whoever
// may write a Canary makes the controller send a POST to any address that the controller can reach; a NetworkPolicy on the
// controller's pods is the place to limit that.
package hooks
