//! What a person asks for: a mode or an earlier version, as it stands in addresses and forms, and the command that does the same. Pure.

use serde::Deserialize;

use super::text::quoted;
use crate::mode::{Mode, Percent};

/// A mode as a form names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Target {
    /// `legacy`, `shadow`, `canary`, `modern`, `retired`.
    pub(super) to: String,
    /// Of a canary; whatever stands there for other modes says nothing.
    #[serde(default)]
    pub(super) percent: Option<String>,
}

impl Target {
    /// Each of them, in the order of a migration.
    pub(super) fn all(percent: u8) -> Vec<Self> {
        let each = ["legacy", "shadow", "canary", "modern", "retired"];
        each.map(|to| Self {
            to: to.to_owned(),
            percent: (to == "canary").then(|| percent.to_string()),
        })
        .into()
    }

    /// The mode; none if it says none.
    pub(super) fn mode(&self) -> Option<Mode> {
        match self.to.as_str() {
            "legacy" => Some(Mode::Legacy),
            "shadow" => Some(Mode::Shadow),
            "canary" => {
                let number: u8 = self.percent.as_deref()?.trim().parse().ok()?;
                let percent = Percent::try_from(number).ok()?;
                Some(Mode::Canary { percent })
            }
            "modern" => Some(Mode::Modern),
            "retired" => Some(Mode::Retired),
            _ => None,
        }
    }
}

/// What the button of a change is named by.
pub(super) fn act(mode: Mode) -> String {
    match mode {
        Mode::Legacy => "Send everything to legacy".to_owned(),
        Mode::Shadow => "Let legacy answer, ask new as well".to_owned(),
        Mode::Canary { percent } => format!("Send {} % to new", percent.get()),
        Mode::Modern => "Send everything to new".to_owned(),
        Mode::Retired => "Retire legacy".to_owned(),
    }
}

/// Who answers in a mode, in a sentence.
pub(super) fn told(mode: Mode) -> String {
    match mode {
        Mode::Legacy => "legacy answers; new is not asked".to_owned(),
        Mode::Shadow => "legacy answers; new is asked as well, and answers are compared".to_owned(),
        Mode::Canary { percent } => {
            format!(
                "new answers {} of a hundred keys, legacy the others",
                percent.get()
            )
        }
        Mode::Modern => "new answers; legacy stays ready".to_owned(),
        Mode::Retired => "new answers; legacy may not be called".to_owned(),
    }
}

/// A mode as the command line takes it.
fn word(mode: Mode) -> String {
    match mode {
        Mode::Canary { percent } => format!("canary:{}", percent.get()),
        other => other.word().to_owned(),
    }
}

/// The command that puts a mode to others.
pub(super) fn propose_command(group: &str, mode: Mode, version: u64) -> String {
    let (group, mode) = (quoted(group), word(mode));
    format!("figway proposals open {group} {mode} --expect {version} --why '...'")
}

/// The command that sets a mode.
pub(super) fn set_command(group: &str, mode: Mode, version: u64) -> String {
    let mode = word(mode);
    format!(
        "figway routes set {} {mode} --expect {version} --why '...'",
        quoted(group)
    )
}

/// The command that goes back to a version.
pub(super) fn rollback_command(group: &str, to: u64, version: u64) -> String {
    format!(
        "figway routes rollback {} --to {to} --expect {version} --why '...'",
        quoted(group)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_names_a_mode_or_none() {
        let mode = |to: &str, percent: Option<&str>| {
            Target {
                to: to.to_owned(),
                percent: percent.map(str::to_owned),
            }
            .mode()
        };
        assert_eq!(mode("shadow", None), Some(Mode::Shadow));
        assert_eq!(mode("modern", Some("x")), Some(Mode::Modern));
        let percent = Percent::try_from(25).unwrap();
        assert_eq!(mode("canary", Some(" 25 ")), Some(Mode::Canary { percent }));
        for bad in [None, Some(""), Some("101"), Some("-1"), Some("2.5")] {
            assert_eq!(mode("canary", bad), None, "{bad:?}");
        }
        assert_eq!(mode("Legacy", None), None);
        assert!(Target::all(5).iter().all(|target| target.mode().is_some()));
    }

    #[test]
    fn the_command_is_what_the_command_line_takes() {
        let percent = Percent::try_from(25).unwrap();
        let set = set_command("lot's", Mode::Canary { percent }, 3);
        assert_eq!(
            set,
            r"figway routes set 'lot'\''s' canary:25 --expect 3 --why '...'"
        );
        let back = rollback_command("lots", 2, 5);
        assert_eq!(
            back,
            "figway routes rollback lots --to 2 --expect 5 --why '...'"
        );
    }
}
