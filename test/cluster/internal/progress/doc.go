// Package progress tells a person what is going on and how long it has taken.
//
// In come lines and tasks; out goes text. On a terminal the line of a running task is written over every second; anywhere
// else (a file, a pipe, the log of a CI run) a running task adds one plain line every ten seconds. The package must not
// write to the standard output, which belongs to the answers of the commands.
package progress
