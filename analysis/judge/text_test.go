package judge

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestText(t *testing.T) {
	s, _ := judged(three(), requests(10, 0, 0, 190, 0), requests(10, 1, 0, 190, 0))
	m := Memory{Name: "x", Null: Mixture{R: 0.5, T: 1, LnM: [8]float64{math.Inf(-1), -1, 0, 1e-300, 0.1, 2, 3, 4}}, Bound: 0.1, LnQ: [4]float64{1, 2, 3, 1. / 3}}
	for name, c := range map[string]struct {
		memory Memory
		want   string
	}{
		"nothing seen":                 {Memory{Name: "x"}, "e1"},
		"two windows of failures":      {s.Memories[0], ""}, // its last digits may differ between machines
		"two windows of a ratio":       {s.Memories[1], ""},
		"minus infinity and quantiles": {m, "e1 null=0.5,1,-Inf,-1,0,1e-300,0.1,2,3,4 quantiles=0.1,1,2,3,0.3333333333333333"},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := c.memory.MarshalText()
			if err != nil {
				t.Fatal(err)
			}
			if c.want != "" && string(text) != c.want {
				t.Errorf("text %q, want %q", text, c.want)
			}
			got := Memory{Name: c.memory.Name, Seen: 7}
			if err := got.UnmarshalText(text); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.memory, got); diff != "" {
				t.Errorf("(-written +read)\n%s", diff)
			}
			encoded, err := json.Marshal(c.memory)
			if err != nil || string(encoded) != `"`+string(text)+`"` {
				t.Errorf("JSON %s, %v", encoded, err)
			}
		})
	}
}

func TestRefusedTexts(t *testing.T) {
	const null = " null=0.5,1,0,0,0,0,0,0,0,"
	for text, want := range map[string]string{
		"":                                `the evidence begins with "", not with "e1": another version of Serin wrote it`,
		"e2 step=1,2,3":                   `the evidence begins with "e2", not with "e1": another version of Serin wrote it`,
		"e1 ":                             `the evidence has "" where no such word can be`,
		"e1 other=1":                      `the evidence has "other" where no such word can be`,
		"e1 step=1,2,3 step=1,2,3":        `the evidence has "step" where no such word can be`,
		"e1" + null + "0 step=1,2,3":      `the evidence has "step" where no such word can be`,
		"e1 step=1,2":                     `the evidence's word "step" is malformed: it has 2 numbers, not 3`,
		"e1 step":                         `the evidence's word "step" is malformed: it has 1 numbers, not 3`,
		"e1 step=1,2,x":                   `the evidence's word "step" is malformed: "x" is no number`,
		"e1 step=NaN,2,3":                 `the evidence's word "step" is malformed: "NaN" is no number`,
		"e1 step=3,2,1":                   `the evidence's counts cannot be: 3 bad ones of 2`,
		"e1 step=1,+Inf,1":                `the evidence's counts cannot be: 1 bad ones of +Inf`,
		"e1 step=-1,2,1":                  `the evidence's counts cannot be: -1 bad ones of 2`,
		"e1 step=1,2,1.5":                 `the evidence's number of windows is out of range`,
		"e1 step=1,2,-1":                  `the evidence's number of windows is out of range`,
		"e1 step=1.0,2,3":                 `the evidence is not in the form in which it is written`,
		"e1 step=0,0,0":                   `the evidence is not in the form in which it is written`,
		"e1 step=0x1p1,2,3":               `the evidence is not in the form in which it is written`,
		"e1" + null + "+Inf":              `the evidence against the candidate is out of range`,
		"e1" + null + "1e+300":            `the evidence against the candidate is out of range`,
		"e1 null=2,1,0,0,0,0,0,0,0,0":     `the evidence against the candidate is out of range`,
		"e1 null=0.5,0.5,0,0,0,0,0,0,0,0": `the evidence against the candidate is out of range`,
		"e1 null=0.5,0,0,0,0,0,0,0,0,0":   `the evidence is not in the form in which it is written`,
		"e1 quantiles=2,0,0,0,0":          `the evidence's bound 2 is not between 0 and 1`,
		"e1 quantiles=0,1,0,0,0":          `the evidence of quantiles is out of range`,
		"e1 quantiles=0.5,+Inf,0,0,0":     `the evidence of quantiles is out of range`,
	} {
		t.Run(text, func(t *testing.T) {
			before := Memory{Name: "x", Bad: 1, Total: 2, Seen: 3}
			m := before
			err := m.UnmarshalText([]byte(text))
			if err == nil || err.Error() != want {
				t.Errorf("error %v\nwant  %s", err, want)
			}
			if m != before {
				t.Errorf("a refused text changed the memory to %+v", m)
			}
		})
	}
	t.Run("a memory that cannot be is not written", func(t *testing.T) {
		if text, err := (Memory{Bad: math.NaN()}).MarshalText(); err == nil || text != nil {
			t.Errorf("%q, %v", text, err)
		}
	})
}
