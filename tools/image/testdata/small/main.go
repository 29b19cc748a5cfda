// Command small is a program that compiles in no time.
package main

func main() {}
