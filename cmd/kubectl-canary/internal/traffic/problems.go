package traffic

import (
	"fmt"
	"slices"
)

// mostProblems is the most sentences that a person is shown of an answer.
const mostProblems = 5

// problems collects what was not understood: one sentence for each fault, however many objects have it.
type problems struct {
	sentences []string
	whose     map[string][]string
}

func (p *problems) add(sentence, whose string) {
	if p.whose == nil {
		p.whose = map[string][]string{}
	}
	if !slices.Contains(p.sentences, sentence) {
		p.sentences = append(p.sentences, sentence)
	}
	if whose != "" && !slices.Contains(p.whose[sentence], whose) {
		p.whose[sentence] = append(p.whose[sentence], whose)
	}
}

// of adds those of an answer.
func (p *problems) of(q Question, a Answer) {
	for _, sentence := range a.Unread {
		p.add(sentence, "")
	}
	for i := range a.Items {
		for _, sentence := range a.Items[i].Problems {
			p.add(sentence, q.Of(&a.Items[i]).full())
		}
	}
}

// lines are the sentences, with the first object that each is about.
func (p *problems) lines() []string {
	var lines []string
	for i, sentence := range p.sentences {
		if i == mostProblems {
			return append(lines, fmt.Sprintf("there are %d more kinds of problems with the answer", len(p.sentences)-mostProblems))
		}
		whose := p.whose[sentence]
		switch len(whose) {
		case 0:
		case 1:
			sentence = whose[0] + ": " + sentence
		case 2:
			sentence = fmt.Sprintf("%s and 1 other: %s", whose[0], sentence)
		default:
			sentence = fmt.Sprintf("%s and %d others: %s", whose[0], len(whose)-1, sentence)
		}
		lines = append(lines, sentence)
	}
	return lines
}

// Problems says in a few sentences what of an answer was not understood.
func (q Question) Problems(a Answer) []string {
	var p problems
	p.of(q, a)
	return p.lines()
}

// full is the object with its kind and namespace.
func (o Object) full() string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}
