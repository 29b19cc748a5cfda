// Package filelock lets processes take turns by locking a file.
//
// In comes a path; out goes a lock that ends with Release or with the life of the process, however that ends. The package
// must not delete the file it locks: a waiting process would then hold a lock that nobody else can see.
package filelock
