//! The text of an Avro schema, attributes in the order in which Avro's Java library writes them.

use super::{Annotations, AvroOptions, split};
use crate::schema::names::{Taken, sanitised};
use crate::schema::scalar::{Scalar, TimeUnit};
use crate::schema::shape::{Member, What};

/// The whole schema.
pub(super) fn schema(members: &[Member<'_>], full_name: &str, options: &AvroOptions) -> String {
    let (namespace, name) = split(full_name);
    let mut writer = Writer {
        out: String::new(),
        annotations: options.annotations,
        taken: Taken::default(),
    };
    let name = writer.taken.unique(name);
    let mut extra = String::new();
    if options.annotations == Annotations::Connect {
        extra.push_str(",\"connect.name\":");
        quote(full_name, &mut extra);
    }
    writer.record(&name, &namespace, members, &extra);
    writer.out
}

struct Writer {
    out: String,
    annotations: Annotations,
    /// Names of records: all are in the namespace of the outermost.
    taken: Taken,
}

impl Writer {
    /// `extra` are attributes with a comma in front.
    fn record(&mut self, name: &str, namespace: &str, members: &[Member<'_>], extra: &str) {
        self.out.push_str("{\"type\":\"record\",\"name\":\"");
        self.out.push_str(name);
        self.out.push('"');
        if !namespace.is_empty() {
            self.out.push_str(",\"namespace\":\"");
            self.out.push_str(namespace);
            self.out.push('"');
        }
        self.out.push_str(",\"fields\":[");
        // An alias must be no other field's name or alias.
        let mut known = Taken::default();
        for member in members {
            known.unique(member.name.clone());
        }
        for (index, member) in members.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            self.field(name, member, &mut known);
        }
        self.out.push(']');
        self.out.push_str(extra);
        self.out.push('}');
    }

    fn field(&mut self, record: &str, member: &Member<'_>, known: &mut Taken) {
        self.out.push_str("{\"name\":\"");
        self.out.push_str(&member.name);
        self.out.push_str("\",\"type\":");
        self.nullable(member.optional, |writer| {
            if member.is_table() {
                writer.out.push_str("{\"type\":\"array\",\"items\":");
                writer.nullable(member.item_optional, |writer| {
                    writer.item(record, member, "");
                });
                let doc = writer.connect_doc(member);
                writer.out.push_str(&doc);
                writer.out.push('}');
            } else {
                let doc = writer.connect_doc(member);
                writer.item(record, member, &doc);
            }
        });
        if self.annotations == Annotations::Avro
            && let Some(text) = member.field.description()
        {
            self.out.push_str(",\"doc\":");
            quote(text, &mut self.out);
        }
        if member.optional {
            self.out.push_str(",\"default\":null");
        }
        match self.annotations {
            Annotations::Avro => self.alias(member, known),
            Annotations::Connect => self.own_name(member),
        }
        self.out.push('}');
    }

    /// What the field is called where Avro does not accept that name, so that readers can give it back.
    fn own_name(&mut self, member: &Member<'_>) {
        if member.field.label() != member.name {
            self.out.push_str(",\"figway.name\":");
            quote(member.field.label(), &mut self.out);
        }
    }

    /// The COBOL name where the meaning gives another, so that data written before that name was given still reads.
    fn alias(&mut self, member: &Member<'_>, known: &mut Taken) {
        let cobol = sanitised(member.field.name());
        if member.field.label() != member.field.name()
            && !member.field.is_filler()
            && known.take(&cobol)
        {
            self.out.push_str(",\"aliases\":[\"");
            self.out.push_str(&cobol);
            self.out.push_str("\"]");
        }
    }

    fn nullable(&mut self, optional: bool, write: impl FnOnce(&mut Writer)) {
        if optional {
            self.out.push_str("[\"null\",");
        }
        write(self);
        if optional {
            self.out.push(']');
        }
    }

    /// The description as an attribute of the type, where Connect has it.
    fn connect_doc(&self, member: &Member<'_>) -> String {
        let mut out = String::new();
        if self.annotations == Annotations::Connect
            && let Some(text) = member.field.description()
        {
            out.push_str(",\"connect.doc\":");
            quote(text, &mut out);
        }
        out
    }

    fn item(&mut self, record: &str, member: &Member<'_>, doc: &str) {
        match &member.what {
            What::Group(members) => {
                // A name by place: one that is counted would change when a group is put in before it.
                let name = self.taken.unique(format!("{record}_{}", member.name));
                self.record(&name, "", members, doc);
            }
            What::Scalar(scalar) => match self.annotations {
                Annotations::Avro if member.field.is_enum() => {
                    let name = self.taken.unique(format!("{record}_{}", member.name));
                    self.symbols(&name, member.field.names());
                }
                Annotations::Avro => self.scalar(*scalar),
                Annotations::Connect => self.connect_scalar(*scalar, doc),
            },
        }
    }

    fn symbols(&mut self, name: &str, names: &[String]) {
        self.out.push_str(&format!(
            "{{\"type\":\"enum\",\"name\":\"{name}\",\"symbols\":["
        ));
        let mut taken = Taken::default();
        for (index, name) in names.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            let symbol = taken.unique(sanitised(name));
            self.out.push_str(&format!("\"{symbol}\""));
        }
        self.out.push_str("]}");
    }

    fn scalar(&mut self, scalar: Scalar) {
        match scalar {
            Scalar::Decimal { precision, scale } => self.out.push_str(&format!(
                "{{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":{precision},\"scale\":{scale}}}"
            )),
            Scalar::Date => self
                .out
                .push_str("{\"type\":\"int\",\"logicalType\":\"date\"}"),
            Scalar::Time(TimeUnit::Milli) => self
                .out
                .push_str("{\"type\":\"int\",\"logicalType\":\"time-millis\"}"),
            Scalar::Time(TimeUnit::Micro) => self
                .out
                .push_str("{\"type\":\"long\",\"logicalType\":\"time-micros\"}"),
            Scalar::Timestamp(unit @ (TimeUnit::Milli | TimeUnit::Micro)) => {
                let unit = if unit == TimeUnit::Milli {
                    "millis"
                } else {
                    "micros"
                };
                self.out.push_str(&format!(
                    "{{\"type\":\"long\",\"logicalType\":\"local-timestamp-{unit}\"}}"
                ));
            }
            plain => {
                self.out.push('"');
                self.out.push_str(base(plain));
                self.out.push('"');
            }
        }
    }

    fn connect_scalar(&mut self, scalar: Scalar, doc: &str) {
        let rest = match scalar {
            Scalar::Int16 => format!("{doc},\"connect.type\":\"int16\""),
            Scalar::Decimal { precision, scale } => format!(
                ",\"scale\":{scale},\"precision\":{precision}{doc},\"connect.version\":1,\"connect.parameters\":\
                 {{\"scale\":\"{scale}\",\"connect.decimal.precision\":\"{precision}\"}},\
                 \"connect.name\":\"org.apache.kafka.connect.data.Decimal\",\"logicalType\":\"decimal\""
            ),
            Scalar::Date => {
                format!("{doc},\"connect.version\":1,\"connect.name\":\"io.debezium.time.Date\"")
            }
            Scalar::Time(unit) | Scalar::Timestamp(unit) => {
                let what = if matches!(scalar, Scalar::Time(_)) {
                    "Time"
                } else {
                    "Timestamp"
                };
                let unit = match unit {
                    TimeUnit::Milli => "",
                    TimeUnit::Micro => "Micro",
                    TimeUnit::Nano => "Nano",
                };
                format!(
                    "{doc},\"connect.version\":1,\"connect.name\":\"io.debezium.time.{unit}{what}\""
                )
            }
            _ => doc.to_owned(),
        };
        let name = base(scalar);
        if rest.is_empty() {
            self.out.push_str(&format!("\"{name}\""));
        } else {
            self.out.push_str(&format!("{{\"type\":\"{name}\"{rest}}}"));
        }
    }
}

/// The primitive type that carries a scalar.
fn base(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Boolean => "boolean",
        Scalar::Int16 | Scalar::Int32 | Scalar::Date | Scalar::Time(TimeUnit::Milli) => "int",
        Scalar::Int64 | Scalar::Time(_) | Scalar::Timestamp(_) => "long",
        Scalar::Decimal { .. } | Scalar::Bytes => "bytes",
        Scalar::Double => "double",
        Scalar::String => "string",
    }
}

/// A text in quotes, escaped as Java's Jackson does it.
pub(crate) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control if control < ' ' => out.push_str(&format!("\\u{:04X}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
}
