//! What to type about routes while the demo runs: each line works as printed, in the order printed, before those about data sets.

use super::world::World;
use crate::error::{Error, Result};
use crate::tour::Hint;
use crate::tour::hints::{path, quoted};

impl World {
    /// The hints, with the example requests they use written into the folder. `figway` as a shell takes it.
    pub(crate) fn hints(&self, figway: &str) -> Result<Vec<Hint>> {
        let lot = self
            .usable()
            .first()
            .or(self.lots.first())
            .cloned()
            .unwrap_or_default();
        let write = |path: std::path::PathBuf, bytes: Vec<u8>| {
            std::fs::write(&path, bytes).map_err(Error::io("write", &path))?;
            Ok::<_, Error>(quoted(&path.display().to_string()))
        };
        let inquiry = write(self.files.inquiry(), self.inquiry_of(&lot)?)?;
        let posting = write(self.files.posting(), self.posting_of(&lot)?)?;
        let gateway = format!("http://{}", self.addresses.gateway);
        let legacy = format!("http://{}", self.addresses.legacy);
        let post = |to: &str, transaction: &str, file: &str| {
            format!(
                "curl -s --data-binary @{file} -H 'content-type: application/octet-stream' {to}/cics/{transaction}"
            )
        };
        let decode = |copybook: &str| {
            format!(
                "{figway} copybook decode {} --record-format F -",
                path(&self.folder, &format!("copybooks/{copybook}.cpy"))
            )
        };
        let admin = format!(
            "--admin http://{} --token-file {}",
            self.addresses.admin,
            quoted(&self.files.token().display().to_string())
        );
        let set = |group: &str, mode: &str, why: &str| {
            format!("{figway} routes set {group} {mode} {admin} --by me --why '{why}'")
        };
        let ask = format!(
            "{} | {}",
            post(&gateway, "LOTI", &inquiry),
            decode("LOTIRSP")
        );
        let hint = |shows, command| Hint { shows, command };
        Ok(vec![
            hint(
                "an old client asks for a lot, in EBCDIC; the gateway gives legacy's answer, byte for byte",
                format!(
                    "{ask}\n{} | cmp - <({})",
                    post(&gateway, "LOTI", &inquiry),
                    post(&legacy, "LOTI", &inquiry)
                ),
            ),
            hint(
                "the ERP's way to the same lot",
                format!("curl -s {gateway}/erp/lots/{lot}; echo"),
            ),
            hint(
                "which routes there are, and who answers",
                format!("{figway} routes list {admin}"),
            ),
            hint(
                "why a request goes where it goes",
                format!("{figway} routes explain {admin} POST /cics/LOTI --body {inquiry}"),
            ),
            hint(
                "ask the new lot service as well, and compare",
                format!(
                    "{}\n{ask}\nsleep 1\n{figway} routes evidence {admin} lot-inquiry",
                    set("lots", "shadow", "compare before anything moves")
                ),
            ),
            hint(
                "half of the lots, then all of them, are answered by the new service (LOTI-REGION says who)",
                format!(
                    "{}\n{}\n{ask}",
                    set("lots", "canary:50", "no difference found"),
                    set("lots", "modern", "all of them")
                ),
            ),
            hint(
                "a posting, executed once however often it is sent (LOTU-POSTED says Y, then B)",
                format!(
                    "{post} | {decode}\n{post} | {decode}",
                    post = post(&gateway, "LOTU", &posting),
                    decode = decode("LOTURSP")
                ),
            ),
            hint(
                "the record of a lot, from the topic that follows the data set instead of from the ERP",
                format!(
                    "{}\ncurl -s {gateway}/erp/lots/{lot}; echo",
                    set("lot-records", "modern", "the topic has what readers need")
                ),
            ),
            hint(
                "back to legacy, which has every write by then, and who did all this",
                format!(
                    "{}\n{ask}\n{figway} routes history {admin} --verify",
                    set("lots", "legacy", "enough for today")
                ),
            ),
        ])
    }

    fn posting_of(&self, lot: &str) -> Result<Vec<u8>> {
        self.commarea(&crate::ledger::Posting {
            reference: "BY-HAND-1".to_owned(),
            lot: lot.to_owned(),
            action: "U".to_owned(),
            quantity: 1,
        })
    }
}
