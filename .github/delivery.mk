# Delivering a stack, step by step: what the workflows run, and what anybody can run in their place.
#
# It takes a `pulumi` that is logged in and a cluster (KUBECONFIG); `comment` takes `gh` as well. `make shell` has both
# of a sandbox. What comes from outside reaches the recipes by the environment ("$$COLOUR"), never as text of theirs.

export STACK ?= production
TEAL ?= $(PYTHON) -m teal
ON = --non-interactive --stack "$$STACK"
# The stack file, unless an update is to have another active colour than it says.
export CONFIG_FILE ?= stacks/Pulumi.$(STACK).yaml
PLAN := .delivery/$(STACK)
HELD := $(PLAN)/held.yaml

said = $$($(PYTHON) -c 'import json, sys; print(json.load(sys.stdin)["$(1)"] or "")' <$(PLAN)/plan.json)
hold = cp stacks/Pulumi.$(STACK).yaml $(HELD); pulumi config set $(ON) --config-file $(HELD) teal:activeColour $(1)

# Where `gate-tools` leaves what gates run.
preview update: export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: preview
preview: .venv/ready ## what an update of STACK would do, in one word and why; fails where a policy refuses it
	@command -v pulumi >/dev/null || { echo "no pulumi on PATH: nothing was done. Next: make shell, which has one" >&2; \
		exit 127; }
	@mkdir -p $(PLAN); rm -f $(PLAN)/plan.*
	@judged=0; TEAL_PLAN_FILE=$(PLAN)/plan.json pulumi preview $(ON) --config-file "$$CONFIG_FILE" --policy-pack policies \
		|| judged=$$?; if [ -e $(PLAN)/plan.json ]; then $(TEAL) plan --markdown $(PLAN)/plan.json >$(PLAN)/plan.md; fi; \
	exit $$judged

.PHONY: update
update: preview ## make STACK what its file says; EXPECT=WORD refuses a plan that says anything else
	@word="$(call said,word)"; if [[ " $${EXPECT:-$$word} " != *" $$word "* ]]; then \
		echo "this update would be $$word, and $$EXPECT is what was asked for: nothing was changed. Either somebody" \
			"updated $$STACK meanwhile, or its file says more than that. Next: read $(PLAN)/plan.md" >&2; exit 1; fi
	pulumi up $(ON) --config-file "$$CONFIG_FILE" --policy-pack policies --yes --skip-preview

.PHONY: canary
canary: preview ## prepare the idle colour of STACK; live traffic stays, whatever its file says
	@word="$(call said,word)"; live="$(call said,confirmedColour)"; case "$$word:$$live" in \
	NOTHING:?*|PREPARE:?*|RELEASE:?*) $(call hold,"$$live"); \
		$(MAKE) --no-print-directory update EXPECT="$${word/RELEASE/PREPARE}" CONFIG_FILE=$(HELD); \
		echo "What is left to promote:"; $(MAKE) --no-print-directory preview ;; \
	*) echo "$$word is nothing to prepare: it is left to be promoted" ;; esac

.PHONY: promote
promote: update ## move live traffic as the file of STACK says: gates, the write, the bake; EXPECT as for update

.PHONY: rollback
rollback: .venv/ready ## live traffic back to COLOUR (blue or green), if it still runs a release that was confirmed
	@mkdir -p $(PLAN); case "$${COLOUR:-}" in blue|green) ;; \
	*) echo "COLOUR is '$${COLOUR:-}': nothing was changed. Next: make rollback COLOUR=blue, or green" >&2; exit 2 ;; esac
	$(call hold,"$$COLOUR")
	$(MAKE) --no-print-directory update EXPECT="ROLLBACK NOTHING" CONFIG_FILE=$(HELD)
	@echo "stacks/Pulumi.$(STACK).yaml says what it said: the next promotion goes by it. Next: teal:activeColour there"

.PHONY: unlock
unlock: ## take the lock of STACK from an update that is dead; one that lives would be joined by another
	pulumi cancel --non-interactive --yes "$$STACK"

.PHONY: settle
settle: .venv/ready ## go on with a flip of STACK whose update ended early: confirm it, or put traffic back
	@export TEAL_NAMESPACE="$$(pulumi config get $(ON) teal:namespace || echo teal)"; \
	export PROMETHEUS_TOKEN="$$(pulumi config get $(ON) --path teal:prometheus.token 2>/dev/null || true)"; $(TEAL) watch

.PHONY: verdict
verdict: .venv/ready ## where live traffic of STACK goes and what became of its flips; fails unless all is at rest
	@export TEAL_NAMESPACE="$$(pulumi config get $(ON) teal:namespace || echo teal)" COLUMNS=$${COLUMNS:-160}; \
	echo '```'; rest=0; $(TEAL) status 2>&1 || rest=$$?; echo; $(TEAL) history 2>&1 || rest=$$?; echo '```'; exit $$rest

.PHONY: word
word: ## the last plan's word, as a step's output
	@word="$(call said,word)"; echo "word=$$word"

# The first line of a plan as a comment; what begins so is ours.
MARK := <!-- teal plan -->
MINE = .[] | select(.user.login == "github-actions[bot]" and (.body | startswith("$(MARK)"))) | .id

.PHONY: comment
comment: ## the plan as the one comment of pull request PR: made, or brought up to date
	@mkdir -p $(PLAN); unknown="No plan of $$STACK could be made: what merging would do is not known."; \
	{ cat $(PLAN)/plan.md || printf '%s\n' '$(MARK)' "$$unknown"; printf '\n%s\n' "$$COMMIT, $$RUN_URL"; } >$(PLAN)/comment.md
	@id="$$(gh api --paginate "repos/{owner}/{repo}/issues/$$PR/comments" --jq '$(MINE)' | sed -n 1p)"; \
	to="repos/{owner}/{repo}/issues/$$PR/comments"; method=POST; \
	if [ -n "$$id" ]; then to="repos/{owner}/{repo}/issues/comments/$$id"; method=PATCH; fi; \
	gh api --silent --method "$$method" "$$to" --field body=@$(PLAN)/comment.md

.PHONY: gate-tools
gate-tools: .venv/ready ## oasdiff, which the contract gate runs, in .venv/bin
	$(PYTHON) -m sandbox.oasdiff.build
	ln -sf "$$($(PYTHON) -c 'from sandbox.oasdiff.build import *; print(built(cache_folder()))')" .venv/bin/oasdiff

.PHONY: actionlint
actionlint: .venv/ready ## the workflows, as GitHub would read them
	$(PYTHON) -m sandbox.actionlint.build
