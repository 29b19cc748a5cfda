package schedule

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // The image that Serin ships in has no time zone database.

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/robfig/cron/v3"
)

// Bounds of a window's duration, as the CRD has them.
const (
	minDuration = time.Minute
	maxDuration = 168 * time.Hour
)

// plan is a window that was read.
type plan struct {
	// The minutes that are named, as sets of bits; days says whether a day is.
	minutes, hours, months uint64
	days                   days
	zone                   *time.Location
	length                 time.Duration
}

// days are the days that are named.
type days struct {
	ofMonth, ofWeek uint64
	// either says that one of the two is enough, which is so when both are restricted.
	either bool
}

// star is the bit by which the library says that a field was a star.
const star = 1 << 63

// read reads the window at an index of spec.windows, or says in a sentence why it cannot be read.
func read(index int, w v1alpha1.Window) (p plan, problem string) {
	field := fmt.Sprintf("spec.windows[%d]", index)
	s, err := parse(w.Schedule)
	if err != nil {
		return plan{}, fmt.Sprintf("%s.schedule %q cannot be read: %s", field, w.Schedule, oneLine(err.Error()))
	}
	zone, err := time.LoadLocation(w.TimeZone)
	if err != nil || w.TimeZone == "Local" { // Local is whatever the controller's machine is set to.
		return plan{}, fmt.Sprintf("%s.timeZone %q is not a name of the time zone database such as Europe/Berlin", field, w.TimeZone)
	}
	length := w.Duration.Of()
	if length == 0 {
		length = minDuration
	}
	if length < minDuration || length > maxDuration {
		return plan{}, fmt.Sprintf("%s.duration %s must be from 1m to 168h", field, length)
	}
	return plan{
		minutes: s.Minute &^ star, hours: s.Hour &^ star, months: s.Month &^ star,
		days: days{ofMonth: s.Dom, ofWeek: s.Dow, either: (s.Dom|s.Dow)&star == 0},
		zone: zone, length: length,
	}, ""
}

// parse reads five fields and nothing else: what the library takes beside them is another field's to say, or not a time.
func parse(text string) (*cron.SpecSchedule, error) {
	text = strings.TrimSpace(text)
	switch {
	case strings.HasPrefix(text, "TZ="), strings.HasPrefix(text, "CRON_TZ="):
		return nil, fmt.Errorf("it must not name a time zone, because the window's timeZone does")
	case strings.HasPrefix(text, "@"):
		return nil, fmt.Errorf("it must have five fields (minute, hour, day of month, month, day of week), not a word")
	}
	s, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(text)
	if err != nil {
		return nil, err
	}
	spec, ok := s.(*cron.SpecSchedule)
	if !ok {
		return nil, fmt.Errorf("it is not a schedule of five fields")
	}
	for _, bits := range []uint64{spec.Minute, spec.Hour, spec.Dom, spec.Month, spec.Dow} {
		if bits&^star == 0 { // The library takes a lone comma for a field that names nothing.
			return nil, fmt.Errorf("one of its fields names nothing")
		}
	}
	return spec, nil
}

// oneLine keeps a sentence in one line whatever was written into the spec.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// names says whether a day is named.
func (d days) names(ofMonth int, ofWeek int64) bool {
	month, week := d.ofMonth>>ofMonth&1 == 1, d.ofWeek>>ofWeek&1 == 1
	if d.either {
		return month || week
	}
	return month && week
}
