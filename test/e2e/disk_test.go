//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("A node that has no space left for logs", Ordered, Serial, func() {
	var s *shop
	var filler string

	BeforeAll(func(ctx SpecContext) {
		folder := logSpace()
		if folder == "" {
			Skip("KUBECONFIG is a cluster whose node is not of \"cluster node --log-space\"")
		}
		s = openShop(ctx, "disk")
		filler = filepath.Join(folder, "filler")
		DeferCleanup(func() { _ = os.Remove(filler) })
	}, NodeTimeout(specTime))

	It("still promotes a good release", func(ctx SpecContext) {
		Expect(fill(filler)).To(MatchError(syscall.ENOSPC))
		s.release(ctx, release{"VERSION": "v2"})
		s.await(ctx, serves("v2"))
		Expect(fill(filler)).To(MatchError(syscall.ENOSPC), "it is full all the time")
		s.noneLost(ctx)
	}, SpecTimeout(specTime))

	It("has the outcome and the logs when there is space again", func(ctx SpecContext) {
		Expect(os.Remove(filler)).To(Succeed())
		s.await(ctx, serves("v2"))
		s.release(ctx, release{"VERSION": "v3", "FAIL_PERCENT": "20"})
		s.await(ctx, rolledBack("v2", `v3 fails [\d.]+% of its requests`))
		Eventually(func(ctx SpecContext) string {
			return run(ctx, "", "kubectl", "logs", "-n", s.namespace, "-l", "app=foobar", "--tail=5")
		}).WithContext(ctx).WithArguments(ctx).Should(ContainSubstring("version v3 serves"))
		s.noneLost(ctx)
	}, SpecTimeout(specTime))
})

// logSpace is the folder of the node's pod logs if it is a small file system of its own.
func logSpace() string {
	text, err := os.ReadFile(os.Getenv("SERIN_NODE"))
	if err != nil {
		return ""
	}
	var report struct{ Node struct{ PodLogs string } }
	var space syscall.Statfs_t
	if json.Unmarshal(text, &report) != nil || syscall.Statfs(report.Node.PodLogs, &space) != nil {
		return ""
	}
	if size := space.Blocks * uint64(space.Bsize); size > 1<<30 {
		return ""
	}
	return report.Node.PodLogs
}

// fill writes to a file until an error says that there is no space, and returns the error.
func fill(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	for size := 1 << 20; size > 0; size /= 2 {
		for err = nil; err == nil; {
			_, err = file.Write(make([]byte, size))
		}
	}
	return errors.Join(err, file.Close())
}
