// Package prometheus gives Go tests a real Prometheus.
//
// In come targets to scrape, and series with the times of their numbers; out goes the address of a server on loopback that
// answers queries about them. The first start on a machine builds the program, which can take minutes (go doc
// ./test/cluster says where it comes from); later ones take a fraction of a second. The server ends with the test's process,
// however that ends; on Linux even if it is killed.
//
// The package must not sleep to let time pass: a test that wants a number at a time loads it, and one that wants what was
// scraped awaits it.
package prometheus
