package analysis

import (
	"testing"

	"github.com/serin-dev/serin/api/v1alpha1"
)

func TestWants(t *testing.T) {
	tests := map[string]struct {
		events          []string
		least, severity Severity
		reason          string
		want            bool
	}{
		"no filter wants all":                    {severity: Info, reason: "WeightRaised", want: true},
		"a listed event":                         {events: []string{"Paused", "Promoted"}, severity: Good, reason: "Promoted", want: true},
		"an event that is not listed":            {events: []string{"Paused"}, severity: Problem, reason: "AnalysisFailed"},
		"ends and problems leave progress out":   {least: Good, severity: Info, reason: "WeightRaised"},
		"ends and problems want problems":        {least: Good, severity: Problem, reason: "AnalysisFailed", want: true},
		"only problems leave good ends out":      {least: Problem, severity: Good, reason: "Promoted"},
		"a listed event that matters too little": {events: []string{"Paused"}, least: Good, severity: Info, reason: "Paused"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			sink := Sink{Events: tc.events, MinSeverity: tc.least}
			if got := sink.Wants(v1alpha1.Announcement{Reason: tc.reason, Severity: tc.severity}); got != tc.want {
				t.Errorf("Wants = %v, want %v", got, tc.want)
			}
		})
	}
}
