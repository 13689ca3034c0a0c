//! What the gateway needs in the demo's folder: `routes.toml` with real addresses, the COMMAREAs' copybooks, the admin token,
//! and two requests as files for `curl --data-binary`.
//!
//! In: the folder and the addresses. Out: files. The token is made anew each time and readable by its owner only.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::area::Area;
use crate::error::{Error, Kind, Result};

/// The gateway's configuration, the root's `routes.toml`.
pub(crate) const ROUTES: &str = include_str!("../../../../../routes.toml");

/// Where everything listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The gateway, for clients.
    pub gateway: SocketAddr,
    /// The gateway, for operators.
    pub admin: SocketAddr,
    /// The legacy stand-in.
    pub legacy: SocketAddr,
}

impl Addresses {
    /// Ports that are free now, on loopback.
    ///
    /// # Errors
    /// [`Kind::Http`] when the system gives none.
    pub(crate) fn free() -> Result<Addresses> {
        let failed = |error| Error::new(Kind::Http, "no free port on loopback").because(error);
        // Held together, so that they are three.
        let held = (0..3)
            .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .collect::<std::io::Result<Vec<_>>>()
            .map_err(failed)?;
        let addresses = held
            .iter()
            .map(TcpListener::local_addr)
            .collect::<std::io::Result<Vec<_>>>()
            .map_err(failed)?;
        match addresses.as_slice() {
            [gateway, admin, legacy] => Ok(Addresses {
                gateway: *gateway,
                admin: *admin,
                legacy: *legacy,
            }),
            _ => Err(Error::new(Kind::Http, "three ports were asked for")),
        }
    }
}

/// The files, by what they are for.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    folder: PathBuf,
}

impl Files {
    pub(crate) fn of(folder: &Path) -> Files {
        Files {
            folder: folder.to_owned(),
        }
    }

    pub(crate) fn routes(&self) -> PathBuf {
        self.folder.join("routes.toml")
    }

    pub(crate) fn token(&self) -> PathBuf {
        self.folder.join("var/admin.token")
    }

    /// A request of LOTI.
    pub(crate) fn inquiry(&self) -> PathBuf {
        self.folder.join("var/loti.request")
    }

    /// A request of LOTU.
    pub(crate) fn posting(&self) -> PathBuf {
        self.folder.join("var/lotu.request")
    }

    /// Writes all but the requests. Gives the token.
    ///
    /// # Errors
    /// [`Kind::Io`] when the folder cannot be written to.
    pub(crate) fn write(&self, addresses: &Addresses, bootstrap: &str) -> Result<String> {
        let copybooks = self.folder.join("copybooks");
        let var = self.folder.join("var");
        for folder in [&copybooks, &var] {
            std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        }
        for area in Area::ALL {
            let name = area.name();
            write(&copybooks.join(format!("{name}.cpy")), area.copybook())?;
            write(
                &copybooks.join(format!("{name}.meaning.toml")),
                area.meaning(),
            )?;
        }
        self.rewrite(addresses, bootstrap)?;
        let token = uuid::Uuid::new_v4().simple().to_string();
        let path = self.token();
        secret(&path, &format!("{token}\n"))?;
        Ok(token)
    }
}

impl Files {
    /// The root's file, with the token where it is wherever the file is read from.
    fn text(&self, addresses: &Addresses, bootstrap: &str) -> String {
        let token = format!("file:{}", self.token().display());
        routes(addresses, bootstrap).replace("file:var/admin.token", &token)
    }

    /// Writes `routes.toml` alone.
    ///
    /// # Errors
    /// As [`Files::write`].
    pub(crate) fn rewrite(&self, addresses: &Addresses, bootstrap: &str) -> Result<()> {
        write(&self.routes(), &self.text(addresses, bootstrap))
    }
}

/// Writes a file for its owner alone.
///
/// # Errors
/// [`Kind::Io`] when it cannot be written.
pub(in crate::tour) fn secret(path: &Path, text: &str) -> Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(Error::io("create", path))?;
    file.write_all(text.as_bytes())
        .map_err(Error::io("write", path))
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(Error::io("write", path))
}

/// The root's file with these addresses in the places of its own. Comments stay.
pub(super) fn routes(addresses: &Addresses, bootstrap: &str) -> String {
    let Addresses {
        gateway,
        admin,
        legacy,
    } = addresses;
    ROUTES
        .replace("127.0.0.1:8080", &gateway.to_string())
        .replace("127.0.0.1:8081", &admin.to_string())
        .replace("127.0.0.1:9080", &legacy.to_string())
        .replace("localhost:9092", bootstrap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_the_root_s_file_is_replaced() {
        let addresses = Addresses {
            gateway: SocketAddr::from(([127, 0, 0, 1], 1)),
            admin: SocketAddr::from(([127, 0, 0, 1], 2)),
            legacy: SocketAddr::from(([127, 0, 0, 1], 3)),
        };
        let text = routes(&addresses, "127.0.0.1:4");
        for (line, times) in [
            ("http = \"127.0.0.1:1\" ", 1),
            ("listen = \"127.0.0.1:2\" ", 1),
            ("http = \"http://127.0.0.1:3\"", 2),
            ("bootstrap = \"127.0.0.1:4\"", 1),
        ] {
            assert_eq!(text.matches(line).count(), times, "{line}");
        }
        assert_eq!(text.lines().count(), ROUTES.lines().count());
        assert!(!text.contains("9080") && !text.contains("9092"));
    }
}
