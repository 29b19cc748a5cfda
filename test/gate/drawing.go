package main

import (
	"fmt"

	"github.com/serin-dev/serin/test/gate/internal/rollout"
)

// told is a story with the colour and the words for it.
type told struct {
	story
	class, name string
}

// The panels share a time axis of 8 minutes.
const (
	left, wide = 70, 560
	lasts      = 480
)

var (
	againstPanel = panel{left: left, top: 100, width: wide, height: 210, seconds: lasts, least: 0.05, most: 2000, log: true}
	provenPanel  = panel{left: left, top: 356, width: wide, height: 80, seconds: lasts, least: 1, most: 1e4, log: true}
	weightPanel  = panel{left: left, top: 482, width: wide, height: 90, seconds: lasts, least: 0, most: 100}
)

// stories draws what became of the candidates, from above: evidence against them, evidence for the healthy one, their weights.
func (c *canvas) stories(all []told) {
	c.against(all)
	c.proven(all[0])
	c.weights(all)
	for minute := 0; minute <= lasts/60; minute += 2 {
		at := weightPanel.at(float64(minute*60), 0)
		c.text(point{at.x, at.y + 18}, "small middle", fmt.Sprintf("%d min", minute))
	}
}

// against draws the evidence against each candidate, and what it leads to.
func (c *canvas) against(all []told) {
	p := againstPanel
	c.text(point{left, p.top - 12}, "head", "Evidence against the candidate")
	c.rect("backzone", p.at(0, p.most), p.at(lasts, 100))
	c.rect("holdzone", p.at(0, 100), p.at(lasts, 3))
	c.rect("frame", p.at(0, p.most), p.at(lasts, p.least))
	for _, tick := range []float64{0.1, 1, 3, 10, 100, 1000} {
		at := p.at(0, tick)
		c.text(point{at.x - 8, at.y + 4}, "small end", fmt.Sprintf("%g", tick))
	}
	c.line("rule bad", p.at(0, 100), p.at(lasts, 100))
	c.line("rule worse", p.at(0, 3), p.at(lasts, 3))
	c.text(point{p.at(lasts, 100).x - 8, p.at(lasts, 100).y - 8}, "strong bad end", "100: roll back")
	c.text(point{p.at(lasts, 3).x - 8, p.at(lasts, 3).y - 8}, "strong worse end", "3: no more traffic")
	for _, one := range all {
		points := []point{p.at(0, 1)}
		for _, l := range one.looks {
			points = append(points, p.at(l.seconds, l.against))
		}
		c.line("line "+one.class, points...)
		end := points[len(points)-1]
		c.dot(one.class, end)
		c.text(point{min(end.x, left+wide-32), end.y - 11}, "strong middle "+one.class, one.name)
	}
}

// proven draws the evidence for the next weight, which begins anew at each.
func (c *canvas) proven(one told) {
	p := provenPanel
	c.text(point{left, p.top - 12}, "head", "Evidence for the next weight")
	c.text(point{left + wide, p.top - 12}, "small end", "the healthy one's: 20 and 2 min are needed")
	c.rect("frame", p.at(0, p.most), p.at(lasts, p.least))
	c.line("rule plain", p.at(0, 20), p.at(lasts, 20))
	for _, tick := range []float64{1, 20, 10000} {
		at := p.at(0, tick)
		c.text(point{at.x - 8, at.y + 4}, "small end", fmt.Sprintf("%.0f", tick))
	}
	points := []point{p.at(0, 1)}
	for _, l := range one.looks {
		points = append(points, p.at(l.seconds, l.proven))
		if l.advances {
			c.line("line "+one.class, points...)
			c.dot(one.class, points[len(points)-1])
			points = []point{p.at(l.seconds, 1)}
		}
	}
}

// weights draws which part of the requests each candidate gets.
func (c *canvas) weights(all []told) {
	p := weightPanel
	c.text(point{left, p.top - 12}, "head", "The candidate's share of the requests")
	c.rect("frame", p.at(0, p.most), p.at(lasts, p.least))
	for _, tick := range []float64{0, 50, 100} {
		at := p.at(0, tick)
		c.text(point{at.x - 8, at.y + 4}, "small end", fmt.Sprintf("%.0f%%", tick))
	}
	for i, one := range all {
		var points []point
		before := 0.0
		for _, l := range one.looks {
			points = append(points, p.at(before, float64(l.weight)), p.at(l.seconds, float64(l.weight)))
			before = l.seconds
		}
		last := 0.0
		if one.outcome.End == rollout.Promoted {
			last = 100
		}
		points = append(points, p.at(before, last))
		c.line([]string{"line wide ", "line medium ", "line "}[i]+one.class, points...) // all can be seen where they lie upon each other
		c.dot(one.class, points[len(points)-1])
	}
}

// ends says what became of each candidate.
func (c *canvas) ends(x, y float64, all []told) {
	c.text(point{x, y}, "head", "What became of them")
	for _, one := range all {
		y += 32
		c.dot(one.class, point{x + 5, y - 4})
		end := "promoted"
		if one.outcome.End == rollout.RolledBack {
			end = "rolled back"
		}
		minutes := one.looks[len(one.looks)-1].seconds / 60
		c.text(point{x + 18, y}, "strong "+one.class, fmt.Sprintf("%s: %s after %g min", one.name, end, minutes))
		c.text(point{x + 18, y + 18}, "small", fmt.Sprintf("%.0f of its %.0f requests failed", one.failed, one.outcome.Requests))
		y += 18
	}
}

// bar is in how many rollouts a judge was wrong.
type bar struct {
	name  string
	wrong float64
	class string
}

// bars draws in how many rollouts the judges were wrong.
func (c *canvas) bars(x, y float64, bars []bar) {
	const longest = 200
	c.text(point{x, y}, "head", "Healthy, but rolled back")
	c.text(point{x, y + 18}, "small", fmt.Sprintf("of %d rollouts of the healthy candidate", pictureRollouts))
	y += 46
	for _, b := range bars {
		c.text(point{x, y}, "", b.name)
		long := longest * b.wrong / pictureRollouts
		c.rect(b.class, point{x, y + 8}, point{x + max(2, long), y + 28})
		c.text(point{x + max(2, long) + 8, y + 23}, "head", fmt.Sprintf("%.0f", b.wrong))
		y += 54
	}
	c.text(point{x, y - 2}, "small", "over a limit: more than 1% failed or slow")
}
