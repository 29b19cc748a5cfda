package schedule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/robfig/cron/v3"
	"pgregory.net/rapid"
)

// drawn is a window with the sets of numbers that its schedule is written from; nil is a star.
type drawn struct {
	v1alpha1.Window
	minute, hour, ofMonth, month, ofWeek []int
	zone                                 *time.Location
}

// field draws a field: a star more often than not, else some numbers.
func field(t *rapid.T, name string, low, high int) ([]int, string) {
	if rapid.Bool().Draw(t, name+" is a star") {
		return nil, "*"
	}
	if rapid.Bool().Draw(t, name+" is a range") {
		from := rapid.IntRange(low, high).Draw(t, name+" from")
		to := rapid.IntRange(from, high).Draw(t, name+" to")
		step := rapid.IntRange(1, 20).Draw(t, name+" step")
		var numbers []int
		for n := from; n <= to; n += step {
			numbers = append(numbers, n)
		}
		return numbers, fmt.Sprintf("%d-%d/%d", from, to, step)
	}
	numbers := rapid.SliceOfN(rapid.IntRange(low, high), 1, 4).Draw(t, name)
	texts := make([]string, 0, len(numbers))
	for _, n := range numbers {
		texts = append(texts, strconv.Itoa(n))
	}
	return numbers, strings.Join(texts, ",")
}

func drawWindow(t *rapid.T) drawn {
	var d drawn
	var texts [5]string
	d.minute, texts[0] = field(t, "minute", 0, 59)
	d.hour, texts[1] = field(t, "hour", 0, 23)
	d.ofMonth, texts[2] = field(t, "day of month", 1, 31)
	d.month, texts[3] = field(t, "month", 1, 12)
	d.ofWeek, texts[4] = field(t, "day of week", 0, 6)
	d.Schedule = strings.Join(texts[:], " ")
	d.Duration = v1alpha1.Dur(rapid.OneOf(
		rapid.Just(time.Duration(0)),
		rapid.Map(rapid.IntRange(1, 180), func(n int) time.Duration { return time.Duration(n) * time.Minute }),
		rapid.Map(rapid.IntRange(1, 168), func(n int) time.Duration { return time.Duration(n) * time.Hour }),
	).Draw(t, "duration"))
	d.TimeZone = rapid.SampledFrom([]string{
		"", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "America/Havana", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Chatham",
	}).Draw(t, "zone")
	zone, err := time.LoadLocation(d.TimeZone)
	if err != nil {
		t.Fatal(err)
	}
	d.zone = zone
	return d
}

// names looks at one minute as the wall clock of the zone shows it.
func (d drawn) names(minute time.Time) bool {
	wall := minute.In(d.zone)
	in := func(set []int, n int) bool { return set == nil || slices.Contains(set, n) }
	if !in(d.minute, wall.Minute()) || !in(d.hour, wall.Hour()) || !in(d.month, int(wall.Month())) {
		return false
	}
	month, week := in(d.ofMonth, wall.Day()), in(d.ofWeek, int(wall.Weekday()))
	if d.ofMonth == nil || d.ofWeek == nil {
		return month && week
	}
	return month || week
}

// around is how far the oracle looks to both sides; more than Opening does.
const around = 9 * 24 * 60

// timetable looks at each minute within 9 days of now, and says in which of them a window is open; the middle one is now's.
func timetable(windows []drawn, now time.Time) []bool {
	open := make([]bool, 2*around)
	for _, d := range windows {
		length := max(int(d.Duration.Of().Minutes()), 1)
		left := 0
		for i := range open {
			if d.names(now.Add(time.Duration(i-around) * time.Minute)) {
				left = length
			}
			open[i] = open[i] || left > 0
			left--
		}
	}
	return open
}

func TestOpeningIsWhatEachMinuteSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		windows := rapid.SliceOfN(rapid.Custom(drawWindow), 1, 3).Draw(t, "windows")
		now := drawInstant(t)
		minute := now.Truncate(time.Minute)
		open := timetable(windows, minute)
		flip := slices.Index(open[around:], !open[around])

		var spec []v1alpha1.Window
		for _, d := range windows {
			spec = append(spec, d.Window)
		}
		o, changes := Opening(spec, now)
		if o.Problem != "" || o.Open != open[around] {
			t.Fatalf("open %t, want %t (problem %q)", o.Open, open[around], o.Problem)
		}
		want := minute.Add(time.Duration(flip) * time.Minute)
		bound := now.Add(8 * 24 * time.Hour)
		switch {
		case flip < 0 && !o.Open:
			if !changes.IsZero() && changes.Before(minute.Add(around*time.Minute)) {
				t.Fatalf("changes at %s, but no minute of 9 days is open", changes)
			}
		case o.Open && (flip < 0 || want.After(bound)):
			if !changes.Equal(bound) {
				t.Fatalf("looks again at %s, want the bound %s", changes, bound)
			}
		case !changes.Equal(want):
			t.Fatalf("changes at %s, want %s", changes, want)
		}
		if !o.Open && !o.Next.Equal(changes) {
			t.Fatalf("next %s, but changes at %s", o.Next, changes)
		}
	})
}

// drawInstant draws an instant from 2018 to 2027, most often near a change of some zone's clock.
func drawInstant(t *rapid.T) time.Time {
	start := rapid.SampledFrom([]string{
		"2018-11-04T03:00:00Z", "2019-02-17T02:00:00Z", // São Paulo, at midnight
		"2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", // Berlin
		"2026-03-08T05:00:00Z", "2026-11-01T05:00:00Z", // Havana, at midnight; New York two hours later
		"2026-04-23T22:00:00Z", "2026-10-29T21:00:00Z", // Cairo, at midnight
		"2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z", // Lord Howe, by half an hour
		"2027-02-27T00:00:00Z", "2023-12-31T20:00:00Z", "2024-02-28T20:00:00Z",
	}).Draw(t, "near")
	instant, err := time.Parse(time.RFC3339, start)
	if err != nil {
		t.Fatal(err)
	}
	minutes := rapid.OneOf(rapid.IntRange(-180, 180), rapid.IntRange(-20000, 20000)).Draw(t, "minutes off")
	return instant.Add(time.Duration(minutes)*time.Minute + time.Duration(rapid.IntRange(0, 59999).Draw(t, "milliseconds"))*time.Millisecond)
}

// Where the clock never changes the library's own search is right, and far beyond what minutes can be counted for.
func TestTheNextOpeningIsTheLibrarysOwn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawWindow(t)
		d.Duration, d.TimeZone = v1alpha1.Duration{}, "Etc/UTC"
		s, err := cron.ParseStandard("TZ=UTC " + d.Schedule)
		if err != nil {
			t.Fatal(err)
		}
		now := drawInstant(t)
		o, changes := Opening([]v1alpha1.Window{d.Window}, now)
		if o.Open {
			return
		}
		want := s.Next(now)
		if limit := now.AddDate(horizon, 0, 0); want.After(limit) { // The library ends with the fifth year.
			want = time.Time{}
		}
		if !changes.Equal(want) {
			t.Fatalf("next opening %s, want %s", changes, want)
		}
	})
}

func FuzzOpening(f *testing.F) {
	f.Add("* 9-17 * * 1-5", "Europe/Berlin", int64(3600), int64(1795428000))
	f.Add("CRON_TZ=UTC", "", int64(0), int64(0))
	f.Add("TZ=", "Local", int64(60), int64(-1))
	f.Add("@every 1ns", "UTC", int64(60), int64(1<<40))
	f.Add("0 0 31 2 *", "Africa/Casablanca", int64(604800), int64(1795428000))
	f.Add("0/1,*/59 , ? */9223372036854775807 7", "../x", int64(-1), int64(-1<<40))
	f.Fuzz(func(t *testing.T, schedule, zone string, seconds, now int64) {
		w := v1alpha1.Window{Schedule: schedule, TimeZone: zone, Duration: v1alpha1.Dur(time.Duration(seconds))}
		instant := time.Unix(now%(1<<34), 0) // From 1425 to 2514: the clock is nobody's to choose.
		o, changes := Opening([]v1alpha1.Window{w, w}, instant)
		switch {
		case strings.ContainsAny(o.Problem, "\n\r"):
			t.Errorf("problem has more than one line: %q", o.Problem)
		case o.Problem != "" && (o.Open || !o.Next.IsZero() || !changes.IsZero()):
			t.Errorf("problem %q, yet open %t, next %s, changes %s", o.Problem, o.Open, o.Next, changes)
		case o.Open && changes.IsZero(), !changes.IsZero() && !changes.After(instant):
			t.Errorf("open %t at %s, changes %s", o.Open, instant, changes)
		}
	})
}
