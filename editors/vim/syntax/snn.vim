" editors/ is made by tests/editors/make.py from the tables of the compiler.
if exists("b:current_syntax")
  finish
endif
syntax keyword snnControl and or not if else for in let as by to from
syntax keyword snnDeclaration param tunable const data layer signal connect experiment record plot draws function table import neuron feature rule test
syntax keyword snnLine dt seed batch state trace step learns needs each on tau input range norm decay stored learn keep spike run reset freeze thaw vote report save load present set add of pre post per signed absolute reduce over average shared kept one at every samples steps during bool time method receive when refractory hold pulse shuffled clamp silence inject zero where into expect near within rate with repeat times sweep golden
syntax keyword snnConstant true false inf
syntax keyword snnFunction exp log sqrt abs floor ceil min max sum mean argmax argmin count after quantile tanh random bernoulli poisson uniform normal exprel expm1 log1p sin cos pow sigmoid sign clip file events
syntax match snnNumber /\<[0-9]\+\(\.[0-9]\+\)\?\([eE][+-]\?[0-9]\+\)\?/ nextgroup=snnUnit skipwhite
syntax match snnUnit /\(kHz\/mV\|kHz\/ms\|Hz\/mV\|Hz\/ms\|Hz\/pA\|mV\/ms\|mV\/nA\|mV\/pA\|mm\/ms\|nA\/mV\|nA\/ms\|nS\/ms\|pA\/mV\|pA\/ms\|um\/ms\|GOhm\|Gohm\|Hz\/s\|MOhm\|Mohm\|kOhm\|kohm\|mV\/s\|mm\/s\|nA\/s\|nS\/s\|pA\/s\|um\/s\|MHz\|V\/s\|kHz\|m\/s\|min\|ohm\|GΩ\|Hz\|MΩ\|cm\|fA\|fC\|fF\|kΩ\|mA\|mF\|mS\|mV\|mm\|ms\|nA\|nC\|nF\|nS\|nV\|nm\|ns\|pA\|pC\|pF\|pS\|uA\|uF\|uS\|uV\|um\|us\|µA\|µF\|µS\|µV\|µm\|µs\|A\|F\|S\|V\|h\|m\|s\)\([A-Za-z0-9_]\)\@!/ contained
syntax match snnModel /\<[A-Z][A-Za-z0-9_]*\>/
syntax match snnEscape /\\./ contained
syntax region snnString start=/"/ skip=/\\"/ end=/"/ oneline contains=snnEscape
syntax match snnComment /#.*$/ contains=@Spell
highlight default link snnControl Conditional
highlight default link snnDeclaration Structure
highlight default link snnLine Keyword
highlight default link snnConstant Constant
highlight default link snnFunction Function
highlight default link snnNumber Number
highlight default link snnUnit Type
highlight default link snnModel Type
highlight default link snnEscape SpecialChar
highlight default link snnString String
highlight default link snnComment Comment
let b:current_syntax = "snn"
