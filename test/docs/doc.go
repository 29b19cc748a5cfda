// Package docs holds the documents to their word: every relative link leads somewhere, and every situation of
// docs/what-happens-when.md names a test that exists.
//
// In: the Markdown files of the repository. Out: test failures. It must not reach any network: what a link to elsewhere leads
// to is not checked.
package docs
