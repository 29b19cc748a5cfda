// Package story is the demo as a program can run it: a world with a real control plane and real HTTP traffic, and four
// releases of which two are bad.
//
// In: whether the controller is to be killed on the way, and who wants to watch. Out: a Report of what became of each
// release and of each request. It must not print, and must leave no process and no file behind.
package story
