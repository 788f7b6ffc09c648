# FindLlvm19: the target snnc_llvm (headers, definitions, shared library) when SNNC_LLVM is on.
#
# Debian keeps several versions side by side and an older one may stand first in the path, so 19 is
# looked for by number, in its own prefix first. SNNC_LLVM=OFF is the way to build without it.
set(SNNC_LLVM_TEXT "not used (SNNC_LLVM=OFF): no JIT")
if(SNNC_LLVM)
	# 19.1 is all of 19: releases begin at .1, and the version file asks for the same minor number.
	set(CMAKE_MESSAGE_LOG_LEVEL WARNING)    # LLVM's own file talks about libraries that we do not use
	find_package(LLVM 19.1 QUIET CONFIG
		HINTS $ENV{LLVM_DIR} /usr/lib/llvm-19 /usr/local/lib/llvm-19 /opt/homebrew/opt/llvm@19)
	unset(CMAKE_MESSAGE_LOG_LEVEL)
	if(NOT LLVM_FOUND)
		message(FATAL_ERROR "LLVM 19 is missing: install llvm-19-dev, or say -DLLVM_DIR=<its lib/cmake/llvm>, "
			"or build without the JIT by -DSNNC_LLVM=OFF.")
	endif()
	find_library(SNNC_LLVM_LIBRARY NAMES LLVM-19 LLVM PATHS ${LLVM_LIBRARY_DIRS} NO_DEFAULT_PATH REQUIRED)
	mark_as_advanced(SNNC_LLVM_LIBRARY)
	separate_arguments(llvm_definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
	# -D_GNU_SOURCE is C++ habit: our own files say which feature macros they need.
	list(REMOVE_ITEM llvm_definitions -D_GNU_SOURCE)
	add_library(snnc_llvm INTERFACE)
	target_include_directories(snnc_llvm SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS})
	target_compile_definitions(snnc_llvm INTERFACE ${llvm_definitions})
	target_link_libraries(snnc_llvm INTERFACE ${SNNC_LLVM_LIBRARY})
	set(SNNC_LLVM_TEXT "${LLVM_PACKAGE_VERSION} (${SNNC_LLVM_LIBRARY})")
endif()
