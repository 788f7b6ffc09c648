# EmbedText: text files become one C file, so that the tool carries its library with it.
#
#   snnc_embed_text(OUT file.c SYMBOL name ROOT dir FILES a b ...)
#
# declares the rule that writes file.c, which defines `const EmbeddedText name[]` (source/embedded.h)
# ended by {0,0,0}; names are relative to ROOT. The same file, run by `cmake -P`, does the writing.
# Texts pass through as hex and never as CMake strings: lists would mangle ; [ ] and \.
if(NOT CMAKE_SCRIPT_MODE_FILE)
	set(SNNC_EMBED_TEXT_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
	function(snnc_embed_text)
		cmake_parse_arguments(PARSE_ARGV 0 E "" "OUT;SYMBOL;ROOT" "FILES")
		# The list is a file of its own, so that a text that went away also causes a new C file.
		list(JOIN E_FILES "\n" names)
		file(CONFIGURE OUTPUT ${E_OUT}.list CONTENT "${names}\n" @ONLY)
		add_custom_command(OUTPUT ${E_OUT}
			COMMAND ${CMAKE_COMMAND} -DOUT=${E_OUT} -DSYMBOL=${E_SYMBOL} -DROOT=${E_ROOT}
				-DLIST=${E_OUT}.list -P ${SNNC_EMBED_TEXT_SCRIPT}
			DEPENDS ${E_FILES} ${E_OUT}.list ${SNNC_EMBED_TEXT_SCRIPT}
			COMMENT "Embedding the texts of ${E_ROOT}"
			VERBATIM)
	endfunction()
	return()
endif()

file(STRINGS ${LIST} files)
set(arrays "")
set(rows "")
set(i 0)
foreach(file IN LISTS files)
	file(RELATIVE_PATH name ${ROOT} ${file})
	file(READ ${file} hex HEX)
	string(LENGTH "${hex}" digits)
	math(EXPR size "${digits} / 2")
	string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
	string(REPLACE "0x0a," "0x0a,\n\t" bytes "${bytes}")
	string(APPEND arrays "/* ${name} */\nstatic const unsigned char text_${i}[] = {\n\t${bytes}0x00};\n\n")
	string(APPEND rows "\t{\"${name}\", (const char *)text_${i}, ${size}},\n")
	math(EXPR i "${i} + 1")
endforeach()
file(WRITE ${OUT}
	"/* Written by cmake/EmbedText.cmake. */\n#include \"source/embedded.h\"\n\n"
	"${arrays}const EmbeddedText ${SYMBOL}[] = {\n${rows}\t{0, 0, 0},\n};\n")
