//! `figway proposals`: what waits for approval, and what people say of it. Speaks to the admin API of one gateway.

use gateway::admin::view::{
    ApproveProposal, Approved, Changed, EventHappened, ProposalView, ProposeMode, RejectProposal,
};

use super::routes::history::plain;
use super::routes::show::table;
use super::routes::{
    advised, client, json, parse_mode, requested, say_changed, segment, typed, who,
};
use crate::args::{AdminArgs, Proposals, ReasonArgs};
use crate::terminal::Terminal;

pub(crate) fn run(args: &Proposals, terminal: &mut Terminal) -> anyhow::Result<u8> {
    ops::telemetry::init("error");
    super::runtime()?.block_on(carry_out(args, terminal))
}

async fn carry_out(args: &Proposals, terminal: &mut Terminal) -> anyhow::Result<u8> {
    match args {
        Proposals::List { admin } => {
            let client = client(admin, terminal)?;
            let answer: serde_json::Value = client.get("/v1/proposals").await?;
            listed(&client, answer, admin, terminal)
        }
        Proposals::Open {
            admin,
            group,
            mode,
            evidence,
            change,
        } => {
            let client = client(admin, terminal)?;
            let request = ProposeMode {
                mode: parse_mode(mode)?,
                evidence: evidence.clone(),
                change: requested(&client, change).await?,
            };
            let path = format!("/v1/groups/{}/proposals", segment(group));
            let opened = client.post(&path, &request).await;
            let proposal: ProposalView = opened.map_err(advised)?;
            if admin.json {
                return json(&serde_json::to_value(&proposal)?, terminal);
            }
            terminal.say(waiting(&proposal))?;
            terminal.say(format_args!(
                "others approve it by: figway proposals approve {} --name NAME --why TEXT",
                proposal.id
            ))?;
            Ok(crate::HELD)
        }
        Proposals::Approve {
            admin,
            id,
            name,
            meaning,
            reasons,
        } => {
            let client = client(admin, terminal)?;
            let request = ApproveProposal {
                who: reasons.by.clone(),
                name: name.clone(),
                meaning: meaning.clone(),
                why: reasons.why.clone(),
                reference: reasons.change.clone(),
            };
            let path = format!("/v1/proposals/{}/approve", segment(id));
            let approved = client.post(&path, &request).await?;
            said(&approved, admin, terminal)
        }
        Proposals::Reject { admin, id, reasons } => {
            let client = client(admin, terminal)?;
            let request = RejectProposal {
                who: who(&client, reasons.by.as_ref()).await?,
                why: reasons.why.clone(),
                reference: reasons.change.clone(),
            };
            let path = format!("/v1/proposals/{}/reject", segment(id));
            let answer: serde_json::Value = client.post(&path, &request).await?;
            listed(&client, answer, admin, terminal)
        }
        Proposals::Make { admin, id } => {
            let path = format!("/v1/proposals/{}/make", segment(id));
            let made = client(admin, terminal)?.post(&path, &()).await;
            let changed: Changed = made.map_err(advised)?;
            say_changed(&changed, admin.json, terminal)
        }
        Proposals::Happened {
            admin,
            group,
            event,
            reasons,
        } => happened(admin, group, event, reasons, terminal).await,
    }
}

async fn happened(
    admin: &AdminArgs,
    group: &str,
    event: &str,
    reasons: &ReasonArgs,
    terminal: &mut Terminal,
) -> anyhow::Result<u8> {
    let client = client(admin, terminal)?;
    let request = EventHappened {
        event: event.to_owned(),
        who: who(&client, reasons.by.as_ref()).await?,
        why: reasons.why.clone(),
        reference: reasons.change.clone(),
    };
    let path = format!("/v1/groups/{}/events", segment(group));
    let answer: serde_json::Value = client.post(&path, &request).await?;
    if admin.json {
        return json(&answer, terminal);
    }
    terminal.say(format_args!(
        "{}: {} is in the control log",
        plain(group),
        plain(event)
    ))?;
    Ok(crate::HELD)
}

fn said(approved: &Approved, admin: &AdminArgs, terminal: &mut Terminal) -> anyhow::Result<u8> {
    if admin.json {
        return json(&serde_json::to_value(approved)?, terminal);
    }
    match (&approved.made, &approved.not_made) {
        (Some(changed), _) => say_changed(changed, false, terminal),
        (None, Some(problem)) => {
            terminal.say(format_args!(
                "approved, and not made: {}; make it with: figway proposals make {}",
                problem.title, approved.proposal.id
            ))?;
            Ok(crate::FAILED)
        }
        (None, None) => {
            terminal.say(waiting(&approved.proposal))?;
            Ok(crate::HELD)
        }
    }
}

fn waiting(proposal: &ProposalView) -> String {
    format!(
        "{}: {} is proposed in place of {}, and waits for {} of {} approvals until {}",
        plain(&proposal.group),
        typed(proposal.to),
        typed(proposal.from),
        proposal.wanting,
        proposal.approvals,
        proposal.until
    )
}

fn listed(
    client: &gateway::admin::client::Client,
    answer: serde_json::Value,
    admin: &AdminArgs,
    terminal: &mut Terminal,
) -> anyhow::Result<u8> {
    if admin.json {
        return json(&answer, terminal);
    }
    let found: gateway::admin::view::Proposals = client.understood(answer)?;
    if found.proposals.is_empty() {
        terminal.say("nothing waits for approval")?;
        return Ok(crate::HELD);
    }
    let mut list = table(&[
        "PROPOSAL",
        "GROUP",
        "FROM",
        "TO",
        "BY",
        "WHY",
        "APPROVED BY",
        "WAITS FOR",
        "UNTIL",
    ]);
    for one in &found.proposals {
        let names = one.approved.iter().map(|approval| approval.by.as_str());
        list.add_row([
            one.id.clone(),
            plain(&one.group),
            typed(one.from),
            typed(one.to),
            plain(&one.by),
            plain(&one.why),
            plain(&names.collect::<Vec<_>>().join(", ")),
            one.wanting.to_string(),
            plain(&one.until),
        ]);
    }
    terminal.say(list.trim_fmt())?;
    Ok(crate::HELD)
}
