// Package schedule says whether a window of a Canary's spec is open, and when that changes.
//
// In: the windows as they are written, and an instant. Out: an analysis.Opening and the next instant at which the answer is
// another one. It must not read a clock, keep anything between two calls, or decide what an open window allows.
//
// A window opens at each minute that its schedule names and stays open for its duration; windows that overlap or touch are one
// opening. The schedule is read by the parser of robfig/cron, so it means what it means in a CronJob. When the minutes come is
// worked out here, because the library's own search leaves out days that have no midnight and minutes after a change of half
// an hour, and goes from minute to minute where most of them are named.
//
// Daylight saving. A schedule names minutes of the wall clock of its time zone, and a duration is time that passes. So where
// the clock is set forward, what is named within the hour that is left out does not open on that day; where the clock is set
// back, what is named within the hour that comes twice opens twice; and a window of 8h that is open across a change is open
// for 8 hours, not until the same time on the clock. A schedule that names each minute in which it is open ("* 9-17 * * 1-5")
// follows the clock.
package schedule
