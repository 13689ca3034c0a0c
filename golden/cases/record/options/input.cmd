# A file of Micro Focus on a PC: ASCII signs, COMP-5 of three bytes, IEEE floats; blanks where a number is wanted.
figway copybook layout lot.cpy --code-page windows-1252 --layout "dialect = mf"
figway copybook decode lot.cpy lots.dat --code-page windows-1252 --layout "dialect = mf"
figway copybook decode lot.cpy lots.dat --code-page windows-1252 --layout "dialect = mf; number_spaces = null; edited = number"
figway copybook decode lot.cpy lots.dat --code-page windows-1252 --layout "dialect = mf" --layout "number-spaces = zero; edited = number" -o lots.jsonl
figway copybook encode lot.cpy lots.jsonl --code-page windows-1252 --layout "dialect = mf; number_spaces = zero; edited = number" -o again.dat
figway copybook decode lot.cpy again.dat --code-page windows-1252 --layout "dialect = mf; edited = number" --lenient
# Words that are none.
figway copybook decode lot.cpy lots.dat --layout "dialekt = mf"
figway copybook decode lot.cpy lots.dat --layout "edited = numbers"
figway copybook decode lot.cpy lots.dat --layout "code_pages = LOT-NAME=cp500"
