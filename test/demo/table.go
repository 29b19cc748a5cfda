package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/serin-dev/serin/test/demo/story"
)

// table prints what became of everything.
func table(out io.Writer, r *story.Report, wrong []string, took time.Duration) {
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RELEASE\tWHAT IT IS\tOUTCOME\tTIME\tWINDOWS\tREQUESTS\tFAILED BY IT\tFAILED BY SERIN")
	for _, release := range r.Releases {
		fmt.Fprintf(w, "%s\t%s\t%s\t%.1fs\t%d\t%d\t%d\t%d\n", release.Release.Name, release.Release.About, release.Got,
			release.Took.Seconds(), release.Windows, release.Sent, release.FailedByRelease, release.FailedBySerin)
	}
	_ = w.Flush() // the same writer as below, whose errors show there
	fmt.Fprintln(out)
	for _, release := range r.Releases {
		if release.Got == story.RolledBack {
			fmt.Fprintf(out, "%s was rolled back: %s\n", release.Release.Name, release.Why)
		}
	}
	fmt.Fprintf(out, "%d requests of the allowed caller, %d failed by Serin; %d of %d requests of a caller that no "+
		"TrafficTarget names got 403; %d Slack messages\n",
		r.Requests, r.FailedBySerin, r.Refused, r.Refused+r.LetIn, len(r.Messages))
	for _, example := range r.Examples {
		fmt.Fprintf(out, "  failed during %s: %s\n", example.Chapter, example.Text)
	}
	if len(wrong) == 0 {
		fmt.Fprintf(out, "\nEverything is as it must be, after %.0fs.\n", took.Seconds())
		return
	}
	fmt.Fprintf(out, "\nNot as it must be, after %.0fs:\n", took.Seconds())
	for _, sentence := range wrong {
		fmt.Fprintln(out, "  -", sentence)
	}
}
