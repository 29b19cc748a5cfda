// Package canary carries rollouts out.
//
// In: Canaries, their targets and everything made for them, watched; TrafficMetrics, through the aggregated API only; what
// TrafficTargets allow, through the interface Grants. Out: the versions' Deployments and Services, the TrafficSplit, the apex,
// the target's size, the TrafficTargets that a candidate mirrors, the Canary's status, Events and notifications. Each look is
// the same five steps: get, observe, decide (package analysis), record, apply and report.
//
// The status is written before the world, so a status that cannot be written also delays a rollback; in return there is one
// record of intent, and a crash between any two writes heals at the next look. It must not decide anything about a rollout,
// talk to a data plane, or wait for a notification.
package canary
