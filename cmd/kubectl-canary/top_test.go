package main_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = It("top and topology say that a cluster has no TrafficMetrics server", func(ctx SpecContext) {
	for _, command := range []string{"top", "topology"} {
		code, out, errOut := do(ctx, "default", command)
		Expect(code).To(Equal(1))
		Expect(out).To(BeEmpty())
		Expect(errOut).To(Equal("error: this cluster has no TrafficMetrics server: the API metrics.smi-spec.io/v1alpha1 is missing\n"))
	}
})
