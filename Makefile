# sipscribe: what there is to do with it. `make help` lists it.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unreleased)
FUZZTIME ?= 30s

# The tools of the trade are in a module file of their own, so that go.mod lists what the program needs and no more.
STATICCHECK = $(GO) tool -modfile=tools/go.mod staticcheck

# The telephone made of sipgo, for tests, is a module too, so that the program does not depend on sipgo.
SIPGO = internal/interop/sipgo

PLATFORMS = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

SCHEDULES ?= 1000000
SEED      ?= 1

.PHONY: help build test lint fuzz sim bench bench-smoke bench-live interop cover cross release clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

build: ## the program for this machine, into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/ ./cmd/sipscribe

test: ## every test, with the race detector
	$(GO) test -race ./...

lint: ## gofmt, go vet, staticcheck
	@files=$$(gofmt -l .); test -z "$$files" || { echo "gofmt would change:"; echo "$$files"; exit 1; }
	$(GO) vet ./...
	$(STATICCHECK) ./...
	cd $(SIPGO) && $(GO) vet ./... && $(GO) tool -modfile=$(CURDIR)/tools/go.mod staticcheck ./...

fuzz: ## every fuzz target for FUZZTIME (30s) each
	tools/fuzz $(FUZZTIME)

sim: ## a million calls over bad networks in virtual time (SCHEDULES, SEED), held to the RFCs; Ctrl-C tells what is known so far
	@mkdir -p bin
	$(GO) build -buildvcs=false -o bin/sim ./internal/sim/cmd/sim
	bin/sim -schedules $(SCHEDULES) -seed $(SEED)

bench: ## speed and memory beside other programs, as docs/measurements.md tells; takes minutes
	$(GO) run -buildvcs=false ./internal/bench

bench-smoke: ## the same on a small workload: that it runs and that the rows are right, not how fast
	$(GO) run -buildvcs=false ./internal/bench -smoke

interop: ## SIPp, Kamailio, baresip, linphone and sipgo with our proxy and our phone, in a network of their own; installs them where it may (Debian, root)
	tools/peers sip-tester kamailio baresip-core linphone-cli
	$(GO) test -v -count=1 -tags interop ./internal/interop ./internal/live/emit

bench-live: ## what a call costs through our proxy and through Kamailio, placed by SIPp in a network of its own (Linux, root)
	$(GO) run -buildvcs=false ./internal/interop

cover: ## which lines the tests reach, into out/cover.html
	@mkdir -p out
	$(GO) test -coverpkg=./... -coverprofile=out/cover.out ./...
	$(GO) tool cover -html=out/cover.out -o out/cover.html
	@$(GO) tool cover -func=out/cover.out | tail -n 1

cross: ## that everything builds, and the tests type-check, for each platform
	@set -e; for p in $(PLATFORMS); do \
		echo "GOOS=$${p%/*} GOARCH=$${p#*/} go vet ./..."; \
		CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build -buildvcs=false ./...; \
		CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) vet ./...; \
	done

release: ## static programs for each platform with their checksums, into bin/
	rm -rf bin
	@mkdir -p bin
	@set -e; for p in $(PLATFORMS); do \
		os=$${p%/*}; arch=$${p#*/}; ext=; if [ $$os = windows ]; then ext=.exe; fi; \
		out=bin/sipscribe-$(VERSION)-$$os-$$arch$$ext; \
		echo "$$out"; \
		CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -buildvcs=false \
			-ldflags "-s -w -X sipscribe/internal/cli.version=$(VERSION)" -o "$$out" ./cmd/sipscribe; \
	done
	@cp LICENSE bin/
	@cd bin && { sha256sum sipscribe-* 2>/dev/null || shasum -a 256 sipscribe-*; } > SHA256SUMS
	@cat bin/SHA256SUMS

clean: ## what the other targets made
	rm -rf bin out
