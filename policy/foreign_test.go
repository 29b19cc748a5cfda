package policy

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// TestForeignServersReadPathsAsRulesDo sends targets that are not refused to real servers in other languages, as bytes, and checks
// what they read. CI has both; where one is missing, its test is skipped.
func TestForeignServersReadPathsAsRulesDo(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers in other languages")
	}
	for name, command := range map[string][]string{
		"Node.js": {"node", "testdata/server.js"},
		"Python":  {"python3", "testdata/server.py"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(command[0]); err != nil {
				t.Skipf("%s is not installed, so what it reads is not compared", command[0])
			}
			address, read, sent := startForeign(t, command), 0, 0
			for _, target := range corpus(2, 3000) {
				if path, _, err := canonicalPath(target); err != nil || path == "*" {
					continue
				}
				sent++
				for server, reading := range askForeign(t, address, target) {
					if reading != nil {
						read++
						checkReading(t, server, target, *reading)
					}
				}
			}
			t.Logf("%d targets, read %d times", sent, read)
			if read < sent/2 {
				t.Errorf("of %d targets, %d readings came back", sent, read)
			}
		})
	}
}

// startForeign starts a server that prints its port, and returns its address. The server ends with its standard input.
func startForeign(t *testing.T, command []string) string {
	t.Helper()
	server := exec.CommandContext(t.Context(), command[0], command[1:]...)
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = server.Wait()
	})
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return "127.0.0.1:" + strings.TrimSpace(port)
}

// askForeign returns what a server reads in a target; nothing when it refuses it.
func askForeign(t *testing.T, address, target string) map[string]*string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n", target)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	var readings map[string]*string
	if response.StatusCode == http.StatusOK {
		if err := json.NewDecoder(response.Body).Decode(&readings); err != nil {
			t.Fatalf("%q: %v", target, err)
		}
	}
	return readings
}
