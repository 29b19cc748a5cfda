package view

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/serin-dev/serin/policy"
)

// Access is a request, and what was decided about it.
type Access struct {
	Request  policy.Request
	Decision policy.Decision
	// Problems are those of the objects that are about the destination.
	Problems []policy.Problem
}

// Decided says whether a request is allowed, which object decided that or what was missing, and what is wrong with the objects that are
// about its destination.
func Decided(a Access, o Options) []string {
	tone := Wrong
	if a.Decision.Allowed {
		tone = Fine
	}
	lines := Sentence(tone, Verdict(a.Decision)+"  "+Asked(a.Request), o)
	rows := []node{row(faint("why"), plain(a.Decision.Reason))}
	for _, r := range [][2]string{{"target", a.Decision.Target}, {"rule", a.Decision.Rule}, {"match", a.Decision.Match}} {
		if r[1] != "" {
			rows = append(rows, row(faint(r[0]), plain(r[1])))
		}
	}
	lines = append(lines, o.tree(rows, "")...)
	if len(a.Problems) == 0 {
		return lines
	}
	lines = append(append(lines, ""), Sentence(Title, "problems of objects that are about "+a.Request.Destination.String(), o)...)
	return append(lines, o.tree(problemRows(a.Problems), "")...)
}

// Verdict is the word for a decision.
func Verdict(d policy.Decision) string {
	if d.Allowed {
		return "ALLOW"
	}
	return "DENY"
}

// Expected is a request, and what is wanted of it: allow or deny.
type Expected struct {
	Access

	Name, Want string
}

// IsMet says whether the decision is the one that is wanted.
func (e Expected) IsMet() bool { return e.Decision.Allowed == (e.Want == "allow") }

// Tested has a line for each expectation, and the reason under those that are not met.
func Tested(all []Expected, o Options) []string {
	rows := make([]node, 0, len(all))
	for _, e := range all {
		word, about := cell{Fine, "ok"}, Asked(e.Request)
		if e.Name != "" {
			about += "  (" + e.Name + ")"
		}
		if !e.IsMet() {
			word = cell{Wrong, "FAIL"}
			about += ": want " + e.Want + ", but " + e.Decision.Reason
		}
		rows = append(rows, row(word, plain(Verdict(e.Decision)), plain(about)))
	}
	var lines []string
	widths := o.widths(rows, "")
	for _, r := range rows {
		for _, line := range o.row(r.cells, widths, o.room("")) {
			lines = append(lines, o.fit(line))
		}
	}
	return lines
}

// Asked is a request in one line.
func Asked(r policy.Request) string {
	line := fmt.Sprintf("%s -> %s:%d", r.Source, r.Destination, r.Port)
	if r.Protocol != policy.HTTP {
		return line + "  " + string(r.Protocol)
	}
	return line + "  " + r.Method + " " + r.Path
}

func problemRows(problems []policy.Problem) []node {
	rows := make([]node, 0, len(problems))
	for _, p := range problems {
		rows = append(rows, row(plain(fmt.Sprintf("%s %s/%s", p.Kind, p.Namespace, p.Name)), cell{Careful, p.Reason}, plain(p.Message)))
	}
	return rows
}

// Side says from which end grants are looked at.
type Side int

// Sides.
const (
	// Callers are who may call.
	Callers Side = iota
	// Called are who may be called.
	Called
)

// Granted is what grants allow, looked at from one identity.
type Granted struct {
	Of       policy.Identity
	Side     Side
	Grants   []policy.Grant
	Problems []policy.Problem
}

// Who lists who may call an identity, or whom it may call: by which TrafficTarget, on which ports, and with which requests.
func Who(g Granted, o Options) []string {
	var lines []string
	about, other := "nobody may call "+g.Of.String(), "SOURCE"
	if g.Side == Called {
		about, other = g.Of.String()+" may call nobody", "DESTINATION"
	}
	table := o
	if o.Detail == Wide {
		table.Width = 0
	}
	rows := [][]cell{headings([]string{other, "TARGET", "PORTS", "METHODS", "PATHS", "HEADERS"})}
	for _, grant := range g.Grants {
		rows = append(rows, g.rows(grant)...)
	}
	if len(rows) == 1 {
		lines = Sentence(Careful, about, o)
	} else {
		slices.SortStableFunc(rows[1:], func(a, b []cell) int { return strings.Compare(a[0].text, b[0].text) })
		lines = table.table(rows, "HEADERS")
	}
	if len(g.Problems) == 0 {
		return lines
	}
	return append(append(append(lines, ""), Sentence(Title, "problems of objects", o)...), o.tree(problemRows(g.Problems), "")...)
}

// rows are a row for each match and each identity at the other end.
func (g Granted) rows(grant policy.Grant) [][]cell {
	others := []policy.Identity{grant.Destination}
	if g.Side == Callers {
		others = grant.Sources
	}
	var rows [][]cell
	for _, other := range others {
		lead := []cell{plain(other.String()), plain(grant.Target), plain(ports(grant))}
		if grant.AnyTraffic {
			rows = append(rows, append(lead, plain("any"), plain("any"), plain("-")))
			continue
		}
		for _, m := range grant.Matches {
			rows = append(rows, append(slices.Clone(lead), plain(anyOr(strings.Join(m.Methods, ","))), plain(anyOr(m.PathRegex)), plain(headers(m))))
		}
	}
	return rows
}

func anyOr(text string) string {
	if text == "" {
		return "any"
	}
	return text
}

func ports(g policy.Grant) string {
	var all []string
	if g.EveryPort {
		all = append(all, "any")
	}
	for _, p := range g.Ports {
		all = append(all, strconv.Itoa(int(p)))
	}
	if g.EveryUDPPort {
		all = append(all, "any/udp")
	}
	for _, p := range g.UDPPorts {
		all = append(all, strconv.Itoa(int(p))+"/udp")
	}
	return strings.Join(all, ",")
}

func headers(m policy.GrantedMatch) string {
	var all []string
	for _, h := range m.Headers {
		all = append(all, h.Name+"~"+h.Regex)
	}
	return orDash(strings.Join(all, " "))
}
