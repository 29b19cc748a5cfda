package schedule

import (
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
)

// window is a window as a spec has it: schedule, duration and time zone, the last two if need be.
func window(schedule string, more ...string) v1alpha1.Window {
	w := v1alpha1.Window{Schedule: schedule}
	if len(more) > 0 && more[0] != "" {
		d, err := time.ParseDuration(more[0])
		if err != nil {
			panic(err)
		}
		w.Duration = v1alpha1.Dur(d)
	}
	if len(more) > 1 {
		w.TimeZone = more[1]
	}
	return w
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	if text == "" {
		return time.Time{}
	}
	instant, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return instant
}

func TestOpening(t *testing.T) {
	t.Parallel()
	const berlin = "Europe/Berlin"
	office := window("* 9-17 * * 1-5")
	cases := map[string]struct {
		windows []v1alpha1.Window
		now     string
		open    bool
		changes string
	}{
		"office hours are open on a Monday until 18:00": {
			[]v1alpha1.Window{office}, "2026-11-23T09:00:00Z", true, "2026-11-23T18:00:00Z",
		},
		"the last minute of office hours is open": {
			[]v1alpha1.Window{office}, "2026-11-23T17:59:59Z", true, "2026-11-23T18:00:00Z",
		},
		"18:00 is no longer in office hours": {
			[]v1alpha1.Window{office}, "2026-11-23T18:00:00Z", false, "2026-11-24T09:00:00Z",
		},
		"after Friday comes Monday": {
			[]v1alpha1.Window{office}, "2026-11-27T18:00:00Z", false, "2026-11-30T09:00:00Z",
		},
		"office hours of another zone": {
			[]v1alpha1.Window{window("* 9-17 * * 1-5", "", "America/New_York")}, "2026-11-23T09:00:00Z", false, "2026-11-23T14:00:00Z",
		},
		"a window that began yesterday is open past midnight": {
			[]v1alpha1.Window{window("0 22 * * *", "8h")}, "2026-11-23T05:59:59Z", true, "2026-11-23T06:00:00Z",
		},
		"windows that overlap are one opening": {
			[]v1alpha1.Window{window("0 10 * * *", "2h"), window("30 11 * * *", "2h")}, "2026-11-23T10:00:00Z", true, "2026-11-23T13:30:00Z",
		},
		"windows that touch are one opening, whatever their order": {
			[]v1alpha1.Window{window("0 14 * * *", "1h"), window("0 12 * * *", "2h"), window("0 10 * * *", "2h")},
			"2026-11-23T10:30:00Z", true, "2026-11-23T15:00:00Z",
		},
		"windows that do not touch are two openings": {
			[]v1alpha1.Window{window("0 12 * * *", "1h"), window("0 10 * * *", "119m")}, "2026-11-23T10:30:00Z", true, "2026-11-23T11:59:00Z",
		},
		"the next opening is the earliest of all windows": {
			[]v1alpha1.Window{window("0 12 * * *"), window("30 10 * * *"), window("0 11 * * *")}, "2026-11-23T10:00:00Z", false, "2026-11-23T10:30:00Z",
		},
		"a window that never closes is looked at again in 8 days": {
			[]v1alpha1.Window{window("* * * * *")}, "2026-11-23T10:00:30Z", true, "2026-12-01T10:00:30Z",
		},
		"a week after each Monday never closes either": {
			[]v1alpha1.Window{window("0 0 * * 1", "168h")}, "2026-11-25T10:00:00Z", true, "2026-12-03T10:00:00Z",
		},
		"a duration need not be whole minutes": {
			[]v1alpha1.Window{window("0 10 * * *", "90s")}, "2026-11-23T10:01:29Z", true, "2026-11-23T10:01:30Z",
		},
		"30 February never comes": {
			[]v1alpha1.Window{window("0 0 30 2 *")}, "2026-11-23T10:00:00Z", false, "",
		},
		"a leap day comes within 5 years": {
			[]v1alpha1.Window{window("0 0 29 2 *")}, "2026-11-23T10:00:00Z", false, "2028-02-29T00:00:00Z",
		},
		"a day of the month or a day of the week, when both are named": {
			[]v1alpha1.Window{window("0 12 1 * 5")}, "2026-11-27T12:01:00Z", false, "2026-12-01T12:00:00Z",
		},
		"names of months and days are read": {
			[]v1alpha1.Window{window("0 12 * JAN mon")}, "2026-11-27T12:01:00Z", false, "2027-01-04T12:00:00Z",
		},

		// Berlin goes from 02:00 to 03:00 on 29 March 2026 (01:00 UTC) and from 03:00 back to 02:00 on 25 October (01:00 UTC).
		"spring: what begins in the hour that is left out does not open that day": {
			[]v1alpha1.Window{window("30 2 * * *", "1h", berlin)}, "2026-03-29T00:00:00Z", false, "2026-03-30T00:30:00Z",
		},
		"spring: 8 hours across the change are 8 hours": {
			[]v1alpha1.Window{window("0 22 * * *", "8h", berlin)}, "2026-03-29T00:00:00Z", true, "2026-03-29T05:00:00Z",
		},
		"spring: a schedule of minutes follows the clock": {
			[]v1alpha1.Window{window("* 0-3 * * *", "", berlin)}, "2026-03-29T00:00:00Z", true, "2026-03-29T02:00:00Z",
		},
		"autumn: what begins in the hour that comes twice opens": {
			[]v1alpha1.Window{window("30 2 * * *", "30m", berlin)}, "2026-10-25T00:15:00Z", false, "2026-10-25T00:30:00Z",
		},
		"autumn: and opens again an hour later": {
			[]v1alpha1.Window{window("30 2 * * *", "30m", berlin)}, "2026-10-25T01:00:00Z", false, "2026-10-25T01:30:00Z",
		},
		"autumn: the two openings of a longer window are one": {
			[]v1alpha1.Window{window("30 2 * * *", "1h", berlin)}, "2026-10-25T00:30:00Z", true, "2026-10-25T02:30:00Z",
		},
		"autumn: a schedule of minutes follows the clock through both hours": {
			[]v1alpha1.Window{window("* 2 * * *", "", berlin)}, "2026-10-25T00:00:00Z", true, "2026-10-25T02:00:00Z",
		},

		"a day without a midnight opens with its first minute": {
			[]v1alpha1.Window{window("* * 4 11 *", "", "America/Sao_Paulo")}, "2018-11-03T12:00:00Z", false, "2018-11-04T03:00:00Z",
		},
		"a change of half an hour leaves no minute out": {
			[]v1alpha1.Window{window("45 1 * * *", "", "Australia/Lord_Howe")}, "2026-04-04T14:50:00Z", false, "2026-04-04T15:15:00Z",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, changes := Opening(c.windows, at(t, c.now))
			want := &analysis.Opening{Open: c.open}
			if !c.open {
				want.Next = at(t, c.changes)
			}
			if diff := cmp.Diff(want, o); diff != "" {
				t.Errorf("opening (-want +got):\n%s", diff)
			}
			if !changes.Equal(at(t, c.changes)) {
				t.Errorf("changes at %s, want %s", changes, c.changes)
			}
		})
	}
}

func TestNoWindowsIsNoOpening(t *testing.T) {
	t.Parallel()
	if o, changes := Opening(nil, at(t, "2026-11-23T10:00:00Z")); o != nil || !changes.IsZero() {
		t.Errorf("got %v and %s, want nothing", o, changes)
	}
}

func TestWhatCannotBeReadIsClosedAndSaysWhy(t *testing.T) {
	t.Parallel()
	always := window("* * * * *")
	cases := map[string]struct {
		windows []v1alpha1.Window
		problem string
	}{
		"a minute too late": {
			[]v1alpha1.Window{always, window("61 * * * *")},
			`spec.windows[1].schedule "61 * * * *" cannot be read: end of range (61) above maximum (59): 61`,
		},
		"a field of seconds": {
			[]v1alpha1.Window{window("0 0 9 * * 1")},
			`spec.windows[0].schedule "0 0 9 * * 1" cannot be read: expected exactly 5 fields, found 6: [0 0 9 * * 1]`,
		},
		"no field at all": {
			[]v1alpha1.Window{window("")}, `spec.windows[0].schedule "" cannot be read: empty spec string`,
		},
		"a field that names nothing": {
			[]v1alpha1.Window{window(", * * * *")}, `spec.windows[0].schedule ", * * * *" cannot be read: one of its fields names nothing`,
		},
		"@every": {
			[]v1alpha1.Window{window("@every 1h")},
			`spec.windows[0].schedule "@every 1h" cannot be read: it must have five fields (minute, hour, day of month, month, day of week), not a word`,
		},
		"@daily": {
			[]v1alpha1.Window{window("@daily")},
			`spec.windows[0].schedule "@daily" cannot be read: it must have five fields (minute, hour, day of month, month, day of week), not a word`,
		},
		"a zone in the schedule": {
			[]v1alpha1.Window{window("CRON_TZ=Europe/Berlin 0 9 * * *")},
			`spec.windows[0].schedule "CRON_TZ=Europe/Berlin 0 9 * * *" cannot be read: it must not name a time zone, because the window's timeZone does`,
		},
		"a zone and no more in the schedule": {
			[]v1alpha1.Window{window(" TZ=UTC")},
			`spec.windows[0].schedule " TZ=UTC" cannot be read: it must not name a time zone, because the window's timeZone does`,
		},
		"an unknown zone": {
			[]v1alpha1.Window{always, always, window("0 9 * * *", "", "Europe/Bärlin")},
			`spec.windows[2].timeZone "Europe/Bärlin" is not a name of the time zone database such as Europe/Berlin`,
		},
		"the zone of the machine": {
			[]v1alpha1.Window{window("0 9 * * *", "", "Local")},
			`spec.windows[0].timeZone "Local" is not a name of the time zone database such as Europe/Berlin`,
		},
		"a path for a zone": {
			[]v1alpha1.Window{window("0 9 * * *", "", "../../etc/localtime")},
			`spec.windows[0].timeZone "../../etc/localtime" is not a name of the time zone database such as Europe/Berlin`,
		},
		"a duration that is too long": {
			[]v1alpha1.Window{window("0 9 * * *", "169h")}, `spec.windows[0].duration 169h0m0s must be from 1m to 168h`,
		},
		"a negative duration": {
			[]v1alpha1.Window{window("0 9 * * *", "-1h")}, `spec.windows[0].duration -1h0m0s must be from 1m to 168h`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, changes := Opening(c.windows, at(t, "2026-11-23T10:00:00Z"))
			if diff := cmp.Diff(&analysis.Opening{Problem: c.problem}, o); diff != "" {
				t.Errorf("opening (-want +got):\n%s", diff)
			}
			if !changes.IsZero() {
				t.Errorf("changes at %s, want never", changes)
			}
		})
	}
}

// What is hostile must not cost more than what is meant well: one look at the worst spec that the CRD lets through.
func TestAHostileSpecIsReadInTime(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-23T10:00:00Z")
	for _, w := range []v1alpha1.Window{
		window("0 0 31 2 *", "168h", "America/Sao_Paulo"),
		window("0 0 30 2 *", "168h", "Africa/Casablanca"),
		window("*/2 * * * *", "168h", "Australia/Lord_Howe"),
		window("59 23 31 12 *", "1m", "Pacific/Chatham"),
		window(strings.Repeat("0,", 50)+"0 0 31 4,6,9,11 *", "1m"),
	} {
		windows := make([]v1alpha1.Window, 20)
		for i := range windows {
			windows[i] = w
		}
		start := time.Now()
		o, _ := Opening(windows, now)
		if took := time.Since(start); o.Problem != "" || took > time.Second {
			t.Errorf("%q took %s (problem %q)", w.Schedule, took, o.Problem)
		}
	}
}

func BenchmarkOpening(b *testing.B) {
	now := time.Date(2026, 11, 23, 10, 0, 30, 0, time.UTC)
	for name, w := range map[string]v1alpha1.Window{
		"each minute":          window("* * * * *"),
		"each minute, a week":  window("* * * * *", "168h", "Europe/Berlin"),
		"each second minute":   window("*/2 * * * *", "2m", "Europe/Berlin"),
		"office hours":         window("* 9-17 * * 1-5", "", "Europe/Berlin"),
		"office hours, closed": window("* 12-17 * * 1-5", "", "Europe/Berlin"),
		"never":                window("0 0 31 2 *", "", "Europe/Berlin"),
		"a leap day":           window("0 0 29 2 *", "", "Europe/Berlin"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Opening([]v1alpha1.Window{w}, now)
			}
		})
	}
}
