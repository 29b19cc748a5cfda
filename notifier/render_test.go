package notifier

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/atc0005/go-teams-notify/v2/adaptivecard"
	"github.com/google/go-cmp/cmp"
	"github.com/serin-dev/serin/analysis"
	"github.com/slack-go/slack"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var at = time.Date(2026, 3, 14, 15, 9, 26, 0, time.FixedZone("CET", 3600))

// samples are the messages whose looks are kept in testdata.
func samples() map[string]Message {
	return map[string]Message{
		"rolled-back": {
			UID: "7d1c", Seq: 4, Rollout: "v2", Reason: "AnalysisFailed", Revision: "81aa", Namespace: "shop", Canary: "foobar",
			Severity: analysis.Problem, Title: "foobar v2 was rolled back",
			FromImage: "ghcr.io/acme/foobar:1.4.2", ToImage: "ghcr.io/acme/foobar:1.5.0", Step: "2/3", Weight: 0, Time: at,
			Why: "success rate 97.2% < 99% over 412 requests in 30s; v1 in the same window: 99.9%",
			Act: []Action{{"Look", "kubectl canary get foobar -n shop"}, {"Try again", "kubectl canary retry foobar -n shop --revision 81aa"}},
		},
		"waits-for-approval": {
			UID: "7d1c", Seq: 3, Rollout: "v2", Reason: "Paused", Revision: "81aa", Namespace: "shop", Canary: "foobar",
			Severity: analysis.Info, Title: "foobar v2 waits for approval",
			FromImage: "foobar:1", ToImage: "foobar:2", Step: "3/3", Weight: 50, Time: at,
			Why: "step 3 of 3 (50 %) asks for an approval; all checks pass over 4120 requests",
			Act: []Action{{"Approve", `kubectl canary approve foobar -n shop --reason "looks <good> & fast"`}, {"Roll back", "kubectl canary abort foobar -n shop"}},
		},
		"first-version": {
			UID: "7d1c", Seq: 1, Rollout: "v1", Reason: "Adopted", Namespace: "shop", Canary: "foobar",
			Severity: analysis.Good, Title: "foobar v1 serves", ToImage: "foobar:1", Time: at,
		},
		"hostile": {
			UID: "7d1c", Seq: 2, Rollout: "v2", Reason: "NewRevision", Namespace: "shop", Canary: "foobar",
			Severity: analysis.Good, Title: "<!channel> & <@U1> @everyone <users/all> [x](https://evil.example)",
			FromImage: "a`b", ToImage: "c\nd @here https://evil.example/x", Step: "<1>", Weight: 100, Time: at,
			Why: "p99 > 500ms & rising, see <https://example.com|this> or [that](https://example.com) **now** @everyone",
			Act: []Action{{"Harm", "echo ```\nrm -rf <x>"}, {"<b>Look</b>", "kubectl get pods -l 'a in (b,c)' | grep <x>"}},
		},
	}
}

func TestLooks(t *testing.T) {
	looks := map[string]func(Message) any{
		"slack":       func(m Message) any { return goldenSlack(render(m)) },
		"slack-reply": func(m Message) any { return goldenSlack(renderReply(m)) },
		"teams": func(m Message) any {
			message, err := adaptivecard.NewMessageFromCard(teamsCard(m))
			if err != nil {
				t.Fatal(err)
			}
			return message
		},
		"discord":     func(m Message) any { return discordBody(m) },
		"google-chat": func(m Message) any { return chatBody(m) },
		"cloudevent": func(m Message) any {
			e, err := eventOf(m)
			if err != nil {
				t.Fatal(err)
			}
			return e
		},
	}
	for service, look := range looks {
		for name, m := range samples() {
			t.Run(service+" "+name, func(t *testing.T) {
				path := filepath.Join("testdata", name+"."+service+".golden")
				got := indented(t, look(m))
				if *update {
					if err := os.WriteFile(path, got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), string(got)); diff != "" {
					t.Errorf("%s (-want +got), run make golden if it is meant:\n%s", path, diff)
				}
			})
		}
	}
}

func goldenSlack(look slackMessage) any {
	return map[string]any{"text": look.text, "attachments": []slack.Attachment{look.body}}
}

// indented is JSON as a person can read it.
func indented(t *testing.T, body any) []byte {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(raw, &plain); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(plain); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// anyMessage is a message with anything in it.
func anyMessage(t *rapid.T) Message {
	piece := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"&", "<!here>", "```", "\n", "🐤", "é", "\xff", "://", "*"}))
	long := rapid.Custom(func(t *rapid.T) string {
		return strings.Repeat(piece.Draw(t, "piece"), rapid.IntRange(0, 4000).Draw(t, "times"))
	})
	name := rapid.StringMatching(`[a-z]([a-z0-9-]{0,250}[a-z0-9])?`)
	return Message{
		UID: "u", Seq: 1, Rollout: "v2", Reason: "Paused",
		Namespace: name.Draw(t, "namespace"), Canary: name.Draw(t, "canary"), Title: long.Draw(t, "title"),
		FromImage: long.Draw(t, "from"), ToImage: long.Draw(t, "to"), Step: piece.Draw(t, "step"), Why: long.Draw(t, "why"),
		Severity: rapid.SampledFrom([]analysis.Severity{analysis.Info, analysis.Good, analysis.Problem}).Draw(t, "severity"),
		Act: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Action {
			return Action{Label: long.Draw(t, "label"), Command: long.Draw(t, "command")}
		}), 0, 12).Draw(t, "act"),
	}
}

// TestRenderKeepsSlacksLimits holds every message, whatever is in it, to what Slack accepts.
func TestRenderKeepsSlacksLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, look := range []slackMessage{render(anyMessage(t)), renderReply(anyMessage(t))} {
			if size := units(look.text); size == 0 || size > 40000 || strings.ContainsAny(look.text, "<>\n") {
				t.Fatalf("text has %d characters: %q", size, look.text)
			}
			if len(look.body.Blocks.BlockSet) > 12 {
				t.Fatalf("%d blocks", len(look.body.Blocks.BlockSet))
			}
			for _, block := range look.body.Blocks.BlockSet {
				checkBlock(t, block)
			}
		}
	})
}

// TestOthersKeepTheirLimits holds the rest to what each service documents.
func TestOthersKeepTheirLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyMessage(t)
		if problem := discordProblem(discordBody(m)); problem != "" {
			t.Fatal(problem)
		}
		message, err := adaptivecard.NewMessageFromCard(fit(m, teamsMost, teamsCard))
		if err != nil {
			t.Fatal(err)
		}
		if err := message.Validate(); err != nil {
			t.Fatal(err)
		}
		for most, body := range map[int]any{28 << 10: message, 32 << 10: fit(m, chatMost, chatBody)} {
			if raw, err := json.Marshal(body); err != nil || len(raw) > most {
				t.Fatalf("%d bytes for a service that takes %d (%v)", len(raw), most, err)
			}
		}
	})
}

func checkBlock(t *rapid.T, block slack.Block) {
	t.Helper()
	check := func(text *slack.TextBlockObject, limit int) {
		if size := units(text.Text); size == 0 || size > limit {
			t.Fatalf("a text of %s has %d characters, limit %d", block.BlockType(), size, limit)
		}
		if strings.ContainsAny(text.Text, "<>") {
			t.Fatalf("unescaped: %q", text.Text)
		}
		if text.Type == slack.MarkdownType && strings.Count(text.Text, "```")%2 != 0 {
			t.Fatalf("a code block that does not end: %q", text.Text)
		}
	}
	switch block := block.(type) {
	case *slack.SectionBlock:
		if block.Text != nil {
			check(block.Text, maxSection)
		}
		if len(block.Fields) > 10 {
			t.Fatalf("%d fields", len(block.Fields))
		}
		for _, field := range block.Fields {
			check(field, maxField)
		}
	case *slack.ContextBlock:
		for _, element := range block.ContextElements.Elements {
			check(element.(*slack.TextBlockObject), maxSection)
		}
	default:
		t.Fatalf("a block of type %T", block)
	}
}

func TestCommandsAreShownAsTheyAreOrNotAtAll(t *testing.T) {
	m := Message{Act: []Action{{"a", "kubectl first"}, {"b", strings.Repeat("x", 3000)}, {"c", "two\nlines"}, {"d", "``` ends the block"}, {"e", ""}, {"f", "kubectl last"}}}
	want := []Action{{"a", "kubectl first"}, {"f", "kubectl last"}}
	if diff := cmp.Diff(want, actionsOf(m, 1000)); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
}

func TestEscape(t *testing.T) {
	tests := map[string]struct {
		text  string
		limit int
		want  string
	}{
		"control characters":            {text: "a<b>&c", limit: 99, want: "a&lt;b&gt;&amp;c"},
		"as long as the limit":          {text: "abcde", limit: 5, want: "abcde"},
		"one too long":                  {text: "abcdef", limit: 5, want: "abcd…"},
		"an escape is not cut":          {text: "ab&cd", limit: 6, want: "ab…"},
		"an escape that fits":           {text: "a&cd", limit: 7, want: "a&amp;…"},
		"two units for a bird":          {text: "🐤🐤🐤", limit: 5, want: "🐤🐤…"},
		"invalid UTF-8":                 {text: "a\xffb", limit: 9, want: "a�b"},
		"already escaped stays literal": {text: "&amp;", limit: 99, want: "&amp;amp;"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := escape(tc.text, tc.limit); got != tc.want {
				t.Errorf("escape = %q, want %q", got, tc.want)
			}
		})
	}
}
