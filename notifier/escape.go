package notifier

import (
	"strings"
	"unicode/utf16"
)

// ellipsis ends a text that was cut.
const ellipsis = "…"

// escapes are the three characters that Slack gives a meaning to in every text.
var escapes = map[rune]string{'&': "&amp;", '<': "&lt;", '>': "&gt;"}

// escape returns text with Slack's control characters escaped, cut with an ellipsis to at most limit characters. It never
// cuts inside an escape or a character.
func escape(text string, limit int) string {
	return assemble(text, limit, func(char rune) string { return escapes[char] })
}

// escapeChat is escape for Google Chat's cards, which know the same three characters and make links of URLs.
func escapeChat(text string, limit int) string { return escape(breakLinks(text), limit) }

// escapeCard is escape for an Adaptive Card, whose texts are a subset of Markdown.
func escapeCard(text string, limit int) string {
	return assemble(breakLinks(text), limit, func(char rune) string {
		switch {
		case strings.ContainsRune("\\`*_~#[]<>", char):
			return "\\" + string(char)
		case char == '\n':
			return "\n\n"
		}
		return ""
	})
}

// escapeDiscord is escape for Discord's Markdown. An escaped colon makes a URL no link, and a name no emoji.
func escapeDiscord(text string, limit int) string {
	return assemble(text, limit, func(char rune) string {
		if strings.ContainsRune("\\`*_~#[]()<>|:@-", char) {
			return "\\" + string(char)
		}
		return ""
	})
}

// breakLinks puts a space that is not seen into each URL, so that a client does not make a link of it.
func breakLinks(text string) string { return strings.ReplaceAll(text, "://", ":\u200b//") }

// cut returns text as it is, cut with an ellipsis to at most limit characters.
func cut(text string, limit int) string {
	return assemble(text, limit, func(rune) string { return "" })
}

// assemble puts text together of its characters, each replaced unless the replacement is empty, and cuts it with an
// ellipsis to at most limit characters. It never cuts inside a replacement or a character.
func assemble(text string, limit int, replace func(rune) string) string {
	var out strings.Builder
	used := 0
	fits := 0 // bytes of out that leave room for the ellipsis
	for _, char := range strings.ToValidUTF8(text, "�") {
		piece := replace(char)
		if piece == "" {
			piece = string(char)
		}
		used += units(piece)
		if used > limit {
			return out.String()[:fits] + ellipsis
		}
		out.WriteString(piece)
		if used <= limit-len([]rune(ellipsis)) {
			fits = out.Len()
		}
	}
	return out.String()
}

// inlineCode returns text as inline code of at most limit characters.
func inlineCode(text string, limit int) string {
	return "`" + escape(strings.ReplaceAll(oneLine(text), "`", "'"), limit-2) + "`"
}

// lineBreaks become spaces where a text must stay on one line.
var lineBreaks = strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ")

// oneLine joins the lines of text, and keeps it from ending a code block.
func oneLine(text string) string { return noFence(lineBreaks.Replace(text)) }

// noFence keeps text from opening or ending a code block.
func noFence(text string) string { return strings.ReplaceAll(text, "```", "'''") }

// units counts the characters of text as Slack does.
func units(text string) int {
	total := 0
	for _, char := range text {
		total += max(1, utf16.RuneLen(char))
	}
	return total
}
