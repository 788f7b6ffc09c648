# Warnings: what every C file of ours is compiled with. Generated scanners and parsers ask for less by
# set_source_files_properties(... TARGET_DIRECTORY snnc_core).
add_compile_options(
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
	-Wimplicit-fallthrough -Wvla)
set(SNNC_WARNINGS_TEXT "shown")
if(SNNC_WERROR)
	add_compile_options(-Werror)
	set(SNNC_WARNINGS_TEXT "are errors")
endif()
