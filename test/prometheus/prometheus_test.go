package prometheus

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestScrapedNumbersArrive(t *testing.T) {
	var count atomic.Int64
	exporter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# TYPE orders_total counter\norders_total %d\n", count.Load())
	}))
	t.Cleanup(exporter.Close)
	s := ForTest(t, Options{
		Interval: 100 * time.Millisecond,
		Targets:  []Target{{Address: exporter.URL, Job: "shop", Labels: map[string]string{"version": "v2"}}},
	})
	ctx := within(t, time.Minute)
	count.Store(7)
	if err := s.Await(ctx, `orders_total{job="shop",version="v2"}`, 7); err != nil {
		t.Fatal(err)
	}
	count.Store(9)
	at, err := s.Scraped(ctx, `orders_total`, 9)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Query(ctx, `orders_total`, at.Add(-time.Millisecond)); err != nil || len(got) != 1 || got[0].Value != 7 {
		t.Errorf("a moment before it was scraped it was %v, %v, want 7", got, err)
	}
	if err := s.Scrape(); err != nil {
		t.Fatal(err)
	}
	if err := s.AwaitNone(ctx, `orders_total`); err != nil {
		t.Error("a target that is gone is still there:", err)
	}
	if got, err := s.Query(ctx, `orders_total`, at); err != nil || len(got) != 1 || got[0].Value != 9 {
		t.Errorf("when it was there it was %v, %v", got, err)
	}
}

func TestLoadedNumbersAreThereAtTheirTimes(t *testing.T) {
	s, ctx := ForTest(t, Options{}), within(t, time.Minute)
	now := time.Now().Truncate(time.Second)
	ago := func(seconds time.Duration) time.Time { return now.Add(-seconds * time.Second) }
	err := s.Load(ctx,
		Series{Name: "orders_total", Labels: map[string]string{"version": "v1"}, Points: []Point{{ago(60), 10}, {ago(30), 25}, {ago(20), math.NaN()}}},
		Series{Name: "orders_total", Labels: map[string]string{"version": "v2"}, Points: []Point{{ago(30), 1}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Load(ctx, Series{Name: "orders_total", Labels: map[string]string{"version": "v2"}, Points: []Point{{ago(3000), 0}}}); err != nil {
		t.Error("what is older cannot be loaded afterwards:", err)
	}
	for _, tc := range []struct {
		query string
		ago   time.Duration
		want  string
	}{
		{`orders_total{version="v1"}`, 61, ""},
		{`orders_total{version="v1"}`, 60, "10"},
		{`orders_total{version="v1"}`, 31, "10"},
		{`orders_total{version="v1"}`, 21, "25"},
		{`orders_total{version="v1"}`, 20, ""},
		{`sum(orders_total)`, 30, "26"},
		{`orders_total{version="v2"}`, 2999, "0"},
	} {
		got, err := s.Query(ctx, tc.query, ago(tc.ago))
		text := ""
		if len(got) == 1 {
			text = got[0].Value.String()
		}
		if err != nil || len(got) > 1 || text != tc.want {
			t.Errorf("%s %d s ago: %v, %v, want %q", tc.query, tc.ago, got, err, tc.want)
		}
	}
	if err := s.Load(ctx, Series{Name: "orders_total", Points: []Point{{ago(-3600), 1}, {ago(30 * 24 * 3600), 1}}}); err == nil {
		t.Error("what is a month old was taken")
	}
}

func TestStopLeavesNothingAndAnotherCanTakeThePlace(t *testing.T) {
	ctx, dir := within(t, time.Minute), t.TempDir()
	first, err := Start(ctx, Options{Progress: t.Output(), Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().Truncate(time.Second)
	if err := first.Load(ctx, Series{Name: "orders_total", Points: []Point{{at, 3}}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := first.Stop(); err != nil {
			t.Error(err)
		}
	}
	if _, err := net.Dial("tcp", first.Addr()); err == nil {
		t.Errorf("%s still answers", first.URL)
	}
	second := ForTest(t, Options{Dir: dir, Address: first.Addr()})
	if second.URL != first.URL {
		t.Errorf("the second is at %s, not at %s", second.URL, first.URL)
	}
	if got, err := second.Query(ctx, "orders_total", at); err != nil || len(got) != 1 || got[0].Value != 3 {
		t.Errorf("it has %v, %v", got, err)
	}
	own := ForTest(t, Options{})
	if err := own.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(own.folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func TestStartTellsWhyItFailed(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, err = Start(t.Context(), Options{Progress: io.Discard, Address: taken.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("got %v, want an error that says that the address is in use", err)
	}
}

// helper says that this process is to start a Prometheus and to be killed.
const helper = "SERIN_TEST_PROMETHEUS_HELPER"

func TestAServerEndsWithItsProcess(t *testing.T) {
	if os.Getenv(helper) != "" {
		s, err := Start(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("pid", s.cmd.Process.Pid, s.folder)
		<-s.ended
		return
	}
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends a child with its parent")
	}
	parent := exec.Command(os.Args[0], "-test.run=^TestAServerEndsWithItsProcess$")
	parent.Env = append(os.Environ(), helper+"=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = parent.Process.Kill(); _ = parent.Wait() })
	var pid int
	for lines := bufio.NewScanner(out); pid == 0 && lines.Scan(); {
		if words := strings.Fields(lines.Text()); len(words) == 3 && words[0] == "pid" {
			pid, _ = strconv.Atoi(words[1])
			t.Cleanup(func() { _ = os.RemoveAll(words[2]) })
		}
	}
	if pid == 0 {
		t.Fatal("the helper started nothing")
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the server does not run: %v", err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	err = poll(within(t, time.Minute), func() error {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) && !zombie(pid) {
			return errors.New("the server outlives its process")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// zombie says that a process has ended and nobody has asked how.
func zombie(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(text), ") Z ")
}

func within(t *testing.T, bound time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	t.Cleanup(cancel)
	return ctx
}
