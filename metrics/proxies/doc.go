// Package proxies is the source that has the counters of the bundled proxies.
//
// In: the rounds of scrapes in a window.Store. Out: readings of package source. A proxy knows the split, apex, backend,
// workload and pod that a request went to, and the workload and pod that it came from. A workload is answered for as a
// Deployment, because the name does not say its kind: whoever shows it has to look whether there is one.
//
// It must not scrape, and it must not know which objects exist.
package proxies
