// Package cli is the command line of kubectl-canary: its commands, flags, completion, exit codes and what they print.
//
// In: arguments, the environment, and streams. Out: text, and an exit code. It puts packages cluster, view, verdict and live
// together and must not read objects or judge rollouts itself.
package cli
