# grammar.cmake: puts the parts of the grammar together for bison: cmake -DOUT=F -DWORDS=F -DPARTS=F,F,... -P grammar.cmake
#
# `#line` keeps the places of bison's and the C compiler's messages in the parts. Behind the first part stand the words of
# words.def: a token each, and the rule `word`, of those that are names where no line asks for them.
string(REPLACE "," ";" parts "${PARTS}")
set(text "")
set(tokens "")
set(names "")
file(STRINGS ${WORDS} lines REGEX "^W\\(")
foreach(line IN LISTS lines)
	string(REGEX MATCH "^W\\(([A-Z]+), (\"[a-z]+\"), ([^,]*)" found "${line}")
	set(token "${CMAKE_MATCH_1} ${CMAKE_MATCH_2}")
	set(text_of "${CMAKE_MATCH_2}")
	set(is "${CMAKE_MATCH_3}")                        # the next match forgets them
	string(APPEND tokens "%token <name> ${token};\n")
	if(NOT is MATCHES "RESERVED")
		list(APPEND names "${text_of}")
	endif()
endforeach()
list(JOIN names " | " names)
set(words "%type <name> word;\n${tokens}\nword:\n  ${names}\n;\n")
foreach(part IN LISTS parts)
	file(READ ${part} read)
	string(APPEND text "#line 1 \"${part}\"\n${read}${words}")
	set(words "")
endforeach()
file(WRITE ${OUT} "${text}")
