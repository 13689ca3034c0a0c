use std::sync::Arc;

use ops::config::Source;
use parsers::{CodePage, Copybook, CopybookText, Layout, LayoutOptions, Meaning};

use super::{Around, Layouts, Made, Mapping, Program};
use crate::route::PathParams;

const ORDER: &str = "
       01  ORDER-REQUEST.
           05  ACTION            PIC X(3).
           05  ORDER-ID          PIC X(8).
           05  STATUS-CODE       PIC X.
               88  OPEN-ORDER    VALUE 'O'.
               88  CLOSED-ORDER  VALUE 'C' 'D'.
           05  FILLER            PIC X(2).
           05  AMOUNT            PIC S9(5)V9(2) COMP-3.
           05  DUE-ON            PIC 9(8).
           05  MADE-ON           PIC 9(6).
           05  SITE.
               10  PLANT         PIC X(4).
               10  SHELF         PIC 9(3).
           05  TAG-COUNT         PIC 9.
           05  TAG               PIC X(4) OCCURS 3 TIMES.
           05  LINE-COUNT        PIC 9.
           05  LINE OCCURS 0 TO 3 TIMES DEPENDING ON LINE-COUNT.
               10  MATERIAL      PIC X(6).
               10  QTY           PIC S9(4) COMP.
";

const MEANING: &str = "
version = 1
[fields]
ORDER-ID = { name = \"order\" }
DUE-ON = { date = \"YYYYMMDD\", null = \"zeros\" }
PLANT = { pii = \"site\" }
";

const HEADER: &str = "
       01  HEADER-RECORD.
           05  KIND              PIC X.
           05  ID                PIC X(8).
           05  LINES             PIC 9(3).
";

const DETAIL: &str = "
       01  DETAIL-RECORD.
           05  KIND              PIC X.
           05  MATERIAL          PIC X(6).
           05  QTY               PIC S9(5) COMP-3.
";

fn layout(copybook: &str, meaning: Option<&str>) -> Arc<Layout> {
    let copybook = Copybook::parse(CopybookText {
        file: "r.cpy",
        text: copybook,
    })
    .unwrap();
    let meaning = meaning.map(|text| Meaning::parse("r.meaning.toml", text).unwrap());
    let options = LayoutOptions {
        code_page: CodePage::Cp037,
        ..LayoutOptions::default()
    };
    Layout::compile(&copybook, meaning.as_ref(), &options).unwrap()
}

pub(super) fn layouts() -> Layouts {
    [
        ("ORDER", layout(ORDER, Some(MEANING))),
        ("HEADER", layout(HEADER, None)),
        ("DETAIL", layout(DETAIL, None)),
    ]
    .into_iter()
    .map(|(name, layout)| (name.to_owned(), Some(layout)))
    .collect()
}

pub(super) fn mapping(text: &str) -> Mapping {
    let source = Source::new("order.mapping.toml", text);
    Mapping::parse(&source, &layouts()).unwrap_or_else(|faults| panic!("{faults}"))
}

fn faults(text: &str) -> String {
    let source = Source::new("order.mapping.toml", text);
    let faults = Mapping::parse(&source, &layouts()).unwrap_err();
    faults.to_string()
}

/// What becomes of a body; records as JSON, so that one can read them.
fn made(program: &Program, body: impl AsRef<[u8]>) -> String {
    match bytes(program, body.as_ref()) {
        Err(told) => told,
        Ok(made) => match program.to() {
            super::Format::Record(layout) => {
                let mut json = Vec::new();
                layout.write_json(&made, &mut json).unwrap();
                String::from_utf8(json).unwrap()
            }
            _ => String::from_utf8_lossy(&made).into_owned(),
        },
    }
}

fn bytes(program: &Program, body: &[u8]) -> Result<Vec<u8>, String> {
    let params = PathParams::new([(Arc::from("lot"), "L-1".into())]);
    let mut headers = http::HeaderMap::new();
    headers.insert("x-user", "ANNA".parse().unwrap());
    let around = Around {
        params: Some(&params),
        headers: Some(&headers),
        query: Some("page=7&name=a+b"),
    };
    match program.run(body, &around) {
        Ok(Made::Body(body)) => Ok(body),
        Ok(Made::Query(query)) => Ok(query.into_bytes()),
        Err(error) => Err(format!("{}: {error}", error.kind().as_str())),
    }
}

pub(super) const BOTH: &str = r#"
version = 1
[request]
from = "json"
to = "record:ORDER"
unmapped = ["/comment"]
fields = [
  { const = "ADD", to = "ACTION" },
  { from = "/id", to = "ORDER-ID", max = 8 },
  { from = "/state", to = "STATUS-CODE", codes = "88" },
  { from = "/amount", to = "AMOUNT" },
  { from = "/due", to = "DUE-ON", date = "DD.MM.YYYY", optional = true },
  { from = "/made", to = "MADE-ON", date = { from = "iso", to = "YYMMDD", pivot = 70 } },
  { from = "/site/plant", to = "PLANT", default = "MAIN" },
  { from = "/site/shelf", to = "SHELF", type = "string" },
  { from = "/tags", to = "TAG", count = "TAG-COUNT", optional = true },
  { from = "/lines", to = "LINE", count = "LINE-COUNT", fields = [
    { from = "/material", to = "MATERIAL", codes = { steel = "ST-001", glass = "GL-001" }, otherwise = "OTHER" },
    { from = "/qty", to = "QTY" },
  ] },
]

[response]
from = "record:ORDER"
to = "json"
unmapped = ["ACTION"]
fields = [
  { from = "ORDER-ID", to = "/id" },
  { from = "STATUS-CODE", to = "/state", codes = "88" },
  { from = "AMOUNT", to = "/money/amount", type = "string" },
  { const = "EUR", to = "/money/currency" },
  { from = "DUE-ON", to = "/due", date = "DD.MM.YYYY", optional = true },
  { from = "MADE-ON", to = "/made", date = { from = "YYMMDD", to = "iso", pivot = 70 } },
  { from = "SITE", to = "/site", type = "any" },
  { from = "TAG", to = "/tags", count = "TAG-COUNT" },
  { from = "LINE", to = "/lines", fields = [
    { from = "MATERIAL", to = "/material" },
    { from = "QTY", to = "/qty" },
  ] },
]
"#;

pub(super) const JSON: &str = r#"{"id":"O-17","state":"CLOSED-ORDER","amount":-12.50,"due":"24.12.2026","made":"2005-01-02","site":{"shelf":"007"},
  "tags":["A","B"],"comment":{"any":["thing"]},"lines":[{"material":"glass","qty":3},{"material":"wood","qty":-1}]}"#;

#[test]
fn json_becomes_a_record_and_the_record_other_json() {
    let mapping = mapping(BOTH);
    insta::assert_snapshot!(mapping.notes.join("\n"), @r"what comes for SITE.PLANT, TAG of ORDER-REQUEST may be longer than the field: such requests are refused with 422; max = N says that it is not");
    insta::assert_snapshot!(mapping.private.join(" "), @r"site");
    let (to, back) = (mapping.request.unwrap(), mapping.response.unwrap());
    insta::assert_snapshot!(made(&to, JSON), @r#"{"ACTION":"ADD","order":"O-17","STATUS-CODE":"C","AMOUNT":-12.50,"DUE-ON":"2026-12-24","MADE-ON":50102,"SITE":{"PLANT":"MAIN","SHELF":7},"TAG-COUNT":2,"TAG":["A","B",""],"LINE-COUNT":2,"LINE":[{"MATERIAL":"GL-001","QTY":3},{"MATERIAL":"OTHER","QTY":-1}]}"#);
    let record = bytes(&to, JSON.as_bytes()).unwrap();
    insta::assert_snapshot!(made(&back, record), @r#"{"id":"O-17","state":"CLOSED-ORDER","money":{"amount":"-12.50","currency":"EUR"},"due":"24.12.2026","made":"2005-01-02","site":{"PLANT":"MAIN","SHELF":7},"tags":["A","B"],"lines":[{"material":"GL-001","qty":3},{"material":"OTHER","qty":-1}]}"#);
}

#[test]
fn what_does_not_fit_is_told_with_pointer_and_field_and_never_cut() {
    let to = mapping(BOTH).request.unwrap();
    let told: Vec<String> = [
        JSON.replace("O-17", "O-17-SECRET"),
        JSON.replace("-12.50", "123456.00"),
        JSON.replace("-12.50", "0.125"),
        JSON.replace("-12.50", "\"SECRET\""),
        JSON.replace("-12.50", "null"),
        JSON.replace("\"amount\":-12.50,", ""),
        JSON.replace("CLOSED-ORDER", "SECRET"),
        JSON.replace("24.12.2026", "31.02.2026"),
        JSON.replace("2005-01-02", "SECRET"),
        JSON.replace("\"007\"", "\"1007\""),
        JSON.replace("\"007\"", "\"seven\""),
        JSON.replace("\"B\"", "\"SECRET\""),
        JSON.replace("[\"A\",\"B\"]", "[\"A\",\"B\",\"C\",\"D\"]"),
        JSON.replace("[\"A\",\"B\"]", "\"A\""),
        JSON.replace("\"qty\":-1", "\"qty\":99999"),
        JSON.replace("\"qty\":-1", "\"qty\":[1]"),
        JSON.replace("\"qty\":-1", "\"qtty\":-1"),
        JSON.replace("\"qty\":-1", "\"qty\":-1,\"SECRET\":1"),
        JSON.replace("\"shelf\"", "\"SECRET\":1,\"shelf\""),
        JSON.replace("\"id\"", "\"id\":\"1\",\"id\""),
        JSON.replace("\"tags\"", "\"tags"),
        "[]".to_owned(),
        "\"SECRET\"".to_owned(),
        String::new(),
    ]
    .iter()
    .map(|json| made(&to, json))
    .collect();
    let told = told.join("\n");
    assert!(!told.contains("SECRET"), "{told}");
    insta::assert_snapshot!(told, @r"
does_not_fit: /id, field ORDER-ID: a text longer than the mapping allows
does_not_fit: /amount, field AMOUNT at byte 14: a number that does not fit (PIC S9(5)V9(2) COMP-3, 4 bytes)
does_not_fit: /amount, field AMOUNT at byte 14: a number that does not fit (PIC S9(5)V9(2) COMP-3, 4 bytes)
does_not_fit: /amount, field AMOUNT at byte 14: wanted a number of at most 38 digits
does_not_fit: /amount, field AMOUNT: it is missing
does_not_fit: /amount, field AMOUNT: it is missing
does_not_fit: /state, field STATUS-CODE: a value that the mapping has no code for
does_not_fit: /due, field DUE-ON: no date or time of the form that the mapping says
does_not_fit: /made, field MADE-ON: no date or time of the form that the mapping says
does_not_fit: /site/shelf, field SITE.SHELF at byte 36: a number that does not fit (PIC 9(3), 3 bytes)
does_not_fit: /site/shelf, field SITE.SHELF: wanted a number
does_not_fit: /tags/1, field TAG(2) at byte 44: a text longer than its field (PIC X(4), 4 bytes)
does_not_fit: /tags, field TAG: a list of 4, and there is room for 3
does_not_fit: /tags: wanted a list
does_not_fit: /lines/1/qty, field LINE(2).QTY at byte 67: a number that does not fit (PIC S9(4) COMP, 2 bytes)
does_not_fit: /lines/1/qty, field LINE.QTY: wanted one value
does_not_fit: /lines/1/qty, field LINE.QTY: it is missing
does_not_fit: /lines/1: something in here is read by no rule of the mapping
does_not_fit: /site: something in here is read by no rule of the mapping
not_json: wanted JSON: a member stands there twice, at byte 239
not_json: wanted JSON: wanted `:` after the name of a member, at byte 125
does_not_fit: /id, field ORDER-ID: it is missing
does_not_fit: /id, field ORDER-ID: it is missing
does_not_fit: /id, field ORDER-ID: it is missing
");
}

const SOAP: &str = r#"
version = 1
[request]
from = "soap"
to = "json"
namespaces = { o = "urn:orders" }
fields = [
  { from = "/o:NewOrder/@id", to = "/id" },
  { from = "/o:NewOrder/amount", to = "/amount", type = "number" },
  { from = "/o:NewOrder/urgent", to = "/urgent", type = "boolean", optional = true },
  { from = "/o:NewOrder/lines/line", to = "/lines", fields = [
    { from = "/@no", to = "/no", type = "number" },
    { from = "/#text", to = "/material" },
  ] },
  { from = "/o:NewOrder/tag", to = "/tags", fields = [] },
]
[response]
from = "json"
to = "soap"
namespaces = { "" = "urn:orders" }
fields = [
  { from = "/lines", to = "/NewOrderResult/lines/line", fields = [
    { from = "/no", to = "/@no" },
    { from = "/text", to = "/#text" },
  ] },
  { from = "/id", to = "/NewOrderResult/@id" },
  { from = "/price", to = "/NewOrderResult/price", optional = true },
]
[error]
from = "json"
to = "soap"
fields = [
  { const = "soap:Server", to = "/soap:Fault/faultcode" },
  { from = "/title", to = "/soap:Fault/faultstring", default = "failed" },
]
"#;

#[test]
fn soap_is_taken_out_of_its_envelope_and_put_into_one() {
    let mapping = mapping(SOAP);
    let (to, back) = (mapping.request.unwrap(), mapping.response.unwrap());
    let envelope = |version: &str, inner: &str| {
        format!(
            "<?xml version=\"1.0\"?><e:Envelope xmlns:e=\"{version}\"><e:Header><x>1</x></e:Header><e:Body>{inner}</e:Body></e:Envelope>"
        )
    };
    let order = "<n:NewOrder xmlns:n='urn:orders' id='7'>\n  <n:amount> +012.50 </n:amount><urgent>1</urgent><tag>a</tag>
        <lines><line no='1'>ST &amp; 1</line><line no='02'/></lines></n:NewOrder>";
    let (v11, v12) = (super::xml::SOAP_1_1, super::xml::SOAP_1_2);
    let told = [
        made(&to, envelope(v11, order)),
        made(&to, envelope(v12, &order.replace("<tag>a</tag>", ""))),
        made(&to, envelope("urn:other", order)),
        made(
            &to,
            envelope(v11, &order.replace("urn:orders", "urn:others")),
        ),
        made(
            &to,
            envelope(v11, "<e:Fault><faultcode>SECRET</faultcode></e:Fault>"),
        ),
        made(
            &to,
            envelope(
                v11,
                &order.replace("<tag>", "<tug>").replace("</tag>", "</tug>"),
            ),
        ),
        made(&to, envelope(v11, &order.replace("no='02'", "no='x'"))),
        made(&to, envelope(v11, &order.replace("&amp;", "&SECRET;"))),
        made(&to, order),
    ]
    .join("\n");
    assert!(!told.contains("SECRET"), "{told}");
    insta::assert_snapshot!(told, @r#"
{"id":"7","amount":12.50,"urgent":true,"lines":[{"no":1,"material":"ST & 1"},{"no":2,"material":""}],"tags":["a"]}
{"id":"7","amount":12.50,"urgent":true,"lines":[{"no":1,"material":"ST & 1"},{"no":2,"material":""}],"tags":[]}
not_xml: wanted an envelope of SOAP 1.1 or 1.2
does_not_fit: /o:NewOrder/@id: it is missing
soap_fault: the answer is a SOAP fault
does_not_fit: /NewOrder: something in here is read by no rule of the mapping
does_not_fit: /o:NewOrder/lines/line[2]/@no: wanted a number
not_xml: wanted XML: a reference to an entity: none but the five of XML are known, at byte 265
not_xml: wanted an envelope of SOAP 1.1 or 1.2
"#);
    insta::assert_snapshot!(made(&back, r#"{"id":"7","lines":[{"no":1,"text":"<A> & \"B\""},{"no":2,"text":""}],"more":1}"#), @r#"<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><NewOrderResult xmlns="urn:orders" id="7"><lines><line no="1">&lt;A&gt; &amp; &quot;B&quot;</line><line no="2"></line></lines></NewOrderResult></soap:Body></soap:Envelope>"#);
    insta::assert_snapshot!(made(&back, r#"{"id":"7","lines":[{"no":1,"text":"\u0001"}]}"#), @r"does_not_fit: /lines/0/text: a character that XML does not have");
    insta::assert_snapshot!(made(&mapping.error.unwrap(), r#"{"title":"no such <lot>"}"#), @r#"<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault><faultcode>soap:Server</faultcode><faultstring>no such &lt;lot&gt;</faultstring></soap:Fault></soap:Body></soap:Envelope>"#);
}

const FORMS: &str = r#"
version = 1
[request]
from = "form"
to = "query"
method = "GET"
fields = [
  { from = "/kind", to = "/k" },
  { param = "lot", to = "/lot" },
  { header = "x-user", to = "/user" },
  { query = "page", to = "/page" },
  { from = "/tag", to = "/tags", fields = [] },
  { from = "/kind", to = "/only", when = { from = "/kind", is = ["x y", "z"] } },
  { const = 1, to = "/never", when = { from = "/none", present = true } },
]
[response]
from = "record:HEADER"
to = "form"
fields = [
  { from = "KIND", to = "/kind" },
  { from = "ID", to = "/id" },
  { from = "LINES", to = "/lines" },
]
"#;

#[test]
fn forms_queries_and_what_stands_beside_the_body() {
    let mapping = mapping(FORMS);
    let (to, back) = (mapping.request.unwrap(), mapping.response.unwrap());
    insta::assert_snapshot!(made(&to, "kind=x+y&tag=1&tag=%26"), @r"k=x+y&lot=L-1&user=ANNA&page=7&tags=1&tags=%26&only=x+y");
    insta::assert_snapshot!(made(&to, "kind=q&more=SECRET"), @r"does_not_fit: something in here is read by no rule of the mapping");
    insta::assert_snapshot!(made(&to, "kind=q&kind=r"), @r"does_not_fit: /kind: something in here is read by no rule of the mapping");
    insta::assert_snapshot!(made(&back, [0xC8, 0xC1, 0x50, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0xF0, 0xF0, 0xF2]), @r"kind=H&id=A%26&lines=2");
}

const SEVERAL: &str = r#"
version = 1
[request]
from = "json"
to = "records"
[[request.records]]
record = "HEADER"
fields = [
  { const = "H", to = "KIND" },
  { from = "/id", to = "ID" },
  { const = 1, to = "LINES" },
]
[[request.records]]
record = "DETAIL"
each = "/lines"
fields = [
  { const = "D", to = "KIND" },
  { from = "/material", to = "MATERIAL" },
  { from = "/qty", to = "QTY" },
]
[response]
from = "records"
to = "json"
[[response.records]]
record = "HEADER"
when = { from = "KIND", is = "H" }
unmapped = ["KIND", "LINES"]
fields = [{ from = "ID", to = "/id" }]
[[response.records]]
record = "DETAIL"
when = { from = "KIND", is = "D" }
each = "/lines"
unmapped = ["KIND"]
fields = [
  { from = "MATERIAL", to = "/material" },
  { from = "QTY", to = "/qty" },
]
"#;

#[test]
fn a_message_of_several_records_is_written_and_read() {
    let mapping = mapping(SEVERAL);
    let (to, back) = (mapping.request.unwrap(), mapping.response.unwrap());
    let json = r#"{"id":"O-1","lines":[{"material":"A","qty":1},{"material":"B","qty":-2}]}"#;
    let message = bytes(&to, json.as_bytes()).unwrap();
    assert_eq!(message.len(), 12 + 2 * 10);
    assert_eq!(made(&back, &message), json);
    insta::assert_snapshot!(made(&to, json.replace("-2", "-200000")), @r"does_not_fit: /lines/1/qty, field QTY at byte 7: a number that does not fit (PIC S9(5) COMP-3, 3 bytes)");
    let told = [
        made(&back, &message[..message.len() - 1]),
        made(&back, [&message[..], &message[..]].concat()),
        made(&back, [&message[..], b"\xC5junk"].concat()),
        made(&back, &message[..12]),
        made(&back, ""),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
undecodable: record at byte 10: wanted 10 bytes of DETAIL-RECORD, got 9
undecodable: a record that is none of the mapping's, or one too many
undecodable: a record that is none of the mapping's, or one too many
{"id":"O-1","lines":[]}
undecodable: there is no record HEADER-RECORD
"#);
}

#[test]
fn every_fault_of_a_mapping_is_shown_where_it_stands() {
    insta::assert_snapshot!(faults(r#"
version = 1
[request]
from = "json"
to = "record:ORDER"
unmapped = ["SHELF", "TAG", "TAG-COUNT", "NOWHERE"]
fields = [
  { const = "TOO-LONG", to = "ACTION" },
  { from = "id", to = "ORDER-ID" },
  { from = "/state", to = "STATE-CODE", codes = "88" },
  { from = "/amount", to = "AMOUNT", codes = "88" },
  { from = "/due", to = "DUE-ON", date = "DD.MM.YYYX" },
  { from = "/made", to = "MADE-ON", date = "iso" },
  { from = "/shelf", to = "SHELF" },
  { from = "/plant", to = "PLANT", max = 9 },
  { from = "/lines", to = "LINE", count = "TAG-COUNT", fields = [{ from = "/q", to = "QTY", type = "int" }] },
  { from = "/x", to = "LINE.MATERIAL" },
  { from = "/y", param = "z", to = "ACTION" },
]
[response]
from = "record:ORDERS"
to = "xml"
fields = []
"#), @r#"
error: ACTION cannot hold this: a text of 8 characters in a field of 3
 --> order.mapping.toml:8:13
  |
8 |   { const = "TOO-LONG", to = "ACTION" },
  |             ^^^^^^^^^^

error: wanted a way that begins with `/`, got "id"
 --> order.mapping.toml:9:12
  |
9 |   { from = "id", to = "ORDER-ID" },
  |            ^^^^

error: no field `STATE-CODE` in this copybook (is it `STATUS-CODE`?)
  --> order.mapping.toml:10:27
   |
10 |   { from = "/state", to = "STATE-CODE", codes = "88" },
   |                           ^^^^^^^^^^^^

error: AMOUNT has no level 88 entries
  --> order.mapping.toml:11:46
   |
11 |   { from = "/amount", to = "AMOUNT", codes = "88" },
   |                                              ^^^^

error: wanted a date form of C, YYYY, YY, MM, DD, DDD and the separators - / ., got `DD.MM.YYYX`
  --> order.mapping.toml:12:42
   |
12 |   { from = "/due", to = "DUE-ON", date = "DD.MM.YYYX" },
   |                                          ^^^^^^^^^^^^

error: the copybook's meaning does not say that MADE-ON is a date or time
  --> order.mapping.toml:13:44
   |
13 |   { from = "/made", to = "MADE-ON", date = "iso" },
   |                                            ^^^^^
   |
   = help: say so there, or write { from = "…", to = "…" }

error: SITE.PLANT has room for 4
  --> order.mapping.toml:15:42
   |
15 |   { from = "/plant", to = "PLANT", max = 9 },
   |                                          ^

error: unknown type "int"; known are: "string", "number", "boolean", "any"
  --> order.mapping.toml:16:100
   |
16 |   { from = "/lines", to = "LINE", count = "TAG-COUNT", fields = [{ from = "/q", to = "QTY", type = "int" }] },
   |                                                                                                    ^^^^^

error: this is not the field that the table depends on
  --> order.mapping.toml:16:43
   |
16 |   { from = "/lines", to = "LINE", count = "TAG-COUNT", fields = [{ from = "/q", to = "QTY", type = "int" }] },
   |                                           ^^^^^^^^^^^

error: LINE.MATERIAL occurs several times
  --> order.mapping.toml:17:23
   |
17 |   { from = "/x", to = "LINE.MATERIAL" },
   |                       ^^^^^^^^^^^^^^^
   |
   = help: name the table LINE, and give it fields = [...]

error: wanted one of: from, param, header, query, const
  --> order.mapping.toml:18:3
   |
18 |   { from = "/y", param = "z", to = "ACTION" },
   |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

error: SITE.SHELF is mapped, and declared unmapped
 --> order.mapping.toml:6:13
  |
6 | unmapped = ["SHELF", "TAG", "TAG-COUNT", "NOWHERE"]
  |             ^^^^^^^

error: TAG-COUNT is mapped, and declared unmapped
 --> order.mapping.toml:6:29
  |
6 | unmapped = ["SHELF", "TAG", "TAG-COUNT", "NOWHERE"]
  |                             ^^^^^^^^^^^

error: no field `NOWHERE` in record ORDER
 --> order.mapping.toml:6:42
  |
6 | unmapped = ["SHELF", "TAG", "TAG-COUNT", "NOWHERE"]
  |                                          ^^^^^^^^^

error: ORDER-ID, STATUS-CODE, LINE.MATERIAL of record ORDER-REQUEST are neither written by a rule nor declared unmapped
 --> order.mapping.toml:5:6
  |
5 | to = "record:ORDER"
  |      ^^^^^^^^^^^^^^
  |
  = help: give each a rule with to = "ORDER-ID", or name it in unmapped

error: there is no copybook "ORDERS"
  --> order.mapping.toml:21:8
   |
21 | from = "record:ORDERS"
   |        ^^^^^^^^^^^^^^^
   |
   = help: did you mean "ORDER"?
"#);
    insta::assert_snapshot!(faults(r#"
version = 1
[request]
from = "query"
to = "xml"
namespaces = { o = "urn:o" }
fields = [
  { from = "/a", to = "/p:one/x" },
  { from = "/b", to = "/two/@y/z" },
  { from = "/c", to = "/two" },
  { from = "/c", to = "/three", default = 1.5 },
]
[response]
from = "query"
to = "json"
method = "GET"
fields = [{ from = "/a", to = "/a", when = { from = "/a" }, otherwise = 1 }]
"#), @r#"
error: no namespace has the prefix `p`
 --> order.mapping.toml:8:23
  |
8 |   { from = "/a", to = "/p:one/x" },
  |                       ^^^^^^^^^^

error: nothing can be within an attribute
 --> order.mapping.toml:9:23
  |
9 |   { from = "/b", to = "/two/@y/z" },
  |                       ^^^^^^^^^^^

error: a number with a point has no exact value here
  --> order.mapping.toml:11:43
   |
11 |   { from = "/c", to = "/three", default = 1.5 },
   |                                           ^^^
   |
   = help: write it in quotes, and type = "number"

error: an answer has no query
  --> order.mapping.toml:14:8
   |
14 | from = "query"
   |        ^^^^^^^

error: wanted `from` and one of: is, not, present
  --> order.mapping.toml:17:44
   |
17 | fields = [{ from = "/a", to = "/a", when = { from = "/a" }, otherwise = 1 }]
   |                                            ^^^^^^^^^^^^^^^

error: wanted the method that the backend is asked with
  --> order.mapping.toml:16:10
   |
16 | method = "GET"
   |          ^^^^^
"#);
}

#[test]
fn a_text_gets_its_own_code_and_not_that_of_the_same_number() {
    let one = mapping(
        r#"version = 1
[request]
from = "json"
to = "json"
fields = [{ from = "/c", to = "/d", codes = { "01" = "first", "1" = "second", "1E1" = "third", "10" = "fourth", "07" = "fifth" } }]
"#,
    );
    let program = one.request.as_ref().unwrap();
    let told = [r#""01""#, r#""1""#, r#""10""#, r#""1E1""#, "1", "7"]
        .map(|code| made(program, format!(r#"{{"c":{code}}}"#)));
    assert_eq!(
        told.join(" "),
        r#"{"d":"first"} {"d":"second"} {"d":"fourth"} {"d":"third"} {"d":"second"} {"d":"fifth"}"#
    );
    insta::assert_snapshot!(made(program, r#"{"c":"7"}"#), @"does_not_fit: /c: a value that the mapping has no code for");
}

#[test]
fn what_came_with_a_message_under_any_name_does_not_become_markup() {
    let into = |format: &str, to: &str| {
        let rule = format!(r#"{{ from = "/c", to = "{to}", type = "any" }}"#);
        format!("version = 1\n[request]\nfrom = \"json\"\nto = \"{format}\"\nfields = [{rule}]\n")
    };
    for (format, to) in [
        ("xml", "/o/c"),
        ("soap", "/o/c"),
        ("form", "/c"),
        ("query", "/c"),
    ] {
        let told = faults(&into(format, to));
        assert!(
            told.contains("\"any\" goes into JSON alone"),
            "{format}: {told}"
        );
    }
    assert!(mapping(&into("json", "/c")).request.is_some());
}
