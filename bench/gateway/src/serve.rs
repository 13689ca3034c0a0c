//! What Figway is told, and what it tells.

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::peers::{Listens, Stage};

/// A table of that many routes, of which clients ask the last two; `mode` is theirs.
pub fn routes(
    stage: &Stage<'_>,
    at: Listens,
    admin: SocketAddr,
    name: &str,
    routes: usize,
    mode: &str,
) -> String {
    let (folder, origin) = (stage.folder.display(), stage.origin);
    let https = match stage.tls {
        true => format!(
            "https = \"{}\"\n[[listen.certificates]]\ncertificate = \"{folder}/both.pem\"",
            at.tls
        ),
        false => String::new(),
    };
    let mut text = format!(
        r#"version = 1
revision = 1
[listen]
http = "{}"
{https}
[admin]
listen = "{admin}"
token = "env:BENCH_TOKEN"
[control]
store = "file"
directory = "{folder}/var-{name}"
[backends.old]
http = "http://{origin}"
[backends.new]
http = "http://{origin}"
[groups.others]
mode = "legacy"
"#,
        at.plain
    );
    for other in 0..routes.saturating_sub(2) {
        text.push_str(&format!(
            r#"[[routes]]
name = "other-{other}"
match = {{ method = "GET", path = "/area-{}/item-{other}/{{key}}" }}
group = "others"
legacy = "old"
"#,
            other % 97
        ));
    }
    for (name, path) in [("lots", "/lots"), ("lot", "/lots/{lot}")] {
        text.push_str(&format!(
            r#"[[routes]]
name = "{name}"
match = {{ path = "{path}" }}
effect = "read"
mode = "{mode}"
legacy = "old"
"#
        ));
        if mode != "legacy" {
            text.push_str("modern = \"new\"\n");
        }
    }
    text
}

/// The same with what a file can switch on for each request, none of it ever refusing one: a line in the access log, limits of the gateway and of
/// the route, one's own identity and fields for the backend, a client that is trusted, a trace.
pub fn with_options(stage: &Stage<'_>, text: &str) -> String {
    let folder = stage.folder.display();
    let limits =
        "requests = 5000, rates = [{ of = \"client\", requests = 1000000, within = \"1s\" }]";
    text.replace(
        "[listen]\n",
        &format!(
            r#"[access_log]
file = "{folder}/access.log"
[limits]
requests = 5000
rates = [{{ of = "all", requests = 1000000, within = "1s" }}]
[listen]
trusted = ["127.0.0.0/8"]
request_id = "X-Request-Id"
trace = "make"
"#
        ),
    )
    .replace(
        "[backends.old]\n",
        "[backends.old]\nidentity = { user = \"FIGWAY\", password = \"env:BENCH_TOKEN\", headers = { X-Client = \"address\" } }\n",
    )
    .replace(
        "effect = \"read\"\n",
        &format!(
            "effect = \"read\"\nlimits = {{ {limits} }}\nrequest_headers = {{ remove = [\"X-Debug\"], set = {{ X-Gateway = \"figway\" }} }}\n"
        ),
    )
}

/// How many answers were compared, and how many mirrored requests were dropped, since the start.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mirrored {
    pub compared: u64,
    pub dropped: u64,
}

/// Asks the admin API.
pub async fn mirrored(admin: SocketAddr) -> anyhow::Result<Mirrored> {
    let mut stream = TcpStream::connect(admin).await?;
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n")
        .await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    let sum = |metric: &str| -> anyhow::Result<u64> {
        let mut sum = 0;
        for line in text.lines().filter(|line| line.starts_with(metric)) {
            let value = line
                .rsplit(' ')
                .next()
                .context("a metric without a value")?;
            sum += value.parse::<u64>()?;
        }
        Ok(sum)
    };
    Ok(Mirrored {
        compared: sum("figway_mirrors_total{")?,
        dropped: sum("figway_mirrors_dropped_total{")?,
    })
}
