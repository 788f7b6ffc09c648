"""A lexer of .snn programs for Pygments.

editors/ is made by tests/editors/make.py from the tables of the compiler.
Use: pygmentize -x -l snn_lexer.py:SnnLexer net.snn
"""
from pygments.lexer import RegexLexer, bygroups, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Whitespace


class SnnLexer(RegexLexer):
    name = "snn"
    aliases = ["snn"]
    filenames = ["*.snn"]
    tokens = {
        "root": [
            (r"\s+", Whitespace),
            (r"#.*", Comment.Single),
            (r'"(?:[^"\\\n]|\\.)*"', String),
            (r"([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)([ \t]*)(kHz/mV|kHz/ms|Hz/mV|Hz/ms|Hz/pA|mV/ms|mV/nA|mV/pA|mm/ms|nA/mV|nA/ms|nS/ms|pA/mV|pA/ms|um/ms|GOhm|Gohm|Hz/s|MOhm|Mohm|kOhm|kohm|mV/s|mm/s|nA/s|nS/s|pA/s|um/s|MHz|V/s|kHz|m/s|min|ohm|GΩ|Hz|MΩ|cm|fA|fC|fF|kΩ|mA|mF|mS|mV|mm|ms|nA|nC|nF|nS|nV|nm|ns|pA|pC|pF|pS|uA|uF|uS|uV|um|us|µA|µF|µS|µV|µm|µs|A|F|S|V|h|m|s)(?![A-Za-z0-9_])", bygroups(Number, Whitespace, Keyword.Type)),
            (r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", Number),
            (words(('param', 'tunable', 'const', 'data', 'layer', 'signal', 'connect', 'experiment', 'record', 'plot', 'draws', 'function', 'table', 'import', 'neuron', 'feature', 'rule', 'test'), prefix=r'(?<!\.)\b', suffix=r"\b(?!')"), Keyword.Declaration),
            (words(('and', 'or', 'not', 'if', 'else', 'for', 'in', 'let', 'as', 'by', 'to', 'from'), prefix=r'(?<!\.)\b', suffix=r"\b(?!')"), Keyword.Reserved),
            (words(('true', 'false', 'inf'), prefix=r'(?<!\.)\b', suffix=r"\b(?!')"), Keyword.Constant),
            (words(('exp', 'log', 'sqrt', 'abs', 'floor', 'ceil', 'min', 'max', 'sum', 'mean', 'argmax', 'argmin', 'count', 'after', 'quantile', 'tanh', 'random', 'bernoulli', 'poisson', 'uniform', 'normal', 'exprel', 'expm1', 'log1p', 'sin', 'cos', 'pow', 'sigmoid', 'sign', 'clip', 'file', 'events'), prefix=r'(?<!\.)\b', suffix=r"\b(?!')"), Name.Builtin),
            (words(('dt', 'seed', 'batch', 'state', 'trace', 'step', 'learns', 'needs', 'each', 'on', 'tau', 'input', 'range', 'norm', 'decay', 'stored', 'learn', 'keep', 'spike', 'run', 'reset', 'freeze', 'thaw', 'vote', 'report', 'save', 'load', 'present', 'set', 'add', 'of', 'pre', 'post', 'per', 'signed', 'absolute', 'reduce', 'over', 'average', 'shared', 'kept', 'one', 'at', 'every', 'samples', 'steps', 'during', 'bool', 'time', 'method', 'receive', 'when', 'refractory', 'hold', 'pulse', 'shuffled', 'clamp', 'silence', 'inject', 'zero', 'where', 'into', 'expect', 'near', 'within', 'rate', 'with', 'repeat', 'times', 'sweep', 'golden'), prefix=r'(?<!\.)\b', suffix=r"\b(?!')"), Keyword),
            (r"[A-Z][A-Za-z0-9_]*'?", Name.Class),
            (r"[A-Za-z_][A-Za-z0-9_]*'?", Name),
            (r"->|\.\.<?|[-+*/=<>!]=?|%", Operator),
            (r"[{}()\[\],:;.]", Punctuation),
        ],
    }
