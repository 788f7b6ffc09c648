# A thin front door over the CMake presets. `make P=release` chooses another preset than dev.
P ?= dev

.PHONY: all configure test quick long one layering fmt clean help

all: configure                    ## build (P=dev)
	cmake --build --preset $(P)
configure:
	@cmake --preset $(P) > /dev/null
test: all                         ## every test of the preset
	ctest --preset $(P)
long: all                         ## the tests that take hours
	ctest --test-dir build/$(P) -L long --output-on-failure
quick: all                        ## the tests one runs after every save
	ctest --preset $(P) -L quick
one: all                          ## make one T=unit.arena: the tests whose names match
	ctest --preset $(P) -R '$(T)' -V
layering:                         ## who may include whom, and no model names in C
	python3 tests/layering.py .
fmt:                              ## lay out the C files that git says are changed
	git diff --name-only --diff-filter=d HEAD -- '*.c' '*.h' | xargs -r clang-format -i
clean:                            ## remove the build of the preset
	rm -rf build/$(P)
help:                             ## this list
	@sed -n 's/^\([a-z]*\):.*## /make \1	/p' Makefile
