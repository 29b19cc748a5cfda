package main

import (
	"fmt"
	"html"
	"io"
	"strings"
	"time"

	"github.com/serin-dev/serin/test/demo/story"
)

// view shows scenes.
type view interface {
	show(story.Scene)
	end()
}

// lines is the view where there is no terminal: one line per thing that happened.
type lines struct {
	out     io.Writer
	began   time.Time
	chapter string
	canary  string
}

func (l *lines) show(s story.Scene) {
	if s.Release.Name != "" && s.Release.Name != l.chapter {
		l.chapter = s.Release.Name
		fmt.Fprintln(l.out)
		l.say("release", s.Release.Name+": "+s.Release.About)
	}
	if text := canaryLine(s); text != "" && text != l.canary {
		l.canary = text
		l.say("canary", text)
	}
	for _, event := range s.Events {
		l.say("event", event)
	}
	for _, message := range s.Messages {
		l.say("slack", slackLine(message))
	}
}

func (l *lines) end() {}

func (l *lines) say(what, text string) {
	fmt.Fprintf(l.out, "%6.1fs  %-7s  %s\n", time.Since(l.began).Seconds(), what, text)
}

// canaryLine is what `kubectl get canary` shows.
func canaryLine(s story.Scene) string {
	if s.Canary == nil || s.Canary.Status.Phase == "" {
		return ""
	}
	status := s.Canary.Status
	text := fmt.Sprintf("%-12s %s", status.Phase, status.Version)
	if status.Step != nil {
		text += " step " + status.Step.Position
	}
	if status.Candidate != nil {
		text += fmt.Sprintf(" at %d%%", status.Candidate.Weight)
	}
	return text
}

// slackLine is a message less the commands at its end, which are for copying.
func slackLine(text string) string {
	words, _, _ := strings.Cut(text, "\n$ ")
	return oneLine(html.UnescapeString(words))
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
