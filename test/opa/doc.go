// Package opa holds no code, but the proof that package policy decides as SMI says: the same rules written a second time, in Rego and
// from the specification, in testdata/smi.rego, and a comparison of the two in random cases.
//
// In: seeds. Out: the first case in which package policy and Open Policy Agent differ, with the seed that makes it again; and, as
// benchmarks, how long each of them takes. It must not be imported, so that what ships knows nothing of Open Policy Agent.
package opa
