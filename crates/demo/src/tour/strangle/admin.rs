//! The gateway's admin API, as `figway routes` uses it: JSON over HTTP with a token.
//!
//! In: what is wanted. Out: what the gateway says. Every change is made by [`WHO`] and says why.

use std::net::SocketAddr;

use http::StatusCode;
use serde_json::{Value, json};

use super::client::{Answer, Ask, ask};
use crate::error::{Error, Kind, Result};

/// Who changes modes in the tour.
pub(super) const WHO: &str = "demo";

/// A gateway's admin API.
#[derive(Debug, Clone)]
pub(super) struct Admin {
    pub(super) address: SocketAddr,
    pub(super) token: String,
}

/// Whether writes that legacy lacks are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    Refused,
    Accepted,
}

/// Whether the change is for this gateway alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Everywhere,
    BreakGlass,
}

impl Admin {
    /// Asks for a change of mode: `json!({"mode":"canary","percent":10})`.
    pub(super) async fn try_set(
        &self,
        group: &str,
        mode: Value,
        why: &str,
        loss: Loss,
        reach: Reach,
    ) -> Result<Answer> {
        let body = json!({
            "mode": mode,
            "change": change(why, loss),
            "break_glass": reach == Reach::BreakGlass,
        });
        self.post(&format!("/v1/groups/{group}/mode"), &body).await
    }

    /// A change that must be made.
    pub(super) async fn set(&self, group: &str, mode: Value, why: &str, loss: Loss) -> Result<()> {
        let answer = self
            .try_set(group, mode, why, loss, Reach::Everywhere)
            .await?;
        done(&answer, &format!("{group}: {why}"))
    }

    /// Asks for the mode of an earlier version.
    pub(super) async fn try_rollback(
        &self,
        group: &str,
        to: u64,
        why: &str,
        loss: Loss,
    ) -> Result<Answer> {
        let body = json!({ "to": to, "change": change(why, loss) });
        self.post(&format!("/v1/groups/{group}/rollback"), &body)
            .await
    }

    /// A group as `figway routes list` shows it.
    pub(super) async fn group(&self, name: &str) -> Result<Value> {
        let routes = self.get("/v1/routes").await?;
        let groups = routes.pointer("/groups").and_then(Value::as_array);
        groups
            .into_iter()
            .flatten()
            .find(|group| group.get("name").and_then(Value::as_str) == Some(name))
            .cloned()
            .ok_or_else(|| Error::new(Kind::Http, format!("the gateway knows no group {name}")))
    }

    /// How the control log is reached: `following`, `out_of_reach`.
    pub(super) async fn reach(&self) -> Result<String> {
        let health = self.get("/v1/health").await?;
        Ok(text(&health, "/control/reach"))
    }

    /// What comparing found about a route, and who answered it; nothing yet is null.
    pub(super) async fn evidence(&self, route: &str) -> Result<Value> {
        let report = self.get("/v1/evidence").await?;
        let routes = report.pointer("/routes").and_then(Value::as_array);
        let found = routes
            .into_iter()
            .flatten()
            .find(|found| found.get("route").and_then(Value::as_str) == Some(route));
        Ok(found.cloned().unwrap_or_default())
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value> {
        let answer = ask(
            self.address,
            Ask {
                token: Some(&self.token),
                ..Ask::get(path)
            },
        )
        .await?;
        done(&answer, path)?;
        answer.json(path)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        ask(
            self.address,
            Ask {
                token: Some(&self.token),
                ..Ask::post(path, "application/json", body.to_string().into_bytes())
            },
        )
        .await
    }
}

fn change(why: &str, loss: Loss) -> Value {
    json!({ "who": WHO, "why": why, "accept_loss": loss == Loss::Accepted })
}

/// An answer that must be a success.
fn done(answer: &Answer, what: &str) -> Result<()> {
    if answer.status == StatusCode::OK {
        return Ok(());
    }
    Err(Error::new(
        Kind::Http,
        format!(
            "{what}: the admin API answered {} {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        ),
    ))
}

/// A number at that place; zero where there is none.
pub(super) fn number(json: &Value, pointer: &str) -> u64 {
    json.pointer(pointer)
        .and_then(Value::as_u64)
        .unwrap_or_default()
}

/// A text at that place; empty where there is none.
pub(super) fn text(json: &Value, pointer: &str) -> String {
    json.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
