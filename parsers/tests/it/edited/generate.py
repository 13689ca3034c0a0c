"""Edited pictures and what GnuCOBOL's MOVE makes of numbers: `python3 generate.py | LC_ALL=C sort -u > moves.tsv`.

Each line: picture, number moved, characters, and `comma` under DECIMAL-POINT IS COMMA. Made with cobc (GnuCOBOL) 3.1.2.
Not here, because the Language Reference ("Zero suppression and replacement editing", "Fixed insertion editing") says
otherwise than GnuCOBOL does, are `/` and `0` among suppressed zeros and a fixed sign before the currency sign:
edited.rs has what the manual wants. Neither are pictures that are not edited: DISPLAY shows their point.
"""
import subprocess, sys, tempfile, os, re

PICTURES = """9(5) ZZZZ9 ZZZZZ Z,ZZ9.99 ZZZ,ZZ9.99 ZZZ,ZZZ.99 ZZZ,ZZZ.ZZ ZZ9.9 Z(3).ZZ
***9 ***,**9.99 ***,***.** **9 *(5).** **,**9
+9(3) 9(3)+ -9(3) 9(3)- +ZZ9 ZZ9- ZZ9.99+ ZZ9.99CR ZZ9.99DB 9(3)CR 9(5)DB -ZZ9.99 +ZZZ.ZZ -ZZZ.ZZ
+++9 ---9 ++++ ---- +++,++9.99 ---,---.99 ---,---.-- +++,+++.++ --9.9 -(4)9
$9(3) $ZZ9.99 $$$9 $$$$ $$,$$9.99 $$$,$$$.99 $$$,$$$.$$ $**9.99 $ZZZ.ZZ $$9- $$$,$$9.99CR $ZZ9.99-
99/99/9999 9B9B9 9(2)0 0(2)9(3) ZZB99 99B99B99 9,999 Z,ZZZ,ZZ9 *B**9 $BZZ9 $,$$9 +B++9 BZ9 /ZZ9 ZZ0
99V99 ZZV99 ZZ9V9 9(3).9(3) ZZ.ZZ ZZ9PP""".split()
COMMA = "ZZ9,99 Z.ZZ9,99 ***.**9,99 $$$.$$9,99- +++.++9,99 --.---,-- ZZZ,ZZ 9.999,9".split()
VALUES = "0 1 -1 5 -5 12 -12 123 -123 1234 -1234 12345 -12345 123456 0.5 -0.5 0.05 -0.05 1.5 12.34 -12.34 123.45 -123.45 1234.56 -1234.56 99999.99 -99999.99 0.001 0.00123 1200 -100 1000 100000 1000000 20100".split()
ZERO = "9(3) 9(3).99 +9(3) $$9.99 ZZ9".split()

def capacity(pic, point):
    """Digits right and left of the point that the picture shows."""
    flat = re.sub(r"(.)\((\d+)\)", lambda m: m.group(1) * int(m.group(2)), pic)
    floats = next((c for c in "$+-" if flat.count(c) > 1), None)
    left = right = p_left = p_right = 0
    seen_point, seen_float, seen_digit = False, False, False
    for c in flat:
        digit = c in "9Z*"
        if c == floats:
            digit, seen_float = seen_float, True
        if c == point or c == "V":
            seen_point = True
        if c == "P":
            if seen_digit: p_right += 1
            else: p_left += 1
        if digit:
            seen_digit = True
            if seen_point: right += 1
            else: left += 1
    if p_left:
        return -p_left, p_left + left   # digits start after p_left places
    return left + p_right, (right if not p_right else -p_right)

def fits(value, pic, point):
    left, right = capacity(pic, point)
    whole, _, fraction = value.lstrip("-").partition(".")
    whole = whole.lstrip("0"); fraction = fraction.rstrip("0")
    signed = any(c in pic for c in "+-") or "CR" in pic or "DB" in pic
    if value.startswith("-") and not signed: return False
    if right < 0:
        return len(whole) <= left and not fraction and (not whole or whole.endswith("0" * -right))
    if left < 0:
        return not whole and len(fraction) <= right and fraction.startswith("0" * -left) or (not whole and not fraction)
    return len(whole) <= left and len(fraction) <= right

def run(pics, comma, bwz):
    point = "," if comma else "."
    out = ["       IDENTIFICATION DIVISION.", "       PROGRAM-ID. E."]
    if comma:
        out += ["       ENVIRONMENT DIVISION.", "       CONFIGURATION SECTION.", "       SPECIAL-NAMES. DECIMAL-POINT IS COMMA."]
    out += ["       DATA DIVISION.", "       WORKING-STORAGE SECTION.", "       01 V PIC S9(9)V9(9)."]
    body, cases = [], []
    for i, pic in enumerate(pics):
        out.append(f"       01 F{i} PIC {pic}{' BLANK WHEN ZERO' if bwz else ''}.")
        for value in VALUES:
            if fits(value, pic, point):
                body += [f"           MOVE {value.replace('.', point)} TO V.", f"           MOVE V TO F{i}.",
                         f"           DISPLAY '<' F{i} '>'."]
                cases.append((pic, value))
    out += ["       PROCEDURE DIVISION.", "       MAIN."] + body + ["           STOP RUN."]
    with tempfile.TemporaryDirectory() as d:
        src = os.path.join(d, "e.cob")
        open(src, "w").write("\n".join(out) + "\n")
        done = subprocess.run(["cobc", "-x", "-std=ibm", "-o", os.path.join(d, "e"), src], capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        lines = subprocess.run([os.path.join(d, "e")], capture_output=True, text=True).stdout.split("\n")
    for (pic, value), line in zip(cases, lines):
        flags = "comma" if comma else "blank" if bwz else ""
        print(f"{pic}\t{value}\t{line[1:-1]}\t{flags}")

run(PICTURES, False, False)
run(COMMA, True, False)
run(ZERO, False, True)
