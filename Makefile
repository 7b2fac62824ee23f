.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench wheel clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\): *## */\1 /p' $(MAKEFILE_LIST) | \
	  while read -r name line; do printf '  make %-6s %s\n' "$$name" "$$line"; done

setup:  ## set up Odoo, PostgreSQL, Chromium and Python below .state/ (done by the others when needed)
	@scripts/setup

demo:  ## show a clinic that reminds a patient on WhatsApp; ONCE=1 ends after the story
	@ONCE=$(ONCE) scripts/demo

test:  ## run all tests; ONLY=plain|processes|odoo, ARGS="pytest's arguments"
	@scripts/test $(if $(ONLY),--only $(ONLY)) $(ARGS)

lint:  ## check style and imports; FIX=1 mends what can be mended
	@scripts/lint $(if $(FIX),--fix)

bench:  ## measure, into build/bench.json; ONLY=name,name; AGAINST=commit: in turn with that one
	@benchmarks/run $(if $(ONLY),--only $(ONLY)) $(if $(AGAINST),--against $(AGAINST))

wheel:  ## build the addon's wheel, into dist/
	@scripts/setup
	@.state/venv/bin/python -m pip wheel --quiet --no-build-isolation --no-deps -w dist ./whatsapp_clinic && ls dist

clean:  ## stop what runs from .state/ and remove it
	@scripts/clean
