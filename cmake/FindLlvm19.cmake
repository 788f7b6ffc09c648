# FindLlvm19: the target snnc_llvm (headers, definitions, shared library) when SNNC_LLVM is on.
#
# Debian keeps several versions side by side and an older one may stand first in the path, so 19 is
# looked for by number, in its own prefix first. SNNC_LLVM=OFF is the way to build without it.
#
# LLVM's static libraries are preferred where they are there and link: of libLLVM only what the JIT needs is in
# libsnnc-llvm then, which loads in 3 to 5 ms instead of 15 to 20.
include(CheckCSourceCompiles)
include(CheckLinkerFlag)

# Sets OUT to what links LLVM's static libraries, or to nothing.
function(snnc_find_static_llvm OUT)
	set(${OUT} "" PARENT_SCOPE)
	execute_process(COMMAND ${LLVM_TOOLS_BINARY_DIR}/llvm-config --link-static --libs native orcjit passes irreader
		RESULT_VARIABLE failed OUTPUT_VARIABLE libs ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
	find_library(SNNC_ZLIB NAMES z)
	find_library(SNNC_ZSTD NAMES zstd libzstd.so.1)
	mark_as_advanced(SNNC_ZLIB SNNC_ZSTD)
	if(failed OR NOT SNNC_ZLIB OR NOT SNNC_ZSTD)
		return()
	endif()
	separate_arguments(libs NATIVE_COMMAND "${libs}")
	# Nothing of it is for others to see, and nothing in it is to be replaced by others.
	set(all -L${LLVM_LIBRARY_DIRS} ${libs} ${SNNC_ZLIB} ${SNNC_ZSTD} -Wl,-Bstatic -lstdc++ -Wl,-Bdynamic -lpthread -lm
		-Wl,--exclude-libs,ALL -Wl,-Bsymbolic -Wl,--gc-sections -Wl,-z,now)
	check_linker_flag(C -Wl,-z,pack-relative-relocs SNNC_PACKS_RELOCS)
	if(SNNC_PACKS_RELOCS)
		list(APPEND all -Wl,-z,pack-relative-relocs)
	endif()
	set(CMAKE_REQUIRED_LIBRARIES ${all})
	set(CMAKE_REQUIRED_INCLUDES ${LLVM_INCLUDE_DIRS})
	check_c_source_compiles("#include <llvm-c/LLJIT.h>
		int main(void) { LLVMOrcLLJITRef j; return LLVMOrcCreateLLJIT(&j, 0) != 0; }" SNNC_LLVM_STATIC_LINKS)
	if(SNNC_LLVM_STATIC_LINKS)
		set(${OUT} "${all}" PARENT_SCOPE)
	endif()
endfunction()

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
	set(static_llvm "")
	if(SNNC_LLVM_STATIC AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
		snnc_find_static_llvm(static_llvm)
	endif()
	if(static_llvm)
		target_link_libraries(snnc_llvm INTERFACE ${static_llvm})
		set(SNNC_LLVM_TEXT "${LLVM_PACKAGE_VERSION} (static libraries of ${LLVM_LIBRARY_DIRS})")
	else()
		target_link_libraries(snnc_llvm INTERFACE ${SNNC_LLVM_LIBRARY})
		set(SNNC_LLVM_TEXT "${LLVM_PACKAGE_VERSION} (${SNNC_LLVM_LIBRARY})")
	endif()
endif()
