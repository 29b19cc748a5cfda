package main

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// canvas is an SVG picture. It is white, so that it can be read on dark pages too, and brings its colours and no font.
type canvas struct{ body strings.Builder }

// styles are the classes of what is drawn. A class of a colour is for lines, areas, dots and words.
const styles = `
text { font-family: -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; font-size: 13px; fill: #1f2328 }
.title { font-size: 20px; font-weight: 600 }
.head { font-size: 15px; font-weight: 600 }
.strong { font-weight: 600 }
.small { font-size: 12px; fill: #59636e }
.end { text-anchor: end }
.middle { text-anchor: middle }
.frame { fill: none; stroke: #d1d9e0 }
.line { fill: none; stroke-width: 2.2; stroke-linejoin: round; stroke-linecap: round }
.wide { stroke-width: 7 }
.medium { stroke-width: 4.5 }
.rule { fill: none; stroke-width: 1.5; stroke-dasharray: 5 4 }
.backzone { fill: #ffebe9 }
.holdzone { fill: #fff8c5 }
path.good { stroke: #0969da } rect.good, circle.good, text.good { fill: #0969da }
path.worse { stroke: #bc4c00 } rect.worse, circle.worse, text.worse { fill: #bc4c00 }
path.bad { stroke: #cf222e } rect.bad, circle.bad, text.bad { fill: #cf222e }
path.plain { stroke: #59636e } rect.plain { fill: #8c959f } text.plain { fill: #59636e }
`

// point is a place on the canvas, in pixels from the top left.
type point struct{ x, y float64 }

// draw adds an element.
func (c *canvas) draw(format string, args ...any) { fmt.Fprintf(&c.body, format+"\n", args...) }

// text writes at a point; class says how.
func (c *canvas) text(at point, class, words string) {
	c.draw(`<text x="%.1f" y="%.1f" class="%s">%s</text>`, at.x, at.y, class, words)
}

// line connects points.
func (c *canvas) line(class string, points ...point) {
	var path strings.Builder
	command := "M"
	for _, p := range points {
		fmt.Fprintf(&path, "%s%.1f %.1f", command, p.x, p.y)
		command = "L"
	}
	c.draw(`<path class="%s" d="%s"/>`, class, path.String())
}

// rect is what is between two corners.
func (c *canvas) rect(class string, a, b point) {
	c.draw(`<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`,
		class, min(a.x, b.x), min(a.y, b.y), math.Abs(a.x-b.x), math.Abs(a.y-b.y))
}

// dot is a mark at a point.
func (c *canvas) dot(class string, at point) {
	c.draw(`<circle class="%s" cx="%.1f" cy="%.1f" r="5"/>`, class, at.x, at.y)
}

// write writes the picture, so many pixels wide and high.
func (c *canvas) write(out io.Writer, width, height int, describes string) error {
	_, err := fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">
<!-- go run ./test/gate picture -->
<style>%s</style>
<rect width="%d" height="%d" fill="#ffffff"/>
%s</svg>
`, width, height, width, height, describes, styles, width, height, c.body.String())
	return err
}

// panel maps time and a number to the canvas.
type panel struct {
	left, top, width, height float64
	// seconds are the time from left to right.
	seconds float64
	// least and most are the numbers at the bottom and at the top; what is beyond is drawn there.
	least, most float64
	// log says that equal distances are equal factors.
	log bool
}

// at is the point of a number at a time.
func (p panel) at(seconds, number float64) point {
	scale := func(x float64) float64 { return x }
	if p.log {
		scale = math.Log
	}
	number = min(p.most, max(p.least, number))
	up := (scale(number) - scale(p.least)) / (scale(p.most) - scale(p.least))
	return point{p.left + p.width*seconds/p.seconds, p.top + p.height*(1-up)}
}
