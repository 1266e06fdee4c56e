# Nothing but Go is needed: tools are built from tools/go.mod and tools/lint/go.mod, pinned.

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME ?= 10s
IMAGE    ?= helix:$(VERSION)

# The race detector needs a C compiler; without one the tests run without it.
RACE := $(shell [ "$$($(GO) env CGO_ENABLED)" = 1 ] && command -v "$$($(GO) env CC)" >/dev/null 2>&1 && echo -race)

TOOL := $(GO) tool -modfile=tools/go.mod
LINT := $(GO) tool -modfile=tools/lint/go.mod golangci-lint

# The one generator that needs more than Go. Its output changes only with the versions written in it.
FETCH := ^//go:generate go run ./fetch

.DEFAULT_GOAL := help

##@ Use

.PHONY: run
run: ## Start the gateway and the sandbox on this machine
	$(GO) run ./cmd/helix sandbox

.PHONY: demo
demo: ## Play an agent's day against a fresh sandbox
	$(GO) run ./cmd/helix demo

.PHONY: demo-outbound
demo-outbound: ## Play outbound AI calls that a CRM asks for against a fresh sandbox
	$(GO) run ./cmd/helix demo-outbound

.PHONY: build
build: ## Build bin/helix, static and stripped
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/helix ./cmd/helix

.PHONY: docker
docker: ## Build the container image; BASE=alpine for one with a shell
	docker build --build-arg VERSION=$(VERSION) $(if $(BASE),--build-arg BASE=$(BASE)) -t $(IMAGE) .

##@ Check

.PHONY: test
test: ## Run all tests, with the race detector where there is a C compiler
	$(GO) test $(RACE) -timeout 15m ./...

.PHONY: bench
bench: ## Run all benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

# LOAD adds flags to these, e.g. LOAD=-json.
.PHONY: load-worklist
load-worklist: build ## Measure what the work list adds to its slowest upstream query
	bin/helix load worklist $(LOAD)

.PHONY: load-webhooks
load-webhooks: build ## Measure pushes stored and answered, and a burst of them, on one core
	bin/helix load webhooks -gateway-cpus 0 -driver-cpus 1 $(LOAD)

.PHONY: load-subscribers
load-subscribers: build ## Measure how fast events reach 500, 2,000 and 5,000 subscribers
	bin/helix load subscribers $(LOAD)

.PHONY: load-stream
load-stream: build ## Measure 50, 300 and 700 AI calls at once, too many of them, and 5,000 in a row, on one core
	bin/helix load stream -gateway-cpus 0 -driver-cpus 1 -overload 300 -soak 5000 $(LOAD)

.PHONY: load-federation
load-federation: build ## Measure hand-through against a bare proxy, documents over both schemas, and swaps of the schema
	bin/helix load federation -gateway-cpus 0 -driver-cpus 1 $(LOAD)

.PHONY: fuzz
fuzz: ## Fuzz every parser for FUZZTIME each
	@for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n 1 dirname | sort -u); do \
		for target in $$($(GO) test -list '^Fuzz' $$dir | grep '^Fuzz'); do \
			echo "$$dir $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$dir || exit 1; \
		done; \
	done

.PHONY: conformance
conformance: ## Run clients that others wrote against a fresh sandbox; needs Node 20 and npm
	npm ci --prefix conformance --no-audit --no-fund --no-update-notifier
	GO="$(GO)" node conformance/run.js

.PHONY: lint
lint: ## Run the linters and check the formatting
	$(LINT) run

.PHONY: fix
fix: ## Format the code and apply what the linters can fix
	$(LINT) run --fix

.PHONY: tidy-check
tidy-check: ## Fail when go.mod is not tidy
	$(GO) mod tidy -diff

.PHONY: verify
verify: generate-check tidy-check lint test ## Everything that a change must pass

##@ Generate

.PHONY: generate
generate: ## Generate code and .env.example
	$(TOOL) gqlgen generate
	$(GO) generate -skip '$(FETCH)' ./...

.PHONY: assets
assets: ## Fetch GraphiQL's files anew; needs npm and the network
	$(GO) generate -run '$(FETCH)' ./...

# In a copy, so that neither a change under way nor a missing git gets in the way.
.PHONY: generate-check
generate-check: ## Fail when something generated is not fresh
	@copy=$$(mktemp -d) && trap 'rm -rf "$$copy"' EXIT && \
	tar -cf - --exclude=./.git --exclude=./bin --exclude=./data --exclude=node_modules . | tar -xf - -C "$$copy" && \
	$(MAKE) --no-print-directory -C "$$copy" generate && \
	{ diff -r --exclude=.git --exclude=bin --exclude=data --exclude=node_modules . "$$copy" || \
	{ echo 'generated files are not fresh: run make generate' >&2; exit 1; }; }

##@ Help

.PHONY: help
help: ## Show this
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
