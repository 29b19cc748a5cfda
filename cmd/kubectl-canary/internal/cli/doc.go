// Package cli is the command line of kubectl-canary: its commands, flags, completion, exit codes and what they print.
//
// In: arguments, the environment, files that the arguments name, and streams. Out: text, and an exit code. It puts packages
// cluster, traffic, view, verdict, live, recording and manifest together and must not read objects or judge rollouts itself: replay
// hands recorded windows to package analysis.
package cli
