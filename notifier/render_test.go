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

	"github.com/google/go-cmp/cmp"
	"github.com/serin-dev/serin/analysis"
	"github.com/slack-go/slack"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var at = time.Date(2026, 3, 14, 15, 9, 26, 0, time.FixedZone("CET", 3600))

func TestRenderGolden(t *testing.T) {
	tests := map[string]Message{
		"rolled-back": {
			Key: "1", Namespace: "shop", Canary: "foobar", Severity: analysis.Problem, Title: "foobar v2 was rolled back",
			FromImage: "ghcr.io/acme/foobar:1.4.2", ToImage: "ghcr.io/acme/foobar:1.5.0", Step: "2/3", Weight: 0, Time: at,
			Why: "success rate 97.2% < 99% over 412 requests in 30s; v1 in the same window: 99.9%",
			Act: []string{"kubectl canary status foobar -n shop", "kubectl canary retry foobar -n shop"},
		},
		"waits-for-approval": {
			Key: "2", Namespace: "shop", Canary: "foobar", Severity: analysis.Info, Title: "foobar v2 waits for approval",
			FromImage: "foobar:1", ToImage: "foobar:2", Step: "3/3", Weight: 50, Time: at,
			Why: "step 3 of 3 (50 %) asks for an approval; all checks pass over 4120 requests",
			Act: []string{`kubectl canary approve foobar -n shop --reason "looks <good> & fast"`, "kubectl canary abort foobar -n shop"},
		},
		"first-version": {
			Key: "3", Namespace: "shop", Canary: "foobar", Severity: analysis.Good, Title: "foobar v1 serves", ToImage: "foobar:1", Time: at,
		},
		"hostile": {
			Key: "4", Namespace: "shop", Canary: "foobar", Severity: analysis.Good, Title: "<!channel> & <@U1>",
			FromImage: "a`b", ToImage: "c\nd", Step: "<1>", Weight: 100, Time: at,
			Why: "p99 > 500ms & rising, see <https://example.com|this>", Act: []string{"echo ```\nrm -rf <x>"},
		},
	}
	for name, m := range tests {
		t.Run(name, func(t *testing.T) {
			text, blocks := render(m)
			got := golden(t, text, blocks)
			path := filepath.Join("testdata", name+".golden")
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

// golden is the text and the blocks as a person can read them.
func golden(t *testing.T, text string, blocks []slack.Block) []byte {
	t.Helper()
	var out bytes.Buffer
	out.WriteString("--- text\n" + text + "\n--- blocks\n")
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(blocks); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestRenderKeepsSlacksLimits holds every message, whatever is in it, to what Slack accepts.
func TestRenderKeepsSlacksLimits(t *testing.T) {
	piece := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"&", "<!here>", "```", "\n", "🐤", "é", "\xff"}))
	long := rapid.Custom(func(t *rapid.T) string {
		return strings.Repeat(piece.Draw(t, "piece"), rapid.IntRange(0, 4000).Draw(t, "times"))
	})
	name := rapid.StringMatching(`[a-z]([a-z0-9-]{0,250}[a-z0-9])?`)
	rapid.Check(t, func(t *rapid.T) {
		m := Message{
			Namespace: name.Draw(t, "namespace"), Canary: name.Draw(t, "canary"), Title: long.Draw(t, "title"),
			FromImage: long.Draw(t, "from"), ToImage: long.Draw(t, "to"), Step: piece.Draw(t, "step"), Why: long.Draw(t, "why"),
			Act: rapid.SliceOfN(long, 0, 5).Draw(t, "act"), Severity: rapid.SampledFrom([]analysis.Severity{analysis.Info, analysis.Good, analysis.Problem}).Draw(t, "severity"),
		}
		text, blocks := render(m)
		if size := units(text); size == 0 || size > maxText {
			t.Fatalf("text has %d characters", size)
		}
		if len(blocks) > 6 {
			t.Fatalf("%d blocks", len(blocks))
		}
		for _, block := range blocks {
			checkBlock(t, block)
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
	case *slack.HeaderBlock:
		check(block.Text, maxHeader)
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

func TestCommandsAreWholeOrLeftOut(t *testing.T) {
	m := Message{Namespace: "shop", Canary: "foobar", Act: []string{"kubectl first", "kubectl " + strings.Repeat("x", 3000), "kubectl third"}}
	got := commands(m)
	want := "*Act*\n```\nkubectl first\n… and more, see: kubectl canary status foobar -n shop\n```"
	if got != want {
		t.Errorf("commands = %q, want %q", got, want)
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
