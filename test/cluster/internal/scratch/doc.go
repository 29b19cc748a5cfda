// Package scratch makes folders that do not stay behind.
//
// In comes the folder for temporary files; out goes a fresh folder in it, private to this user. Its owner holds a lock on
// the file "pid" inside for as long as it lives. A folder of this kind whose lock nobody holds was left by a process that
// was killed, and Sweep deletes it. The package must not touch a folder of another name or without that file.
package scratch
