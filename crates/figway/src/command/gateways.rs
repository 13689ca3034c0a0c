//! `figway gateways`: who is there, and whose keys sign. Speaks to the admin API of one of them.

use gateway::admin::view::{ChangeFleet, FleetChange, FleetView};

use super::routes::history::plain;
use super::routes::show::table;
use super::routes::{client, json, who};
use crate::args::{AdminArgs, Gateways, ReasonArgs};
use crate::terminal::Terminal;

pub(crate) fn run(args: &Gateways, terminal: &mut Terminal) -> anyhow::Result<u8> {
    ops::telemetry::init("error");
    super::runtime()?.block_on(carry_out(args, terminal))
}

async fn carry_out(args: &Gateways, terminal: &mut Terminal) -> anyhow::Result<u8> {
    let (admin, reasons, change) = match args {
        Gateways::List { admin } => {
            let client = client(admin, terminal)?;
            let answer: serde_json::Value = client.get("/v1/gateways").await?;
            if admin.json {
                return json(&answer, terminal);
            }
            return said(&client.understood(answer)?, terminal);
        }
        Gateways::Enrol {
            admin,
            gateway,
            key,
            reasons,
        } => (
            admin,
            reasons,
            FleetChange::Enrol {
                gateway: gateway.clone(),
                key: key.clone(),
            },
        ),
        Gateways::Revoke {
            admin,
            key,
            reasons,
        } => (admin, reasons, FleetChange::Revoke { key: key.clone() }),
        Gateways::Open { admin, reasons } => {
            (admin, reasons, FleetChange::Admission { open: true })
        }
        Gateways::Close { admin, reasons } => {
            (admin, reasons, FleetChange::Admission { open: false })
        }
    };
    changed(admin, reasons, change, terminal).await
}

async fn changed(
    admin: &AdminArgs,
    reasons: &ReasonArgs,
    change: FleetChange,
    terminal: &mut Terminal,
) -> anyhow::Result<u8> {
    let client = client(admin, terminal)?;
    let request = ChangeFleet {
        change,
        who: who(&client, reasons.by.as_ref()).await?,
        why: reasons.why.clone(),
        reference: reasons.change.clone(),
    };
    let answer: serde_json::Value = client.post("/v1/gateways", &request).await?;
    if admin.json {
        return json(&answer, terminal);
    }
    said(&client.understood(answer)?, terminal)
}

fn said(fleet: &FleetView, terminal: &mut Terminal) -> anyhow::Result<u8> {
    let mut list = table(&[
        "GATEWAY", "HEARD", "ENTRY", "HASH", "FILE", "VERSION", "KEY",
    ]);
    for one in &fleet.gateways {
        let (entry, hash) = match one.position {
            Some(position) => (
                position.offset.to_string(),
                position.hash.to_string().chars().take(16).collect(),
            ),
            None => ("-".to_owned(), "-".to_owned()),
        };
        let enrolled = if one.enrolled { "" } else { ", not enrolled" };
        list.add_row([
            plain(&one.name),
            format!("{} ms ago", one.heard_ms),
            entry,
            hash,
            format!("revision {}", one.revision),
            plain(&one.version),
            format!("{}{enrolled}", one.key),
        ]);
    }
    terminal.say(list.trim_fmt())?;
    terminal.say(match (fleet.gateways.len(), fleet.agree) {
        (1, _) => "one gateway",
        (_, true) => "all have folded the same entries to the same hash",
        (_, false) => "not all have folded the same entry yet; look again",
    })?;
    let mut list = table(&[
        "KEY",
        "SIGNS FOR",
        "SINCE ENTRY",
        "ENROLLED BY",
        "PUBLIC KEY",
    ]);
    for key in &fleet.keys {
        let until = key.revoked.map(|at| format!(", revoked by {at}"));
        list.add_row([
            key.id.clone(),
            plain(&key.gateway),
            format!("{}{}", key.offset, until.unwrap_or_default()),
            plain(&key.by),
            key.key.clone(),
        ]);
    }
    terminal.say(list.trim_fmt())?;
    terminal.say(if fleet.open {
        "a gateway may enrol its own key"
    } else {
        "a gateway may not enrol its own key"
    })?;
    Ok(crate::HELD)
}
