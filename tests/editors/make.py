#!/usr/bin/env python3
"""make.py: colours for editors, from the tables of the compiler.

    tests/editors/make.py [--update] [--snnc PATH]

Words come from compiler/parse/words.def, units from compiler/ast/unit.c, functions from compiler/sema/function.c. --update writes
editors/; without it the files there must be what would be written. The lexer of Pygments, where that is installed, must know every
character of every program of lib/ and examples/ and give back the text; Vim, where it is, must load its file without complaint.
"""
import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "editors"
LINE = ('editors/ is made by tests/editors/make.py from the tables of the compiler.')


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def tables():
    words = re.findall(r'(?m)^W\(\w+, "(\w+)", ([A-Z| 0]+),', read("compiler/parse/words.def"))
    units = re.findall(r'\{"([^"]+)", [0-9.e-]+, ', read("compiler/ast/unit.c"))
    functions = re.findall(r'(?m)^\t\{"(\w+)", \d,', read("compiler/sema/function.c"))
    kinds = {"constant": ["true", "false", "inf"]}
    kinds["declaration"] = [w for w, f in words if "DECL" in f or w == "signal"]
    kinds["control"] = [w for w, f in words if "RESERVED" in f and w not in kinds["constant"]]
    taken = {*kinds["constant"], *kinds["declaration"], *kinds["control"], *functions}
    kinds["line"] = [w for w, _ in words if w not in taken]
    kinds["function"] = [f for f in functions if f not in kinds["declaration"]]
    return kinds, sorted(units, key=lambda u: (-len(u), u))


def alternatives(words):
    return "|".join(re.escape(w).replace("/", r"\/") for w in words)


NUMBER = r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"


def textmate(kinds, units):
    names = {"control": "keyword.control.snn", "declaration": "storage.type.snn", "line": "keyword.other.snn",
             "constant": "constant.language.snn", "function": "support.function.snn"}
    patterns = [
        {"name": "comment.line.number-sign.snn", "match": "#.*$"},
        {"name": "string.quoted.double.snn", "begin": '"', "end": '"|$',
         "patterns": [{"name": "constant.character.escape.snn", "match": r"\\."}]},
        {"match": rf"\b({NUMBER})(?:[ \t]*({alternatives(units)})(?![A-Za-z0-9_]))?",
         "captures": {"1": {"name": "constant.numeric.snn"}, "2": {"name": "support.constant.unit.snn"}}},
        *({"name": names[kind], "match": rf"(?<!\.)\b(?:{'|'.join(kinds[kind])})\b(?!')"} for kind in
          ("declaration", "control", "constant", "function", "line")),
        {"name": "entity.name.type.snn", "match": r"\b[A-Z][A-Za-z0-9_]*\b"},
        {"name": "variable.other.snn", "match": r"\b[A-Za-z_][A-Za-z0-9_]*'?"},
        {"name": "keyword.operator.snn", "match": r"->|\.\.<?|[-+*/=<>!]=?|%"},
    ]
    return json.dumps({"information_for_contributors": [LINE], "name": "snn", "scopeName": "source.snn", "fileTypes": ["snn"],
                       "patterns": patterns}, indent=2, ensure_ascii=False) + "\n"


def vscode():
    package = {"name": "snn", "displayName": "snn", "description": "Colours for spiking neural networks in .snn files", "version": "0.1.0",
               "license": "Apache-2.0 WITH LLVM-exception", "engines": {"vscode": "^1.60.0"},
               "contributes": {"languages": [{"id": "snn", "extensions": [".snn"], "configuration": "./language-configuration.json"}],
                               "grammars": [{"language": "snn", "scopeName": "source.snn", "path": "./snn.tmLanguage.json"}]}}
    return json.dumps(package, indent=2) + "\n"


def configuration():
    pairs = [["{", "}"], ["[", "]"], ["(", ")"]]
    return json.dumps({"comments": {"lineComment": "#"}, "brackets": pairs, "autoClosingPairs": [*pairs, ['"', '"']]}, indent=2) + "\n"


def vim(kinds, units):
    groups = {"control": "Conditional", "declaration": "Structure", "line": "Keyword", "constant": "Constant", "function": "Function"}
    lines = [f'" {LINE}', 'if exists("b:current_syntax")', "  finish", "endif"]
    lines += [f"syntax keyword snn{kind.title()} {' '.join(kinds[kind])}" for kind in groups]
    unit = r"\|".join(u.replace("/", r"\/") for u in units)
    lines += [
        r"syntax match snnNumber /\<[0-9]\+\(\.[0-9]\+\)\?\([eE][+-]\?[0-9]\+\)\?/ nextgroup=snnUnit skipwhite",
        rf"syntax match snnUnit /\({unit}\)\([A-Za-z0-9_]\)\@!/ contained",
        r"syntax match snnModel /\<[A-Z][A-Za-z0-9_]*\>/",
        r'syntax match snnEscape /\\./ contained',
        r'syntax region snnString start=/"/ skip=/\\"/ end=/"/ oneline contains=snnEscape',
        r"syntax match snnComment /#.*$/ contains=@Spell"]
    lines += [f"highlight default link snn{kind.title()} {group}" for kind, group in groups.items()]
    lines += [f"highlight default link snn{a} {b}" for a, b in (("Number", "Number"), ("Unit", "Type"), ("Model", "Type"), ("Escape", "SpecialChar"),
                                                                 ("String", "String"), ("Comment", "Comment"))]
    return "\n".join([*lines, 'let b:current_syntax = "snn"']) + "\n"


def pygments(kinds, units):
    def words(kind, token):
        return f"            (words({tuple(kinds[kind])!r}, prefix=r'(?<!\\.)\\b', suffix=r\"\\b(?!')\"), {token}),"
    return "\n".join([
        f'"""A lexer of .snn programs for Pygments.\n\n{LINE}\nUse: pygmentize -x -l snn_lexer.py:SnnLexer net.snn\n"""',
        "from pygments.lexer import RegexLexer, bygroups, words",
        "from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Whitespace",
        "", "",
        "class SnnLexer(RegexLexer):",
        '    name = "snn"', '    aliases = ["snn"]', '    filenames = ["*.snn"]',
        "    tokens = {", '        "root": [',
        '            (r"\\s+", Whitespace),', '            (r"#.*", Comment.Single),',
        "            (r'\"(?:[^\"\\\\\\n]|\\\\.)*\"', String),",
        f'            (r"({NUMBER})([ \\t]*)({"|".join(map(re.escape, units))})(?![A-Za-z0-9_])", bygroups(Number, Whitespace, Keyword.Type)),',
        f'            (r"{NUMBER}", Number),',
        words("declaration", "Keyword.Declaration"), words("control", "Keyword.Reserved"), words("constant", "Keyword.Constant"),
        words("function", "Name.Builtin"), words("line", "Keyword"),
        '            (r"[A-Z][A-Za-z0-9_]*\'?", Name.Class),', '            (r"[A-Za-z_][A-Za-z0-9_]*\'?", Name),',
        '            (r"->|\\.\\.<?|[-+*/=<>!]=?|%", Operator),', '            (r"[{}()\\[\\],:;.]", Punctuation),',
        "        ],", "    }", ""])


def files():
    kinds, units = tables()
    return {"vscode/snn.tmLanguage.json": textmate(kinds, units), "vscode/package.json": vscode(),
            "vscode/language-configuration.json": configuration(), "vim/syntax/snn.vim": vim(kinds, units),
            "vim/ftdetect/snn.vim": "autocmd BufNewFile,BufRead *.snn setfiletype snn\n", "snn_lexer.py": pygments(kinds, units)}


def check_lexer():
    try:
        from pygments.token import Error
    except ImportError:
        return ["skipped: Pygments is not installed"], []
    scope = {}
    exec(compile((OUT / "snn_lexer.py").read_text(encoding="utf-8"), "snn_lexer.py", "exec"), scope)
    lexer, wrong = scope["SnnLexer"](stripnl=False, ensurenl=False), []
    for path in [*ROOT.glob("lib/*/*.snn"), *ROOT.glob("examples/*.snn")]:
        text = path.read_text(encoding="utf-8")
        tokens = list(lexer.get_tokens(text))
        unknown = [value for kind, value in tokens if kind is Error]
        if unknown or "".join(value for _, value in tokens) != text:
            wrong.append(f"{path.name}: Pygments does not know {unknown[:3]}")
    return [], wrong


def check_vim():
    if not shutil.which("vim"):
        return ["skipped: Vim is not installed"], []
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said"
        subprocess.run(["vim", "-u", "NONE", "-N", "-es", "--not-a-term", f"+set rtp^={OUT / 'vim'} nomore", "+syntax on", f"+edit {ROOT}/examples/mnist.snn",
                        "+setfiletype snn", f"+redir! > {said}", "+syntax list snnUnit", "+redir END", "+qa!"], stdin=subprocess.DEVNULL, timeout=60,
                       capture_output=True)
        text = said.read_text(errors="replace") if said.exists() else ""
    return [], [] if "snnUnit" in text and "mV" in text else [f"Vim does not take its file: {text[:200]}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    wrong, notes = [], []
    for name, text in files().items():
        path = OUT / name
        if options.update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            wrong.append(f"editors/{name} is not what the tables say: tests/editors/make.py --update")
    for check in (check_lexer, check_vim):
        said, bad = check()
        notes += said
        wrong += bad
    print(*notes, *wrong, sep="\n")
    print(f"{len(files())} files, {len(wrong)} complaints")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
