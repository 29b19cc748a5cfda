package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/serin-dev/serin/test/demo/story"
	"github.com/serin-dev/serin/test/sim/load"
)

// kept is how many of the last Events and messages the live view shows.
const kept = 5

// live redraws a terminal.
type live struct {
	out           io.Writer
	began         time.Time
	width, height int
	drawn         bool
	events        []string
	messages      []string
	before        load.ByRelease
	rates         []string
	measured      time.Time
}

// Escape sequences of every terminal that has a size.
const (
	enter = "\x1b[?1049h\x1b[?25l" // another screen, no cursor
	leave = "\x1b[?25h\x1b[?1049l"
	home  = "\x1b[H"
	wipe  = "\x1b[K"
	rest  = "\x1b[J"
	bold  = "\x1b[1m"
	green = "\x1b[32m"
	red   = "\x1b[31m"
	dim   = "\x1b[2m"
	plain = "\x1b[0m"
)

func (l *live) show(s story.Scene) {
	if !l.drawn {
		fmt.Fprint(l.out, enter)
		l.drawn = true
	}
	l.events = last(append(l.events, stamp(l.began, s.Events)...))
	for _, message := range s.Messages {
		l.messages = last(append(l.messages, stamp(l.began, []string{slackLine(message)})...))
	}
	l.measure(s)
	var b strings.Builder
	b.WriteString(home)
	for _, line := range l.screen(s) {
		b.WriteString(line + plain + wipe + "\r\n")
	}
	b.WriteString(rest)
	fmt.Fprint(l.out, b.String())
}

func (l *live) end() {
	if l.drawn {
		fmt.Fprint(l.out, leave)
	}
}

func (l *live) screen(s story.Scene) []string {
	total := s.Web.Total().Sum()
	out := []string{
		fmt.Sprintf("%sSerin demo%s  %5.1fs   release %s%s%s: %s",
			bold, plain, time.Since(l.began).Seconds(), bold, s.Release.Name, plain, s.Release.About),
		"",
	}
	out = append(out, l.canary(s)...)
	out = append(out, "", dim+"requests by the release that answered, in the last second")
	out = append(out, l.rates...)
	failed := green
	if total.FailedBetween > 0 {
		failed = red
	}
	out = append(out, fmt.Sprintf("%d sent, %s%d failed by Serin%s, %d of a stranger got 403",
		total.Sent(), failed, total.FailedBetween, plain, s.Stranger.Total().Sum().OK))
	out = append(out, "", dim+"events")
	out = append(out, l.cut(l.events)...)
	out = append(out, "", dim+"slack")
	out = append(out, l.cut(l.messages)...)
	return out[:min(len(out), l.height-1)]
}

func (l *live) canary(s story.Scene) []string {
	if s.Canary == nil || s.Canary.Status.Phase == "" {
		return []string{"no Canary yet"}
	}
	lines := []string{bold + canaryLine(s)}
	lines = append(lines, l.cut([]string{s.Canary.Status.Message})...)
	for _, c := range s.Canary.Status.Checks {
		lines = append(lines, fmt.Sprintf("  %-13s %-6s %s, bound %s, %d requests", c.Name, c.Verdict, c.Value, c.Threshold, c.Requests))
	}
	return lines
}

// measure turns counts into a bar per release, once a second.
func (l *live) measure(s story.Scene) {
	if time.Since(l.measured) < time.Second {
		return
	}
	l.measured = time.Now()
	now := s.Web.Total()
	var second load.Counts
	recent := map[string]load.Counts{}
	for _, release := range story.Releases() {
		recent[release.Name] = now[release.Name].Minus(l.before[release.Name])
		second = second.Plus(recent[release.Name])
	}
	l.before, l.rates = now, nil
	for _, release := range story.Releases() {
		if c := recent[release.Name]; c.Sent() > 0 {
			l.rates = append(l.rates, bar(release.Name, c, second.Sent()))
		}
	}
}

func bar(name string, c load.Counts, all uint64) string {
	const width = 40
	full := int(c.Sent() * width / all)
	return fmt.Sprintf("  %s %s%s %4d  success %6.2f%%  p99 %s", name, strings.Repeat("█", full), strings.Repeat("░", width-full),
		c.Sent(), 100*c.SuccessRate(), c.Latency.Quantile(0.99).Round(time.Millisecond))
}

func (l *live) cut(texts []string) []string {
	var cut []string
	for _, text := range texts {
		runes := []rune(oneLine(text))
		if len(runes) > l.width-1 {
			runes = append(runes[:l.width-2], '…')
		}
		cut = append(cut, string(runes))
	}
	return cut
}

func stamp(began time.Time, texts []string) []string {
	var stamped []string
	for _, text := range texts {
		stamped = append(stamped, fmt.Sprintf("%5.1fs %s", time.Since(began).Seconds(), text))
	}
	return stamped
}

func last(texts []string) []string { return texts[max(len(texts)-kept, 0):] }
