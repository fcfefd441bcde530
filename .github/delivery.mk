# Delivering a stack, step by step: what the workflows run, and what anybody can run in their place.
#
# It takes a `pulumi` that is logged in and a cluster (KUBECONFIG), as `make shell` has of a sandbox; `comment`, `current`
# and `propose` take `gh` as well. What comes from outside reaches the recipes by the environment ("$$STACK"), never as text of theirs: make
# would expand it, and the shell run it. It is handed on to another make in the same way.

export STACK ?= production
TEAL ?= $(PYTHON) -m teal
ON = --non-interactive --stack "$$STACK"
# The stack file, unless CONFIG_FILE names another, as where an update is to have another active colour than it says.
OWN := "stacks/Pulumi.$$STACK.yaml"
FILE := "$${CONFIG_FILE:-stacks/Pulumi.$$STACK.yaml}"
PLAN := ".delivery/$$STACK"
HELD := $(PLAN)/held.yaml
# The process that updated STACK last from here: by it `unlock` knows a lock that this checkout left.
UPDATING := $(PLAN)/updating

said = $$($(PYTHON) -c 'import json, sys; print(json.load(sys.stdin)["$(1)"] or "")' <$(PLAN)/plan.json)
hold = cp $(OWN) $(HELD); pulumi config set $(ON) --config-file $(HELD) teal:activeColour $(1)
# To make a stack that there is changes nothing and fails, and says who holds its lock, if anybody does.
holder = $(1)="$$({ pulumi stack init --non-interactive "$$STACK" 2>&1 || true; } | \
	sed -n 's/^ .*: created by \(.*\) at .*/\1/p')"

# Where `gate-tools` leaves what gates run.
preview update: export PATH := $(CURDIR)/.venv/bin:$(PATH)

REFUSED := The preview failed, so an update would be refused, whatever the word is. Its log says why.

.PHONY: preview
preview: .venv/ready ## what an update of STACK would do, in one word and why; fails where a policy refuses it
	@command -v pulumi >/dev/null || { echo "no pulumi on PATH: nothing was done. Next: install it, or make shell" >&2; \
		exit 127; }
	@mkdir -p $(PLAN); rm -f $(PLAN)/plan.*
	@judged=0; TEAL_PLAN_FILE=$(PLAN)/plan.json pulumi preview $(ON) --config-file $(FILE) --policy-pack policies \
		|| judged=$$?; if [ -e $(PLAN)/plan.json ]; then $(TEAL) plan --markdown $(PLAN)/plan.json >$(PLAN)/plan.md; \
		if [ $$judged != 0 ]; then printf '\n**%s**\n' "$(REFUSED)" >>$(PLAN)/plan.md; fi; fi; exit $$judged

.PHONY: update
update: preview ## make STACK what its file says; EXPECT=WORD refuses a plan that says anything else
	@word="$(call said,word)"; if [[ " $${EXPECT:-$$word} " != *" $$word "* ]]; then \
		echo "this update would be $$word, and $$EXPECT is what was asked for: nothing was changed. Either somebody" \
			"updated $$STACK meanwhile, or its file says more than that. Next: read" $(PLAN)/plan.md >&2; exit 1; fi
	@echo $$$$ >$(UPDATING); \
	exec pulumi up $(ON) --config-file $(FILE) --policy-pack policies --yes --skip-preview

.PHONY: canary
canary: preview ## prepare the idle colour of STACK; live traffic stays, whatever its file says
	@word="$(call said,word)"; live="$(call said,confirmedColour)"; case "$$word:$$live" in \
	NOTHING:?*|PREPARE:?*|RELEASE:?*) $(call hold,"$$live"); \
		EXPECT="$${word/RELEASE/PREPARE}" CONFIG_FILE=$(HELD) $(MAKE) --no-print-directory update; \
		echo "What is left to promote:"; $(MAKE) --no-print-directory preview ;; \
	*) echo "$$word is nothing to prepare: it is left to be promoted" ;; esac

.PHONY: check
check: .venv/ready ## COLOUR of STACK, or its idle one, from all sides and without moving it; fails where something failed
	@mkdir -p $(PLAN); colour="$${COLOUR:-}"; if [ -z "$$colour" ]; then \
		case "$(call said,confirmedColour)" in blue) colour=green ;; *) colour=blue ;; esac; fi; came=0; \
	$(TEAL) check "$$colour" --stack "$$STACK" --skip security --timeout 180s --junit $(PLAN)/check.xml || came=$$?; \
	if [ "$$came" = 10 ]; then echo "what could not be told is no failure here: see above" >&2; else exit "$$came"; fi

.PHONY: current
current: ## refuse a checkout whose file of STACK is not BRANCH's any more: an older run that is approved late, or run again
	@mkdir -p $(PLAN); gh api --header 'Accept: application/vnd.github.raw+json' \
		"repos/{owner}/{repo}/contents/stacks/Pulumi.$$STACK.yaml?ref=$$BRANCH" >$(PLAN)/newest.yaml
	@cmp --silent $(PLAN)/newest.yaml $(OWN) || { echo $(OWN) "is another one on $$BRANCH by now: nothing was changed." \
		"Next: the latest run of deploy, which has an approval of its own" >&2; exit 1; }

.PHONY: promote
promote: update ## move live traffic as the file of STACK says: gates, the write, the bake; EXPECT as for update

# The version that COLOUR runs, if it is one: by it a rollback to what is live by then is refused, and goes nowhere else.
runs = { $(TEAL) status --stack "$$STACK" --json || true; } | $(PYTHON) -c 'import json, os, sys; text = sys.stdin.read(); \
	slot = json.loads(text)["colours"].get(os.environ["COLOUR"], {}) if text.strip() else {}; \
	print(*{each["version"] for each in slot.values()})'

# At first without Pulumi, whose preview and gates take longer than the rest of it. What that leaves alone with 2 or 5 is
# for an update, which moves traffic only to what was confirmed, and does nothing else.
.PHONY: rollback
rollback: .venv/ready ## live traffic back to COLOUR (blue or green), if it still runs a release that was confirmed
	@mkdir -p $(PLAN); case "$${COLOUR:-}" in blue|green) ;; \
	*) echo "COLOUR is '$${COLOUR:-}': nothing was changed. Next: make rollback COLOUR=blue, or green" >&2; exit 2 ;; esac
	@to="$$($(runs))"; came=5; \
	if [ -n "$$to" ]; then came=0; $(TEAL) rollback --stack "$$STACK" --yes --warm --to "$$to" || came=$$?; fi; \
	case "$$came" in \
	0) echo $(OWN)" names $$COLOUR in this checkout; the next promotion goes by what is merged. Next: the same there" ;; \
	2|5) $(call hold,"$$COLOUR"); \
		EXPECT="ROLLBACK NOTHING" CONFIG_FILE=$(HELD) $(MAKE) --no-print-directory update; \
		echo $(OWN)" says what it said: the next promotion goes by it. Next: teal:activeColour there" ;; \
	*) exit "$$came" ;; esac

.PHONY: unlock
unlock: ## take Pulumi's lock of STACK from a killed update: one of this checkout, or HOLDER's, as its refusal names it
	@pulumi stack $(ON) --show-name >/dev/null; $(call holder,held); pid="$$(cat $(UPDATING) 2>/dev/null || true)"; \
	if [ -z "$$held" ]; then echo "nobody holds a lock of $$STACK: nothing was done"; \
	elif [ "$$held" = "$${HOLDER:-}" ] || \
		{ [ "$$held" = "$$(id -un)@$$(hostname) (pid $$pid)" ] && ! ps -p "$$pid" >/dev/null; }; then \
		echo "taking the lock of $$STACK from $$held"; pulumi cancel --non-interactive --yes "$$STACK"; \
	else echo "$$held updates $$STACK, or died doing so: its lock was left alone. Next, only if that process is gone:" \
		"make unlock STACK=$$STACK HOLDER='$$held'" >&2; exit 1; fi

# Secrets go through the environment alone: a command's words can be seen by others on the machine.
settle: export URL := import json, os; print(json.loads(os.environ["PROMETHEUS_CREDENTIALS"] or "{}").get("url", ""))
.PHONY: settle
settle: .venv/ready ## go on with a flip of STACK whose update ended early: confirm it, or put traffic back
	@export PROMETHEUS_CREDENTIALS="$$(pulumi config get $(ON) teal:prometheus 2>/dev/null || true)"; \
	export PROMETHEUS_URL="$$($(PYTHON) -c "$$URL")"; exec $(TEAL) watch --stack "$$STACK"

.PHONY: verdict
verdict: .venv/ready ## where live traffic of STACK goes and what became of its flips; fails unless all is at rest
	@export COLUMNS=$${COLUMNS:-160}; echo '```'; rest=0; $(TEAL) status --stack "$$STACK" 2>&1 || rest=$$?; echo; \
	$(TEAL) history --stack "$$STACK" 2>&1 || rest=$$?; echo '```'; exit $$rest

# A release, by REPOSITORY (of the image, without a tag), VERSION and SERVICE.

.PHONY: image
image: ## build the image of VERSION from FOLDER, as REPOSITORY:VERSION, on this machine alone
	@docker build --pull --tag "$$REPOSITORY:$$VERSION" "$${FOLDER:-.}" >&2

GRYPE := anchore/grype:v0.110.0

.PHONY: scan
scan: ## fail where that image has a high or critical vulnerability that is mended elsewhere
	@docker run --rm --volume /var/run/docker.sock:/var/run/docker.sock $(GRYPE) --quiet --only-fixed --fail-on high \
		"docker:$$REPOSITORY:$$VERSION"

.PHONY: push
push: ## push that image; its name by digest, as a step's output
	@docker push --quiet "$$REPOSITORY:$$VERSION" >&2
	@image="$$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$$REPOSITORY:$$VERSION" | \
		grep --fixed-strings --max-count 1 "$$REPOSITORY@")" || { \
		echo "docker knows no digest of $$REPOSITORY:$$VERSION: nobody was told of an image. Next: make push, again" >&2; \
		exit 1; }; echo "image=$$image"

# The commit takes its time from the one before, so that it is the same one if the job is run again, and can be pushed.
.PHONY: prepare
prepare: .venv/ready ## write VERSION of SERVICE, as IMAGE, into the idle slot of STACK's file, on a branch of its own
	@$(TEAL) prepare --yes --stack "$$STACK" -- "$$VERSION" "$$SERVICE=$$IMAGE"
	@git switch --quiet --create "release/$$STACK-$$VERSION"
	@date="$$(git show --no-patch --format=%cI)"; export GIT_AUTHOR_DATE="$$date" GIT_COMMITTER_DATE="$$date"; \
	git -c user.name="$${GITHUB_ACTOR:-$$(id -un)}" -c user.email="$${GITHUB_ACTOR:-$$(id -un)}@users.noreply.github.com" \
		commit --quiet --message "$$SERVICE $$VERSION in the idle slot of $$STACK" -- $(OWN)

# It is a draft, because what GitHub's own token opens starts no workflow: its preview begins when somebody says that it
# is ready for review.
.PHONY: propose
propose: prepare ## propose that branch: a draft of a pull request to BASE
	@gh auth setup-git; git push --quiet origin HEAD
	@gh pr create --draft --base "$$BASE" --head "release/$$STACK-$$VERSION" \
		--title "$$SERVICE $$VERSION in the idle slot of $$STACK" \
		--body "$$IMAGE, built by $$RUN_URL. Its plan is told here once it is ready for review; traffic stays."

.PHONY: word
word: ## the last plan's word, as a step's output
	@word="$(call said,word)"; echo "word=$$word"

# What begins with MARK is ours, and about STACK: a pull request that changes two stacks has a comment for each.
MINE = .[] | select(.user.login == "github-actions[bot]" and (.body | startswith(env.MARK))) | .id

written = mkdir -p $(PLAN); export MARK="<!-- teal plan of $$STACK -->"; \
	unknown="No plan could be made: what merging would do is not known."; \
	{ printf '%s\n**%s**\n' "$$MARK" "$$STACK"; cat $(PLAN)/plan.md || echo "$$unknown"; \
	printf '\n%s\n' "$$COMMIT, $$RUN_URL"; } >$(PLAN)/comment.md

.PHONY: comment
comment: ## the plan as the one comment of pull request PR: made, or brought up to date
	@$(written); \
	id="$$(gh api --paginate "repos/{owner}/{repo}/issues/$$PR/comments" --jq '$(MINE)' | sed -n 1p)"; \
	to="repos/{owner}/{repo}/issues/$$PR/comments"; method=POST; \
	if [ -n "$$id" ]; then to="repos/{owner}/{repo}/issues/comments/$$id"; method=PATCH; fi; \
	gh api --silent --method "$$method" "$$to" --field body=@$(PLAN)/comment.md

# On GitLab, by its API and its variables; GITLAB_TOKEN is a project's token, which stands in no command.
gitlab = curl --silent --show-error --fail-with-body --header @<(printf 'PRIVATE-TOKEN: %s\n' "$$GITLAB_TOKEN")
mine = python3 -c 'import json, sys; me, mark = json.loads(sys.argv[1])["id"], sys.argv[2]; print(next((each["id"] for \
	each in json.load(sys.stdin) if each["author"]["id"] == me and each["body"].startswith(mark)), ""))'

.PHONY: note
note: ## the same as the one note of a merge request
	@$(written); \
	to="$$CI_API_V4_URL/projects/$$CI_PROJECT_ID/merge_requests/$$CI_MERGE_REQUEST_IID/notes"; method=POST; \
	me="$$($(gitlab) "$$CI_API_V4_URL/user")"; \
	id="$$($(gitlab) "$$to?sort=asc&order_by=created_at&per_page=100" | $(mine) "$$me" "$$MARK")"; \
	if [ -n "$$id" ]; then to="$$to/$$id"; method=PUT; fi; \
	$(gitlab) --request "$$method" --data-urlencode body@$(PLAN)/comment.md --output /dev/null "$$to"

.PHONY: propose-merge
propose-merge: prepare ## propose the release that was prepared: a merge request to DEPLOY_BRANCH
	@git -c credential.helper='!f() { printf "username=oauth2\npassword=%s\n" "$$GITLAB_TOKEN"; }; f' push --quiet \
		--push-option merge_request.create --push-option "merge_request.target=$$DEPLOY_BRANCH" \
		"$$CI_PROJECT_URL.git" HEAD
