# Sanitizers: SNNC_SANITIZE as flags. SNNC_SANITIZE_FLAGS is one string ("-fsanitize=address,undefined"),
# for the summary and for whoever compiles C against the runtime that was built with it.
set(SNNC_SANITIZE_FLAGS "")
if(SNNC_SANITIZE)
	list(JOIN SNNC_SANITIZE "," joined)
	set(SNNC_SANITIZE_FLAGS "-fsanitize=${joined}")
	add_compile_options(${SNNC_SANITIZE_FLAGS} -fno-omit-frame-pointer)
	add_link_options(${SNNC_SANITIZE_FLAGS})
	if("undefined" IN_LIST SNNC_SANITIZE)
		add_compile_options(-fno-sanitize-recover=undefined)
	endif()
endif()
