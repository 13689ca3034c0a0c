//! `figway routes export` and `apply`: modes from the gateway into a file, and from a file to the gateway.

use std::path::Path;

use anyhow::Context;
use gateway::admin::client::{Client, ClientError};
use gateway::admin::export;
use gateway::admin::view::{ChangeRequest, Changed, Routes, SetMode};
use gateway::config::Resolved;
use serde_json::json;

use super::{segment, typed};
use crate::files::Output;
use crate::terminal::Terminal;

pub(super) fn export(
    routes: &Routes,
    path: &Path,
    print: bool,
    terminal: &mut Terminal,
) -> anyhow::Result<u8> {
    let name = path.display();
    let text = std::fs::read_to_string(terminal.path(path))
        .with_context(|| format!("{name} cannot be read"))?;
    let groups = routes.groups.iter();
    let modes = groups
        .map(|group| (group.name.clone(), group.mode))
        .collect();
    let exported = export::export(&text, &modes, routes.revision)
        .with_context(|| format!("{name} cannot be brought up to date"))?;
    let Some(exported) = exported else {
        if print {
            terminal.out().write_all(text.as_bytes())?;
        } else {
            terminal.note(format_args!(
                "{name} says what is in force; nothing to write"
            ));
        }
        return Ok(crate::HELD);
    };
    if print {
        terminal.out().write_all(exported.text.as_bytes())?;
        return Ok(crate::HELD);
    }
    let mut output = Output::create(Some(path), terminal)?;
    output.write(exported.text.as_bytes())?;
    output.finish_quietly()?;
    terminal.say(format_args!(
        "{name}: revision {}, changed {}",
        exported.revision,
        exported.changed.join(", ")
    ))?;
    Ok(crate::HELD)
}

/// Proposes the file's modes one by one; each may be refused for itself.
pub(super) async fn apply(
    client: &Client,
    path: &Path,
    change: &ChangeRequest,
    as_json: bool,
    terminal: &mut Terminal,
) -> anyhow::Result<u8> {
    let file = Resolved::read(&terminal.path(path))?;
    let routes: Routes = client.get("/v1/routes").await?;
    let mut code = crate::HELD;
    let mut results = Vec::new();
    for group in file.table.groups() {
        let known = routes.groups.iter().find(|known| known.name == *group.name);
        if known.is_some_and(|known| known.mode == group.seed) {
            results.push(json!({"group": &*group.name, "result": "unchanged"}));
            continue;
        }
        let request = SetMode {
            mode: group.seed,
            change: ChangeRequest {
                // Decided on what was just looked at.
                expected: change.expected.or(known.map(|known| known.version)),
                ..change.clone()
            },
            break_glass: false,
        };
        let path = format!("/v1/groups/{}/mode", segment(&group.name));
        let answer: Result<Changed, ClientError> = client.post(&path, &request).await;
        results.push(match answer {
            Ok(changed) => {
                json!({"group": &*group.name, "result": "changed", "mode": typed(changed.mode), "version": changed.version})
            }
            Err(error) if error.code().is_some() => {
                code = crate::FAILED;
                let refused = error.code().map(str::to_owned);
                json!({"group": &*group.name, "result": "refused", "code": refused, "why": super::advised(error).to_string()})
            }
            Err(error) => return Err(error.into()),
        });
    }
    if as_json {
        super::json(&json!({ "groups": results }), terminal)?;
        return Ok(code);
    }
    for result in &results {
        let text = |name: &str| result[name].as_str().unwrap_or_default().to_owned();
        let group = text("group");
        match text("result").as_str() {
            "changed" => terminal.say(format_args!(
                "{group}: {}, version {}",
                text("mode"),
                result["version"]
            ))?,
            "refused" => terminal.say(format_args!("{group}: refused: {}", text("why")))?,
            _ => terminal.say(format_args!("{group}: as it is"))?,
        }
    }
    Ok(code)
}
