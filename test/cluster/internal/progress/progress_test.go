package progress

import (
	"bytes"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

func TestPlainTaskGivesWholeLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := Plain(&out)
		parts := 0
		task := log.Begin("building etcd", func() string { return "" })
		time.Sleep(25 * time.Second)
		task.End("done, %d parts", parts)
		log.Say("next")
		want := "cluster: building etcd ...\n" +
			"cluster: building etcd ... 10s\n" +
			"cluster: building etcd ... 20s\n" +
			"cluster: building etcd: done, 0 parts (25s)\n" +
			"cluster: next\n"
		if out.String() != want {
			t.Errorf("got\n%s\nwant\n%s", out.String(), want)
		}
	})
}

func TestTerminalTaskWritesOverItsLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := Terminal(&out)
		task := log.Begin("building etcd", func() string { return "7 packages compiled" })
		time.Sleep(1500 * time.Millisecond)
		task.End("done")
		want := erase + "cluster: building etcd ..." +
			erase + "cluster: building etcd ... 1s, 7 packages compiled" +
			erase + "cluster: building etcd: done (1.5s)\n"
		if out.String() != want {
			t.Errorf("got\n%q\nwant\n%q", out.String(), want)
		}
	})
}

func TestAFileIsNoTerminal(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if log := ToFile(file); log.erase != "" || log.every != plainEvery {
		t.Error("a file is taken for a terminal")
	}
}
