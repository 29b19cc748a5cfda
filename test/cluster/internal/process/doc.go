// Package process starts child processes that do not outlive this one and stops them within a bound.
//
// In come command lines; out go running children whose output is in a file each. Every child has a process group of its
// own, so that ^C in a terminal reaches only this process, which then stops its children in order. On Linux the kernel
// kills the children when this process dies, even of SIGKILL; elsewhere a killed process leaves them behind.
//
// A Group holds children, starts those again that end if it is told to keep them, and stops them in order.
//
// The kernel ties that promise to the thread that started the child, not to the process, and Go moves goroutines between
// threads and ends threads. So all children are started from one goroutine that keeps its thread for the life of the
// process. Nothing else in this module may start a long-running process.
package process
