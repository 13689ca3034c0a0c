//! What holds for all clients: whom they are believed to be, and what is told of them.

use std::net::IpAddr;

use ipnet::IpNet;
use toml::Spanned;

use super::Resolver;
use crate::config::file;
use crate::edge::Edge;
use crate::forwarded::{ClientFrom, Policy, Treatment};

impl Resolver<'_> {
    /// What the file says of it; a fault leaves the default.
    pub(super) fn edge(&mut self, listen: &file::Listen) -> Edge {
        Edge {
            forwarding: self.forwarding(listen),
        }
    }

    fn forwarding(&mut self, listen: &file::Listen) -> Policy {
        let usual = Policy::default();
        let trusted = listen.trusted.iter();
        let trusted = trusted.filter_map(|text| self.trusted(text)).collect();
        let Some(said) = &listen.forwarding else {
            return Policy { trusted, ..usual };
        };
        let said = said.get_ref();
        let client_from = said.client_from.as_ref().and_then(|word| {
            let words = [
                ("x_forwarded", ClientFrom::XForwarded),
                ("forwarded", ClientFrom::Forwarded),
            ];
            self.word(word, "source of the client", &words)
        });
        if let (Some(word), true) = (&said.client_from, listen.trusted.is_empty()) {
            self.fault_with_help(
                word,
                "nobody is believed, so that no field says who the client is",
                "name those in front of the gateway: trusted = [\"10.0.0.0/8\"]",
            );
        }
        Policy {
            trusted,
            client_from: client_from.unwrap_or_default(),
            via: self.treatment(said.via.as_ref(), usual.via),
            x_forwarded: self.treatment(said.x_forwarded.as_ref(), usual.x_forwarded),
            x_forwarded_port: self
                .treatment(said.x_forwarded_port.as_ref(), usual.x_forwarded_port),
            forwarded: self.treatment(said.forwarded.as_ref(), usual.forwarded),
        }
    }

    fn treatment(&mut self, word: Option<&Spanned<String>>, usual: Treatment) -> Treatment {
        let words = [
            ("append", Treatment::Append),
            ("extend", Treatment::Extend),
            ("replace", Treatment::Replace),
            ("drop", Treatment::Drop),
            ("pass", Treatment::Pass),
        ];
        word.and_then(|word| self.word(word, "treatment", &words))
            .unwrap_or(usual)
    }

    /// A network whose proxies are believed.
    fn trusted(&mut self, text: &Spanned<String>) -> Option<IpNet> {
        let given = text.get_ref();
        let alone = || given.parse::<IpAddr>().map(IpNet::from);
        let network = given.parse::<IpNet>().or_else(|_| alone()).ok();
        let network = network.filter(|network| network.trunc() == *network);
        if network.is_none() {
            self.fault(
                text,
                format!("wanted a network such as \"10.1.0.0/16\", or an address, got \"{given}\""),
            );
        }
        network
    }
}
