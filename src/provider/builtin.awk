# src/provider/builtin.awk - providers.json as a C text, so that the program works
# without the file: awk -f builtin.awk providers.json. POSIX awk.
function quoted(text,    i, c, out) {
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		out = out (c == "\t" ? "\\t" : c ~ /[\\"?]/ ? "\\" c : c)   # ??- would be a trigraph
	}
	return out
}
BEGIN {
	print "/* Made by src/provider/builtin.awk from src/provider/providers.json; do not edit. */"
	print "#include \"config.h\"\n\n#include \"provider/builtin.h\"\n"
	print "const char provider_builtin[] ="
}
{ print "\t\"" quoted($0) "\\n\"" }
END { print "\t;" }
