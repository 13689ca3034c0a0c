//! `figway routes`: what a running gateway does with requests, and changing it. Speaks to the admin API and to nobody else.

mod evidence;
mod file;
pub(super) mod history;
mod parked;
pub(super) mod show;

use std::io::Read;

use anyhow::{Context, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use gateway::admin::client::{Client, ClientError};
use gateway::admin::explain::by_file;
use gateway::admin::view::{
    ChangeRequest, Changed, ClearEvidence, ExplainCertificate, ExplainRequest, ExplainTls,
    Explained, Me, Rollback, Routes, SetMode,
};
use gateway::back::Wanted;
use gateway::config::Resolved;
use gateway::identity::How;
use gateway::mode::Mode;
use gateway::tls::{ClientSpec, Pair, Trust};
use ops::Setting;

use crate::args;
use crate::files::Input;
use crate::terminal::Terminal;

/// Where the admin API is, if no option says it.
const ADMIN: &str = "FIGWAY_ADMIN";
/// Where it is if nothing says it: what the sample `routes.toml` has.
const ADMIN_HERE: &str = "http://127.0.0.1:8081";
/// Where the token is, if no file is named.
const TOKEN: &str = "FIGWAY_ADMIN_TOKEN";
/// The largest body that is explained, bytes.
const MAX_BODY: u64 = 2 << 20;

pub(crate) fn run(args: &args::Routes, terminal: &mut Terminal) -> anyhow::Result<u8> {
    ops::telemetry::init("error");
    super::runtime()?.block_on(carry_out(args, terminal))
}

async fn carry_out(args: &args::Routes, terminal: &mut Terminal) -> anyhow::Result<u8> {
    match args {
        args::Routes::List { admin } => list(admin, terminal).await,
        args::Routes::Explain {
            admin,
            method,
            target,
            headers,
            body,
            file,
            asker,
            all,
        } => {
            let request = ExplainRequest {
                method: method.clone(),
                target: target.clone(),
                headers: parsed(headers)?,
                body: body
                    .as_deref()
                    .map(|path| read(path, terminal))
                    .transpose()?,
                client: asker.client.clone(),
                at: asker.at.clone(),
                tls: tls(asker),
            };
            if let Some(file) = file {
                let resolved = Resolved::read(&terminal.path(file))?;
                let explained = by_file(&resolved, &request).map_err(anyhow::Error::msg)?;
                if admin.json {
                    return json(&serde_json::to_value(&explained)?, terminal);
                }
                return show::explained(&explained, *all, terminal);
            }
            let client = client(admin, terminal)?;
            let answer: serde_json::Value = client.post("/v1/explain", &request).await?;
            if admin.json {
                return json(&answer, terminal);
            }
            let explained: Explained = client.understood(answer)?;
            show::explained(&explained, *all, terminal)
        }
        args::Routes::Set {
            admin,
            group,
            mode,
            change,
            break_glass,
        } => {
            let mode = parse_mode(mode)?;
            let client = client(admin, terminal)?;
            let request = SetMode {
                mode,
                change: requested(&client, change).await?,
                break_glass: *break_glass,
            };
            let path = format!("/v1/groups/{}/mode", segment(group));
            let changed = client.post(&path, &request).await;
            say_changed(&changed.map_err(advised)?, admin.json, terminal)
        }
        args::Routes::Rollback {
            admin,
            group,
            to,
            change,
        } => {
            let client = client(admin, terminal)?;
            let request = Rollback {
                to: *to,
                change: requested(&client, change).await?,
            };
            let path = format!("/v1/groups/{}/rollback", segment(group));
            let changed = client.post(&path, &request).await;
            say_changed(&changed.map_err(advised)?, admin.json, terminal)
        }
        args::Routes::History {
            admin,
            group,
            last,
            verify,
        } => {
            let wanted = history::Wanted {
                group: group.as_deref(),
                last: *last,
                verify: *verify,
                json: admin.json,
            };
            history::run(&client(admin, terminal)?, &wanted, terminal).await
        }
        args::Routes::Backends { admin } => {
            let client = client(admin, terminal)?;
            let answer: serde_json::Value = client.get("/v1/backends").await?;
            if admin.json {
                return json(&answer, terminal);
            }
            show::backends(&client.understood(answer)?, terminal)
        }
        args::Routes::Parked { admin, group } => {
            parked::list(&client(admin, terminal)?, group, admin.json, terminal).await
        }
        args::Routes::Retry {
            admin,
            write,
            in_doubt,
        } => {
            let client = client(admin, terminal)?;
            let wish = parked::Wish {
                write,
                what: Wanted::Retry,
                in_doubt: *in_doubt,
            };
            parked::decide(&client, &wish, admin.json, terminal).await
        }
        args::Routes::Skip { admin, write } => {
            let client = client(admin, terminal)?;
            let wish = parked::Wish {
                write,
                what: Wanted::Skip,
                in_doubt: true,
            };
            parked::decide(&client, &wish, admin.json, terminal).await
        }
        args::Routes::Evidence {
            admin,
            route,
            this,
            clear,
            group,
            why,
            by,
            change,
        } => {
            let client = client(admin, terminal)?;
            if *clear {
                let request = ClearEvidence {
                    route: route.clone(),
                    group: group.clone(),
                    who: who(&client, by.as_ref()).await?,
                    why: why.clone().unwrap_or_default(),
                    reference: change.clone(),
                };
                if request.route.is_none() && request.group.is_none() {
                    bail!("whose evidence? name a route, or a group with --group");
                }
                return evidence::clear(&client, &request, admin.json, terminal).await;
            }
            let of = if *this { "this" } else { "fleet" };
            let path = match route {
                Some(route) => format!("/v1/evidence?of={of}&route={}", segment(route)),
                None => format!("/v1/evidence?of={of}"),
            };
            let report: serde_json::Value = client.get(&path).await?;
            if admin.json {
                return json(&report, terminal);
            }
            evidence::evidence(&report, terminal)
        }
        args::Routes::Export { admin, file, print } => {
            let routes: Routes = client(admin, terminal)?.get("/v1/routes").await?;
            file::export(&routes, file, *print, terminal)
        }
        args::Routes::Apply {
            admin,
            file,
            change,
        } => {
            let client = client(admin, terminal)?;
            let change = requested(&client, change).await?;
            file::apply(&client, file, &change, admin.json, terminal).await
        }
    }
}

/// The TLS that is described, if any of it is.
fn tls(asker: &args::AskerArgs) -> Option<ExplainTls> {
    let shown = asker.subject.is_some() || !asker.names.is_empty() || asker.fingerprint.is_some();
    let certificate = shown.then(|| ExplainCertificate {
        subject: asker.subject.clone().unwrap_or_default(),
        names: asker.names.clone(),
        fingerprint: asker.fingerprint.clone(),
    });
    (asker.tls.is_some() || shown).then(|| ExplainTls {
        server_name: asker.tls.clone().filter(|name| !name.is_empty()),
        certificate,
    })
}

async fn list(admin: &args::AdminArgs, terminal: &mut Terminal) -> anyhow::Result<u8> {
    let client = client(admin, terminal)?;
    let answer: serde_json::Value = client.get("/v1/routes").await?;
    if admin.json {
        return json(&answer, terminal);
    }
    show::routes(&client.understood(answer)?, terminal)
}

/// An error of the API, with the option that makes the change all the same.
pub(super) fn advised(error: ClientError) -> anyhow::Error {
    if matches!(error.code(), Some("loss_not_accepted" | "not_back")) {
        anyhow::anyhow!("{error}, with --accept-loss")
    } else {
        error.into()
    }
}

pub(super) fn client(admin: &args::AdminArgs, terminal: &Terminal) -> anyhow::Result<Client> {
    let token = match &admin.token_file {
        Some(file) => Setting::File(terminal.path(file).display().to_string()),
        None => Setting::Environment(TOKEN.to_owned()),
    };
    let token = match token.resolve() {
        Ok(token) => Some(token),
        // Who has a certificate needs no token.
        Err(_) if admin.certificate.is_some() && admin.token_file.is_none() => None,
        Err(error) => {
            return Err(error).with_context(|| {
                format!("the gateway wants its admin token: set {TOKEN} or name a file with --token-file")
            });
        }
    };
    let named = admin.admin.clone().or_else(|| std::env::var(ADMIN).ok());
    let mut spec = ClientSpec::default();
    if let Some(ca) = &admin.ca {
        spec.trust = Trust::Ca(terminal.path(ca));
    }
    spec.pair = admin.certificate.as_ref().map(|certificate| Pair {
        certificate: terminal.path(certificate),
        key: terminal.path(admin.key.as_ref().unwrap_or(certificate)),
    });
    let url = named.as_deref().unwrap_or(ADMIN_HERE);
    Ok(Client::with_tls(url, token, &spec)?)
}

/// A mode as it is typed: `canary:10` or `canary 10`, else one word.
pub(super) fn parse_mode(words: &[String]) -> anyhow::Result<Mode> {
    let words: Vec<&str> = words.iter().flat_map(|word| word.split(':')).collect();
    Ok(match words.as_slice() {
        ["legacy"] => Mode::Legacy,
        ["shadow"] => Mode::Shadow,
        ["modern"] => Mode::Modern,
        ["retired"] => Mode::Retired,
        ["canary", percent] => {
            let number = percent.strip_suffix('%').unwrap_or(percent);
            let number: u8 = number.parse().with_context(|| {
                format!("wanted a percentage such as canary:10, got {percent:?}")
            })?;
            Mode::Canary {
                percent: number.try_into()?,
            }
        }
        _ => bail!(
            "wanted a mode: legacy, shadow, canary:10, modern or retired; got {:?}",
            words.join(" ")
        ),
    })
}

/// As it is typed.
pub(super) fn typed(mode: Mode) -> String {
    match mode {
        Mode::Canary { percent } => format!("canary:{}", percent.get()),
        Mode::Legacy | Mode::Shadow | Mode::Modern | Mode::Retired => mode.to_string(),
    }
}

pub(super) async fn requested(
    client: &Client,
    change: &args::ChangeArgs,
) -> anyhow::Result<ChangeRequest> {
    let reasons = &change.reasons;
    Ok(ChangeRequest {
        who: who(client, reasons.by.as_ref()).await?,
        why: reasons.why.clone(),
        reference: reasons.change.clone(),
        expected: change.expect,
        accept_loss: change.accept_loss,
    })
}

/// Who wants it: as said, or with a token that all share who is logged in. With a token of somebody's own the gateway knows.
pub(super) async fn who(client: &Client, by: Option<&String>) -> anyhow::Result<Option<String>> {
    if let Some(by) = by {
        return Ok(Some(by.clone()));
    }
    let me: Me = client.get("/v1/me").await?;
    if me.how != How::Shared.as_str() {
        return Ok(None);
    }
    let who = super::cdc::login().context("who wants it? say it with --by NAME")?;
    Ok(Some(who))
}

pub(super) fn say_changed(
    changed: &Changed,
    as_json: bool,
    terminal: &mut Terminal,
) -> anyhow::Result<u8> {
    if as_json {
        return json(&serde_json::to_value(changed)?, terminal);
    }
    let mode = typed(changed.mode);
    match changed.position {
        Some(position) => terminal.say(format_args!(
            "{}: {mode}, version {}; entry {} of the control log",
            changed.group, changed.version, position.offset
        ))?,
        None => terminal.say(format_args!(
            "{}: {mode} on this gateway alone; the control log gets it when it is back",
            changed.group
        ))?,
    }
    if let Some(loss) = changed.loss {
        terminal.say(format_args!("legacy lacks {loss}; that is in the log"))?;
    }
    Ok(crate::HELD)
}

pub(super) fn json(value: &serde_json::Value, terminal: &mut Terminal) -> anyhow::Result<u8> {
    terminal.say(serde_json::to_string_pretty(value)?)?;
    Ok(crate::HELD)
}

fn parsed(headers: &[String]) -> anyhow::Result<Vec<(String, String)>> {
    let mut parsed = Vec::new();
    for header in headers {
        let Some((name, value)) = header.split_once(':') else {
            bail!("wanted a header as \"x-tran: LOTI\", got {header:?}");
        };
        parsed.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    Ok(parsed)
}

fn read(path: &std::path::Path, terminal: &Terminal) -> anyhow::Result<String> {
    let mut body = Vec::new();
    Input::open(path, terminal)?
        .take(MAX_BODY + 1)
        .read_to_end(&mut body)?;
    if u64::try_from(body.len()).is_ok_and(|length| length > MAX_BODY) {
        bail!("{} is larger than {MAX_BODY} bytes", path.display());
    }
    Ok(BASE64_STANDARD.encode(body))
}

/// A name as a segment of a path or a value of a query (RFC 3986): everything but unreserved characters is escaped.
pub(super) fn segment(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests;
