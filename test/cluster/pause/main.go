// Pause holds the namespaces of a pod: it does nothing until it is asked to end.
//
// No argument comes in and nothing goes out. It must not need anything beside itself, because its image has nothing else.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM, syscall.SIGINT)
	<-asked
}
