// Package cli is the command line of kubectl-canary: its commands, flags, completion, exit codes and what they print.
//
// In: arguments, the environment, files that the arguments name, and streams. Out: text, and an exit code. It puts packages
// cluster, traffic, view, verdict, live, recording, manifest, smifile, translate and routes together and must not read objects or
// judge rollouts and requests itself: replay hands recorded windows to package analysis, and access hands requests to package policy.
package cli
