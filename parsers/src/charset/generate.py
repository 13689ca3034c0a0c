#!/usr/bin/env python3
"""Writes the tables of this directory out of ICU's converters (libicuuc, found by ctypes).

    python3 parsers/src/charset/generate.py            # writes single.rs, double_tables.rs, double.bin
    python3 parsers/src/charset/generate.py --check    # only says whether they are what ICU gives
    python3 parsers/src/charset/generate.py --ucm DIR  # takes the pages of ARCHIVE from .ucm files; else they stay as they are

Every byte is compared with glibc (`iconv`, by ctypes too) and the JDK (`java`) where these know the page: a byte keeps ICU's
character unless both others agree on another one, and each difference is printed and written into the file.
"""

import ctypes
import ctypes.util
import hashlib
import os
import re
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))

# variant, CCSID, ICU's converter, iconv's name, JDK's name
SINGLE = [
    ("Cp037", 37, "ibm-37_P100-1995", "IBM037", "IBM037"),
    ("Cp273", 273, "ibm-273_P100-1995", "IBM273", "IBM273"),
    ("Cp274", 274, None, "IBM274", None),
    ("Cp275", 275, None, "IBM275", None),
    ("Cp277", 277, "ibm-277_P100-1995", "IBM277", "IBM277"),
    ("Cp278", 278, "ibm-278_P100-1995", "IBM278", "IBM278"),
    ("Cp280", 280, "ibm-280_P100-1995", "IBM280", "IBM280"),
    ("Cp284", 284, "ibm-284_P100-1995", "IBM284", "IBM284"),
    ("Cp285", 285, "ibm-285_P100-1995", "IBM285", "IBM285"),
    ("Cp290", 290, "ibm-290_P100-1995", "IBM290", "IBM290"),
    ("Cp297", 297, "ibm-297_P100-1995", "IBM297", "IBM297"),
    ("Cp420", 420, "ibm-420_X120-1999", "IBM420", "IBM420"),
    ("Cp424", 424, "ibm-424_P100-1995", "IBM424", "IBM424"),
    ("Cp500", 500, "ibm-500_P100-1995", "IBM500", "IBM500"),
    ("Cp838", 838, "ibm-838_P100-1995", None, "IBM-Thai"),
    ("Cp870", 870, "ibm-870_P100-1995", "IBM870", "IBM870"),
    ("Cp871", 871, "ibm-871_P100-1995", "IBM871", "IBM871"),
    ("Cp875", 875, "ibm-875_P100-1995", "IBM875", "x-IBM875"),
    ("Cp880", 880, None, "IBM880", None),
    ("Cp905", 905, None, "IBM905", None),
    ("Cp918", 918, "ibm-918_P100-1995", "IBM918", "IBM918"),
    ("Cp1025", 1025, "ibm-1025_P100-1995", "IBM1025", "x-IBM1025"),
    ("Cp1026", 1026, "ibm-1026_P100-1995", "IBM1026", "IBM1026"),
    ("Cp1047", 1047, "ibm-1047_P100-1995", "IBM1047", "IBM1047"),
    ("Cp1097", 1097, "ibm-1097_P100-1995", "IBM1097", "x-IBM1097"),
    ("Cp1112", 1112, "ibm-1112_P100-1995", "IBM1112", "x-IBM1112"),
    ("Cp1122", 1122, "ibm-1122_P100-1999", "IBM1122", "x-IBM1122"),
    ("Cp1123", 1123, "ibm-1123_P100-1995", "IBM1123", "x-IBM1123"),
    ("Cp1130", 1130, "ibm-1130_P100-1997", "IBM1130", None),
    ("Cp1132", 1132, "ibm-1132_P100-1998", "IBM1132", None),
    ("Cp1137", 1137, "ibm-1137_P100-1999", "IBM1137", None),
    ("Cp1140", 1140, "ibm-1140_P100-1997", "IBM1140", "IBM01140"),
    ("Cp1141", 1141, "ibm-1141_P100-1997", "IBM1141", "IBM01141"),
    ("Cp1142", 1142, "ibm-1142_P100-1997", "IBM1142", "IBM01142"),
    ("Cp1143", 1143, "ibm-1143_P100-1997", "IBM1143", "IBM01143"),
    ("Cp1144", 1144, "ibm-1144_P100-1997", "IBM1144", "IBM01144"),
    ("Cp1145", 1145, "ibm-1145_P100-1997", "IBM1145", "IBM01145"),
    ("Cp1146", 1146, "ibm-1146_P100-1997", "IBM1146", "IBM01146"),
    ("Cp1147", 1147, "ibm-1147_P100-1997", "IBM1147", "IBM01147"),
    ("Cp1148", 1148, "ibm-1148_P100-1997", "IBM1148", "IBM01148"),
    ("Cp1149", 1149, "ibm-1149_P100-1997", "IBM1149", "IBM01149"),
    ("Cp1153", 1153, "ibm-1153_P100-1999", "IBM1153", None),
    ("Cp1154", 1154, "ibm-1154_P100-1999", "IBM1154", None),
    ("Cp1155", 1155, "ibm-1155_P100-1999", "IBM1155", None),
    ("Cp1156", 1156, "ibm-1156_P100-1999", "IBM1156", None),
    ("Cp1157", 1157, "ibm-1157_P100-1999", "IBM1157", None),
    ("Cp1158", 1158, "ibm-1158_P100-1999", "IBM1158", None),
    ("Cp1160", 1160, "ibm-1160_P100-1999", "IBM1160", None),
    ("Cp1164", 1164, "ibm-1164_P100-1999", "IBM1164", None),
    ("Cp437", 437, "ibm-437_P100-1995", "IBM437", "IBM437"),
    ("Cp850", 850, "ibm-850_P100-1995", "IBM850", "IBM850"),
    ("Cp852", 852, "ibm-852_P100-1995", "IBM852", "IBM852"),
    ("Cp858", 858, "ibm-858_P100-1997", "IBM858", "IBM00858"),
]
# variant, CCSID, ICU's converter, iconv's name, JDK's name, the variant of its double-byte part alone
MIXED = [
    ("Cp930", 930, "ibm-930_P120-1999", "IBM930", "x-IBM930", "Cp300"),
    ("Cp933", 933, "ibm-933_P110-1995", "IBM933", "x-IBM933", "Cp834"),
    ("Cp935", 935, "ibm-935_P110-1999", "IBM935", "x-IBM935", "Cp837"),
    ("Cp937", 937, "ibm-937_P110-1999", "IBM937", "x-IBM937", "Cp835"),
    ("Cp939", 939, "ibm-939_P120-1999", "IBM939", "x-IBM939", "Cp300"),
    ("Cp1364", 1364, "ibm-1364_P110-2007", "IBM1364", "x-IBM1364", "Cp4930"),
    ("Cp1371", 1371, "ibm-1371_P100-1999", "IBM1371", None, "Cp9027"),
    ("Cp1388", 1388, "ibm-1388_P103-2001", "IBM1388", None, "Cp4933"),
    ("Cp1390", 1390, "ibm-1390_P110-2003", "IBM1390", None, "Cp16684"),
    ("Cp1399", 1399, "ibm-1399_P110-2003", "IBM1399", None, "Cp16684"),
]
# A page that none of the three has: another with some bytes changed. 924 is 1047 with ISO 8859-15's characters in
# place of 8859-1's and three places swapped (ICU's archive of .ucm files has it, ibm-924_P100-1998).
DERIVED = [
    ("Cp924", 924, "Cp1047", {0x4A: "Ý", 0x6A: "Š", 0x9D: "ž", 0x9F: "€", 0xB0: "¢", 0xB7: "Œ", 0xB8: "œ", 0xB9: "Ÿ",
                              0xBA: "¬", 0xBB: "š", 0xBE: "Ž"}),
]
# Pages that ICU's library does not have: IBM's own tables in ICU's archive (github.com/unicode-org/icu-data at 14b13ee,
# charset/data/ucm), with the SHA-256 of the file. glibc has two of them in part and two with slips.
ARCHIVE = {
    "Cp274": ("ibm-274_P100-2000", "12ac8ec29271e123aa4a02337d3f3c07ea2d1e5c25e4ef49f2ca78cdc8ecc52c"),
    "Cp275": ("ibm-275_P100-1995", "c8c746c8cae29bb2691b1ae254efc328cfc81c7ac10ab9292eca6b72d58b68aa"),
    "Cp880": ("ibm-880_P100-1995", "f419e6d93026d5625014862c5f97e868a73c39c831c95f9fbbfc6c8bbb779782"),
    "Cp905": ("ibm-905_P100-1995", "03452159cba0a2d59a4b4da7bcc7c63cc59a7c521850c76d7e7a6e6eb115252a"),
}
PAIRS = [bytes([high, low]) for high in range(0x41, 0xFF) for low in range(0x41, 0xFF)]
NONE = "\ufffd"
SO, SI = b"\x0e", b"\x0f"


class Icu:
    def __init__(self):
        path = ctypes.util.find_library("icuuc")
        self.lib = ctypes.CDLL(path)
        self.major = re.search(r"\.so\.(\d+)", path).group(1)
        version = (ctypes.c_uint8 * 4)()
        self.call("u_getVersion")(version)
        self.version = f"{version[0]}.{version[1]}"

    def call(self, name):
        return getattr(self.lib, f"{name}_{self.major}")

    def open(self, name):
        error = ctypes.c_int(0)
        function = self.call("ucnv_open")
        function.restype = ctypes.c_void_p
        converter = function(name.encode(), ctypes.byref(error))
        if error.value > 0:
            return None
        for direction, kind in (("setToUCallBack", "TO_U"), ("setFromUCallBack", "FROM_U")):
            stop = self.call(f"UCNV_{kind}_CALLBACK_STOP")
            self.call(f"ucnv_{direction}")(
                ctypes.c_void_p(converter), stop, None, None, None, ctypes.byref(error))
        self.call("ucnv_setFallback")(ctypes.c_void_p(converter), ctypes.c_int8(0))
        return ctypes.c_void_p(converter)

    def decode(self, converter, data):
        """The text of some bytes, or None."""
        out = (ctypes.c_uint16 * 16)()
        error = ctypes.c_int(0)
        self.call("ucnv_reset")(converter)
        length = self.call("ucnv_toUChars")(
            converter, out, 16, data, len(data), ctypes.byref(error))
        if error.value > 0 or length <= 0:
            return None
        return struct.pack(f"<{length}H", *out[:length]).decode("utf-16-le")

    def encode(self, converter, text):
        """The bytes of a text by round-trip mappings only, or None."""
        units = text.encode("utf-16-le")
        source = (ctypes.c_uint16 * (len(units) // 2 + 1)).from_buffer_copy(units + b"\0\0")
        out = ctypes.create_string_buffer(32)
        error = ctypes.c_int(0)
        self.call("ucnv_reset")(converter)
        length = self.call("ucnv_fromUChars")(
            converter, out, 32, source, len(units) // 2, ctypes.byref(error))
        if error.value > 0 or length <= 0:
            return None
        return out.raw[:length]


class Glibc:
    """iconv of the C library. One unit of bytes at a time, from the initial state."""

    def __init__(self):
        self.lib = ctypes.CDLL(None)
        self.lib.iconv_open.restype = ctypes.c_void_p
        self.lib.iconv.restype = ctypes.c_size_t

    def decode_all(self, name, units):
        if name is None:
            return None
        handle = ctypes.c_void_p(self.lib.iconv_open(b"UTF-16LE", name.encode()))
        if handle.value in (None, ctypes.c_size_t(-1).value):
            return None
        found = []
        for unit in units:
            out = ctypes.create_string_buffer(32)
            source, target = ctypes.c_char_p(unit), ctypes.cast(out, ctypes.c_char_p)
            left, room = ctypes.c_size_t(len(unit)), ctypes.c_size_t(32)
            self.lib.iconv(handle, None, None, None, None)
            failed = self.lib.iconv(handle, ctypes.byref(source), ctypes.byref(left),
                                    ctypes.byref(target), ctypes.byref(room))
            # Some converters keep a character back for a combining one; a null input flushes it.
            self.lib.iconv(handle, None, None, ctypes.byref(target), ctypes.byref(room))
            text = out.raw[:32 - room.value].decode("utf-16-le", "replace")
            found.append(text if failed != ctypes.c_size_t(-1).value and text else NONE)
        return found


JAVA = """
import java.nio.*; import java.nio.charset.*; import java.io.*;
public class Pages {
  static void add(StringBuilder line, CharsetDecoder decoder, byte[] unit) {
    line.append(' ');
    try {
      String text = decoder.decode(ByteBuffer.wrap(unit)).toString();
      if (text.isEmpty()) text = "\\ufffd";
      for (int at = 0; at < text.length(); at++) line.append(at == 0 ? "" : "+").append(Integer.toHexString(text.charAt(at)));
    } catch (Exception e) { line.append("fffd"); }
  }
  public static void main(String[] names) throws Exception {
    PrintStream out = new PrintStream(System.out, false, "US-ASCII");
    for (String name : names) {
      StringBuilder line = new StringBuilder(name);
      if (!Charset.isSupported(name)) { out.println(line); continue; }
      CharsetDecoder decoder = Charset.forName(name).newDecoder()
        .onMalformedInput(CodingErrorAction.REPORT).onUnmappableCharacter(CodingErrorAction.REPORT);
      for (int b = 0; b < 256; b++) add(line, decoder, new byte[] {(byte) b});
      if (Charset.forName(name).newEncoder().maxBytesPerChar() > 3)
        for (int hi = 0x41; hi < 0xff; hi++) for (int lo = 0x41; lo < 0xff; lo++)
          add(line, decoder, new byte[] {0x0e, (byte) hi, (byte) lo, 0x0f});
      out.println(line);
    }
    out.flush();
  }
}
"""


def by_java(names):
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "Pages.java")
        with open(source, "w") as file:
            file.write(JAVA)
        done = subprocess.run(["java", source] + sorted(set(names)), capture_output=True, text=True, check=True)
    tables = {}
    for line in done.stdout.splitlines():
        name, *codes = line.split()
        units = [b"".join(int(part, 16).to_bytes(2, "big") for part in code.split("+")) for code in codes]
        tables[name] = [unit.decode("utf-16-be", "replace") for unit in units] or None
    return tables


def escaped(text):
    out = []
    for character in text:
        code = ord(character)
        if character in '"\\':
            out.append("\\" + character)
        elif 0x20 <= code < 0x7F or (code > 0xFF and character.isprintable() and not 0x590 <= code < 0x780
                                    and not 0x0E00 <= code < 0x0E80 and not 0xE000 <= code < 0xF900
                                    and code < 0xFB00) or (0xA1 <= code <= 0xFF and code != 0xAD):
            import unicodedata
            if unicodedata.combining(character):
                out.append(f"\\u{{{code:x}}}")
            else:
                out.append(character)
        else:
            out.append(f"\\u{{{code:x}}}")
    return "".join(out)


def unescaped(text):
    text = re.sub(r"\\\n\s*", "", text)
    text = re.sub(r"\\u\{([0-9a-f]+)\}", lambda found: chr(int(found.group(1), 16)), text)
    return text.replace('\\"', '"').replace("\\\\", "\\")


def archived(variant):
    """A page of ARCHIVE: from its file, where --ucm says where that is, else as single.rs has it."""
    name, digest = ARCHIVE[variant]
    if "--ucm" not in sys.argv:
        with open(os.path.join(HERE, "single.rs"), encoding="utf-8") as file:
            text = file.read()
        controls = re.search(r'const CONTROLS: &str = "(.*?)";', text).group(1)
        rest = re.search(rf'const {variant.upper()}: .*?CONTROLS, rest: "(.*?)", second', text, re.S).group(1)
        return list(unescaped(controls) + unescaped(rest))
    path = os.path.join(sys.argv[sys.argv.index("--ucm") + 1], name + ".ucm")
    with open(path, "rb") as file:
        data = file.read()
    assert hashlib.sha256(data).hexdigest() == digest, path
    table = [NONE] * 256
    for code, byte in re.findall(r"^<U([0-9A-F]+)> \\x([0-9A-F]{2}) \|[03]", data.decode(), re.M):
        table[int(byte, 16)] = chr(int(code, 16))
    return table


def single(icu, glibc, java):
    tables = {}
    notes = {}
    for variant, _, icu_name, iconv_name, java_name, *_ in SINGLE + MIXED:
        units = [bytes([byte]) for byte in range(256)]
        theirs = glibc.decode_all(iconv_name, units)
        jdk = java.get(java_name)
        ours = None
        converter = icu.open(icu_name) if icu_name else None
        if converter:
            ours = [icu.decode(converter, unit) or NONE for unit in units]
        if variant in ARCHIVE:
            icu_name = ARCHIVE[variant][0] + ".ucm"
            ours = archived(variant)
        note = []
        base = ours or theirs
        if base is None:
            notes[variant] = ["none of the three sources has it"]
            continue
        source = f"ICU `{icu_name}`" if ours else f"glibc `{iconv_name}`"
        table = list(base)
        for byte in range(256):
            say = {}
            for who, other in (("iconv", theirs), ("JDK", jdk)):
                if other is not None and ours is not None and other[byte] != ours[byte]:
                    say[who] = other[byte]
            if len(say) == 2 and say["iconv"] == say["JDK"]:
                table[byte] = say["iconv"]
                note.append(f"{byte:02X}: ICU alone has U+{ord(base[byte]):04X}")
            elif say:
                for who, character in say.items():
                    note.append(f"{byte:02X}: {who} has U+{ord(character):04X}")
        # A byte whose character is written otherwise, or of two bytes with one character the second.
        seconds = []
        for byte in range(256):
            if table[byte] == NONE:
                continue
            back = icu.encode(converter, table[byte]) if converter and table[byte] == base[byte] else None
            same = [other for other in range(256) if table[other] == table[byte]]
            if byte != (back[0] if back and len(back) == 1 else same[0]) or back and len(back) > 1:
                seconds.append(byte)
        tables[variant] = ("".join(table), source, seconds)
        notes[variant] = note
    for variant, _, base, changes in DERIVED:
        text = "".join(changes.get(byte, character) for byte, character in enumerate(tables[base][0]))
        assert len(set(text)) == 256
        tables[variant] = (text, f"{base[2:]} with {len(changes)} bytes changed", [])
        notes[variant] = []
    return tables, notes


HEAD = """//! Single-byte pages, generated by `generate.py` from ICU {version} and glibc; do not edit by hand.
//!
//! Each is the characters of the 256 bytes in order, U+FFFD for a byte that is none. The SHA-256 is of those as
//! UTF-16BE. Where the other two of ICU, glibc's `iconv` and the JDK agree on another character than ICU, theirs
//! is here; every byte on which one of the three differs is listed. (JDK: 15 is LF in most pages, which is its
//! choice of line ends and not listed.)

/// One page's characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source {{
    /// Of bytes 00 to 3F.
    controls: &'static str,
    /// Of the rest.
    rest: &'static str,
    /// Bytes whose character is another byte's: they do not come back from text.
    pub(super) second: &'static [u8],
}}

impl Source {{
    /// The characters of the 256 bytes.
    pub(super) fn characters(&self) -> [char; 256] {{
        let mut characters = [char::REPLACEMENT_CHARACTER; 256];
        let all = self.controls.chars().chain(self.rest.chars());
        for (place, character) in characters.iter_mut().zip(all) {{
            *place = character;
        }}
        characters
    }}
}}

/// Control codes of nearly every EBCDIC page.
#[rustfmt::skip]
const CONTROLS: &str = {controls};
"""


def literal(text):
    rows = [escaped(text[at:at + 64]) for at in range(0, len(text), 64)]
    rows = ["\\u{20}" + row[1:] if row.startswith(" ") else row for row in rows]
    return '"' + "\\\n    ".join(rows) + '"'


def rust(icu, rows, tables, notes):
    controls = tables["Cp037"][0][:64]
    out = [HEAD.format(version=icu.version, controls=literal(controls))]
    for variant, ccsid, *rest in rows:
        text, source, second = tables[variant]
        digest = hashlib.sha256(text.encode("utf-16-be")).hexdigest()
        part = ", its single bytes" if len(rest) > 3 else ""
        out.append(f"/// {ccsid}{part}: {source}, SHA-256")
        out.append(f"/// `{digest}`.")
        said = [note for note in notes[variant] if note != "15: JDK has U+000A"]
        if len(said) > 12:
            bytes_of = " ".join(note[:2] for note in said)
            said = [f"{len(said)} bytes differ in iconv alone ({bytes_of})" if all("iconv" in n for n in said)
                    else f"{len(said)} bytes differ in one source ({bytes_of})"]
        if said:
            import textwrap
            out += ["/// " + line for line in textwrap.wrap("; ".join(said) + ".", 116)]
        out.append("#[rustfmt::skip]")
        shown = "CONTROLS" if text[:64] == controls else literal(text[:64])
        seconds = ", ".join(f"0x{byte:02x}" for byte in second)
        out.append(f"pub(super) const {variant.upper()}: Source = Source {{ controls: {shown}, rest: "
                   f"{literal(text[64:])}, second: &[{seconds}] }};\n")
    return "\n".join(out).rstrip("\n") + "\n"


DOUBLE_HEAD = """//! Double-byte pages, generated by `generate.py` from ICU {version}; do not edit by hand.
//!
//! `double.bin` has their tables, in the form that `double.rs` reads; its SHA-256 is [`SHA256`]. Compared over all
//! pairs of 41 to FE with glibc and the JDK; each pair on which one of them differs is listed.

/// Every page's tables.
pub(super) static TABLES: &[u8] = include_bytes!("double.bin");

/// Of [`TABLES`].
#[cfg(test)]
pub(super) const SHA256: &str = "{digest}";
"""


def double(icu, glibc, java):
    """The blob and the source of its directory.

    A page, big endian: u16 rows; a row: lead byte, first trail byte, count, u24 offset in the blob of that many u16;
    u16 count of pairs whose character is another pair's, and the pairs; u16 count of long texts, each u8 UTF-16
    units and those. A u16 of a row is a UTF-16 unit, FFFD for none, or D800 and the number of a long text.
    """
    blob, rows, pages, about = bytearray(), {}, {}, []
    for variant, ccsid, name, iconv_name, java_name, alone in MIXED:
        converter = icu.open(name)
        units = [SO + pair + SI for pair in PAIRS]
        ours = [icu.decode(converter, unit) or NONE for unit in units]
        note = []
        glibc_has = glibc.decode_all(iconv_name, units)
        jdk_has = java[java_name][256:] if java_name else ours
        for index, pair in enumerate(PAIRS):
            assert not (glibc_has[index] == jdk_has[index] != ours[index]), (variant, pair, "ICU alone")
            for who, has in (("iconv", glibc_has), ("JDK", jdk_has)):
                if has[index] != ours[index]:
                    note.append(f"{pair.hex().upper()}: {who} has U+{ord(has[index]):04X}")
        about.append((ccsid, name, alone, note))
        texts = {pair: text for pair, text in zip(PAIRS, ours) if text != NONE}
        texts[b"\x40\x40"] = icu.decode(converter, SO + b"\x40\x40" + SI)
        assert texts[b"\x40\x40"] == "\u3000"
        if alone in pages:
            assert pages[alone][1] == texts, alone
            continue
        longs, second, found = [], [], []
        of_text = {}
        for pair, text in texts.items():
            of_text.setdefault(text, []).append(pair)
        for text, pairs in of_text.items():
            back = icu.encode(converter, text)
            if len(pairs) > 1:
                assert back and back[1:3] in pairs, (variant, pairs)
                second += [pair for pair in pairs if pair != back[1:3]]
        for lead in sorted({pair[0] for pair in texts}):
            trails = sorted(pair[1] for pair in texts if pair[0] == lead)
            first, last = trails[0], trails[-1]
            row = bytearray()
            for trail in range(first, last + 1):
                text = texts.get(bytes([lead, trail]), NONE)
                unit = text.encode("utf-16-be")
                if len(unit) > 2:
                    unit = (0xD800 + len(longs)).to_bytes(2, "big")
                    longs.append(text)
                row += unit
            if bytes(row) not in rows:
                rows[bytes(row)] = len(blob)
                blob += row
            found.append((lead, first, last - first + 1, rows[bytes(row)]))
        page = struct.pack(">H", len(found))
        for lead, first, count, offset in found:
            page += bytes([lead, first, count]) + offset.to_bytes(3, "big")
        page += struct.pack(">H", len(second)) + b"".join(sorted(second))
        page += struct.pack(">H", len(longs))
        for text in longs:
            unit = text.encode("utf-16-be")
            page += bytes([len(unit) // 2]) + unit
        pages[alone] = (page, texts)
    out = []
    for alone, (page, texts) in pages.items():
        lines = [f"/// {alone[2:]}: {len(texts)} characters; the double bytes of"]
        for ccsid, name, of, note in about:
            if of == alone:
                lines.append(f"/// {ccsid}, ICU `{name}`{': ' + '; '.join(note) if note else ''}.")
        out.append("\n" + "\n".join(lines) + f"\npub(super) const {alone.upper()}: usize = {len(blob):#x};\n")
        blob += page
    head = DOUBLE_HEAD.format(version=icu.version, digest=hashlib.sha256(blob).hexdigest())
    return bytes(blob), head + "".join(out)


def keep(name, content, check):
    path = os.path.join(HERE, name)
    data = content if isinstance(content, bytes) else content.encode()
    if check:
        same = os.path.exists(path) and open(path, "rb").read() == data
        print(f"{name}: {'as generated' if same else 'DIFFERS'}")
        return same
    with open(path, "wb") as file:
        file.write(data)
    return True


if __name__ == "__main__":
    icu, glibc = Icu(), Glibc()
    java = by_java([row[4] for row in SINGLE + MIXED if row[4]])
    tables, notes = single(icu, glibc, java)
    blob, directory = double(icu, glibc, java)
    check = "--check" in sys.argv
    fine = [
        keep("single.rs", rust(icu, SINGLE + DERIVED + MIXED, tables, notes), check),
        keep("double_tables.rs", directory, check),
        keep("double.bin", blob, check),
    ]
    sys.exit(0 if all(fine) else 1)
