// Package pki makes the certificates and keys of one short-lived control plane.
//
// In come names; out go PEM texts. All keys are ECDSA P-256, which takes milliseconds to make. Certificates are valid from
// an hour ago, because clocks differ, for a year. The package must not write files.
package pki
