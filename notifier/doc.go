// Package notifier tells people what a rollout did.
//
// In: a Letter per transition and place, made by the controller from the announcements in a Canary's status. Out: one
// message at the place, sent from an outbox with its own goroutines and retried with backoff, and one Receipt, handed to
// Options.Settled. It must not be waited for by a reconcile, keep anything of its own on disk or in the cluster, log or
// repeat what is in a Secret, follow a redirect, send anything that was not enqueued, or change a rollout by failing.
//
// # What is promised
//
// The outbox forgets everything when its process ends; what lasts is in status: the controller records announcements with
// the decision, enqueues each one that has no receipt there at every look, and records receipts. Given that:
//
//   - Nothing is lost before Options.GiveUpAfter, which counts from the transition: not by a service that is down, not by a
//     stop, not by a kill. Given up earlier is only what the service or the Secret refuses for good, and the receipt says
//     why in Receipt.Lost.
//   - One process sends nothing twice, unless an answer never came (see below).
//   - The letters of one Canary to one destination are settled in the order of their Seq. A letter that cannot be delivered
//     holds back those after it, of this Canary at this destination only; a service that goes on failing is tried about once
//     a minute for all of them together.
//   - A process that is stopped tries what waits once more, for at most Options.FlushTimeout. Each delivered letter has its
//     receipt before Run returns, and no other has one: if the caller records receipts until then, a stop repeats nothing.
//   - A process that is killed may have delivered letters whose receipts were not recorded. They are enqueued again as
//     Restored. One letter at a time is sent to a destination, and Settled returns before the next: if Settled returns only
//     once the receipt is recorded, that is at most one letter per destination, else those since the last record.
//
// What becomes of a letter that may have been delivered, because it is Restored, or because its answer never came (counted
// as unknown):
//
//   - Slack with a bot token: every message carries its key as metadata (event type serin_transition), and the bot looks for
//     it in the rollout's thread, or in the channel's history. If it is there, it is delivered. This needs the scopes
//     channels:history (groups:history for a private channel) and, while the channel is given by name, channels:read; a
//     private channel is only found by its ID. If the bot may not look, the message is posted.
//   - Webhook: it is sent again with the same CloudEvents source and id (UID/Seq), by which a receiver knows it.
//   - Slack, Microsoft Teams, Discord and Google Chat by incoming webhook cannot be asked. The message is sent again: a
//     repeated message is better than a lost one.
//
// # How it looks
//
// With a bot token, Slack has one thread for each rollout: the head is edited to show the newest state, and each later
// transition is a reply, never broadcast to the channel. An incoming webhook of Slack cannot edit, so it gets one message
// per transition. Google Chat has one thread for each rollout too, by a key.
//
// Commands are shown as text in code formatting, one block for each, to be copied: as they are or not at all. They are no
// buttons. A Slack button tells its app's server that it was pressed; Serin has none, so Slack would show a warning, and
// somebody would believe that the rollout was approved. A link button needs a page to lead to. The confirmation dialog of a
// button could show a command, but its text cannot be copied everywhere and its other button does nothing. Teams copies
// from a CodeBlock with one click.
//
// Whatever is in an image's name or a reason is escaped, so that it mentions nobody and links nowhere.
//
// # Parts chosen
//
// Slack goes through slack-go, Teams through go-teams-notify, the webhook through the CloudEvents SDK; each takes our HTTP
// client, so that status and Retry-After are seen and redirects refused. Discord and Google Chat take one small JSON object
// at an address that is in the Secret as a whole, and are posted by net/http: shoutrrr takes addresses apart, sends only to
// the services' own hosts, tries again by itself and reports no Retry-After; notify and discordgo make the address
// themselves; argoproj's notifications-engine brings its own controller; Google's client brings gRPC along.
package notifier
