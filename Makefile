# Serin's tools are pinned in tools/go.mod and tools/manifests/go.mod and built by Go when first used: nothing is installed
# by hand (tools/image builds the container images). The first lint builds golangci-lint and the first verify helm, which takes
# minutes; after that both come from Go's cache.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

tool  = go tool -modfile=tools/go.mod
CONTROLLER_GEN = $(tool) controller-gen
# The images' tag; config/default and the chart take dev.
TAG ?= dev
# Where make push pushes to.
REPO ?=
# More flags for go test, such as TESTFLAGS=-race.
TESTFLAGS ?=

##@ Work on it

help: ## Show this list.
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build every command into bin/.
	CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o bin/ ./cmd/...

demo: ## Roll one good and one bad version out on a real control plane, and show it; KEEP=1 leaves it running.
	go run ./test/demo $(if $(KEEP),--keep)

generate: ## Write what is generated: deep copies, the CRDs, the RBAC role.
	$(CONTROLLER_GEN) object paths=./api/...
	$(CONTROLLER_GEN) crd paths=./api/v1alpha1/... output:crd:dir=config/crd
	go generate ./api/smi
	$(CONTROLLER_GEN) rbac:roleName=serin-controller paths=./controllers/... output:rbac:dir=config/rbac

golden: ## Rewrite the golden files; the difference is for a person to read.
	go test $$(find . -path './test/cluster' -prune -o -name '*.golden' -print | xargs -r -n1 dirname | sed 's|/testdata.*||' | sort -u) -update
	go test ./test/gitops ./controllers/canary/telemetry ./cmd/kubectl-canary/internal/manifest -update
	go test ./test/gate -run Picture -update

##@ Check it

test: ## Run every test, the ones on a real control plane included (its programs are fetched or built once).
	@echo "== the control plane's programs and a Prometheus: in the cache, or fetched, or built, which takes minutes"
	go -C test/cluster run . assets
	go -C test/cluster run . prometheus
	@echo "== every package of the main module; some start a kube-apiserver and etcd"
	go test -timeout 30m $(TESTFLAGS) ./...
	@echo "== test/cluster, the module that gets and runs the control plane"
	go -C test/cluster test $(TESTFLAGS) ./...
	@echo "== tools/image, which builds the container images"
	go -C tools/image test $(TESTFLAGS) ./...

test-pure: ## Run the tests of the pure rooms alone: no cluster, no network, seconds.
	go test $(TESTFLAGS) ./api/... ./analysis/... ./policy/... ./metrics/window/...

test-opa: ## Compare the policy engine with Open Policy Agent in 1,000,000 random requests, ten times those of make test; minutes.
	SERIN_OPA_CASES=1000000 go test -count=1 -v ./test/opa

test-properties: ## Run the rollout core's properties over more than 10,000 random stories; under a minute on 2 idle cores.
	go test -count=1 ./analysis -rapid.checks=300

e2e: ## Run the suite on the cluster of KUBECONFIG, else on a real node here (root on Linux); then the faults and GitOps. E2EFLAGS are ginkgo's.
	test/e2e/run $(E2EFLAGS)
	@$(MAKE) faults
	@$(MAKE) gitops

node: ## Start a real node here, hold it to what it promises, and see that it leaves the machine as it was; root on Linux.
	go -C test/cluster run . node --prepare
	go -C test/cluster test $(TESTFLAGS) -tags e2e -count=1 -timeout 30m -run TestNode .

faults: ## Break what stands around rollouts while requests are sent, and check the outcome (docs/faults.md); minutes. SERIN_SEED repeats a run.
	go test $(TESTFLAGS) -tags e2e -count=1 -timeout 30m -parallel 8 -v ./test/faults

gitops: ## Run GitOps end to end: a Git server, Flux's own controllers (built once, which takes minutes), a real control plane.
	go -C test/cluster run . program source-controller
	go -C test/cluster run . program kustomize-controller
	go test $(TESTFLAGS) -tags e2e -count=1 -timeout 40m -v ./test/e2e/gitops

bench: ## Measure the rollout core, the policy engine beside Open Policy Agent, the proxy and the metrics windows.
	go test -run '^$$' -bench . -benchmem ./analysis/... ./policy/... ./test/opa/... ./proxy/... ./metrics/...

bench-judge: ## Hold the judge to its promises in thousands of simulated rollouts, and print them; minutes. Exits 1 if one is broken.
	go run ./test/gate

bench-idle: ## Count the API requests that 1,000 idle Canaries cause in a minute; the bound is 0. Takes minutes.
	go run ./test/bench idle --canaries 1000 --for 60s

bench-rollouts: ## Measure 200 rollouts at once: requests, first weight, time, CPU, memory, time to roll back. Takes minutes.
	go run ./test/bench rollouts --canaries 200

lint: ## Hold the code to .golangci.yaml, the import law among it.
	@lint=$$($(tool) -n golangci-lint); \
	for module in . test/cluster; do \
		echo "== golangci-lint in $$module"; \
		(cd $$module && "$$lint" run --config $(CURDIR)/.golangci.yaml ./...); \
	done

lint-selftest: ## Prove that a forbidden import is refused; works on a copy.
	tools/lint-selftest

verify: ## Check that generated files are fresh, the code formatted, go.mod tidy, chart and kustomization equal; changes nothing.
	tools/verify-generated
	@echo "== gofmt"
	@unformatted=$$(gofmt -l .); \
	[ -z "$$unformatted" ] || { echo "not formatted (run gofmt -w):"; echo "$$unformatted"; exit 1; }
	@echo "== go mod tidy -diff"
	go mod tidy -diff
	go -C test/cluster mod tidy -diff
	@echo "== go vet"
	go vet -tags e2e ./...
	go -C test/cluster vet -tags e2e ./...
	go -C tools/manifests vet ./...
	go -C tools/image mod tidy -diff
	go -C tools/image vet ./...
	tools/verify-manifests
	tools/lint-selftest

##@ Ship it

image: ## Build the images of Serin and of the demo application into bin/images/, without a container engine (TAG=dev).
	go build -C tools/image -o $(CURDIR)/bin/image .
	bin/image build -tag $(TAG)

load: ## Load the images into the cluster of the current context: kind, k3d, minikube, Docker Desktop, or a node of test/cluster.
	tools/load-images

push: ## Push both images for linux/amd64 and linux/arm64 (REPO=registry/path, TAG=dev).
	@[ -n "$(REPO)" ] || { echo "make push needs REPO=registry/path, such as REPO=ghcr.io/example" >&2; exit 1; }
	go build -C tools/image -o $(CURDIR)/bin/image .
	bin/image push -repo $(REPO) -tag $(TAG)

.PHONY: help build demo generate golden test test-pure test-opa test-properties bench-judge bench-idle bench-rollouts e2e node faults gitops bench lint lint-selftest verify image load push
