//! The admin API: where it listens, and who may ask it.

use std::collections::BTreeSet;

use toml::Spanned;

use super::{Resolver, nowhere, same_port};
use crate::config::file;
use crate::config::{Admin, Listen, Reach};
use crate::control::rules::MAX_NAME;
use crate::identity::{Person, Role, Roles, SHARED};

const ADMIN: &str = "127.0.0.1:8081";

impl Resolver<'_> {
    pub(super) fn admin(&mut self, admin: &Spanned<file::Admin>, clients: &Listen) -> Admin {
        let said = admin.get_ref();
        let listen = self.address(said.listen.as_ref(), ADMIN);
        let words = [("loopback", Reach::Loopback), ("network", Reach::Network)];
        let reach = said.reach.as_ref();
        let reach = reach.and_then(|word| self.word(word, "reach", &words));
        let reach = reach.unwrap_or_default();
        if let (Some(word), Reach::Network, None) = (&said.reach, reach, &said.tls) {
            self.fault_with_help(
                word,
                "tokens would cross the network in plain text",
                "add [admin.tls] with certificate and key",
            );
        }
        if let (Some(address), Some(value)) = (listen, &said.listen)
            && !address.ip().is_loopback()
            && reach == Reach::Loopback
        {
            self.fault_with_help(
                value,
                format!("the admin API may not listen on {}", address.ip()),
                "loopback, such as \"127.0.0.1:8081\", unless there is reach = \"network\", and [admin.tls]",
            );
        }
        let https = clients.https.as_ref().map(|https| https.address);
        if let (Some(address), Some(value)) = (listen, &said.listen)
            && clients
                .http
                .into_iter()
                .chain(https)
                .any(|taken| same_port(address, taken))
        {
            self.fault(
                value,
                "clients connect to this port: the admin API needs one of its own",
            );
        }
        if said.token.is_none() && said.people.is_empty() && said.oidc.is_none() {
            self.fault_with_help(
                admin,
                "nobody may ask the admin API",
                "write token = \"env:NAME\" for one that all share, or add [[admin.people]] or [admin.oidc]",
            );
        }
        let token = said.token.as_ref();
        Admin {
            listen: listen.unwrap_or_else(nowhere),
            token: token.map(|token| self.reference(token, "token")),
            people: self.people(said),
            reach,
            tls: said
                .tls
                .as_ref()
                .and_then(|tls| self.admin_tls(tls.get_ref())),
            oidc: said
                .oidc
                .as_ref()
                .and_then(|oidc| self.oidc(oidc, said.tls.is_some())),
            session: self.session(said.session.as_ref()),
            limits: self.limits_of_people(said.limits.as_ref()),
        }
    }

    fn people(&mut self, admin: &file::Admin) -> Vec<Person> {
        let people = &admin.people;
        let asked = admin
            .tls
            .as_ref()
            .and_then(|tls| tls.get_ref().client_ca.as_ref());
        let mut names = BTreeSet::new();
        let mut certificates = BTreeSet::new();
        let mut found = Vec::new();
        for person in people {
            let said = person.get_ref();
            if !names.insert(said.name.get_ref()) {
                let title = format!("there is another \"{}\"", said.name.get_ref());
                self.fault(&said.name, title);
            }
            self.person_name(&said.name);
            if let Some(display) = &said.display {
                self.person_name(display);
            }
            if said.token.is_none() && said.certificate.is_none() {
                self.fault_with_help(
                    &said.name,
                    "there is nothing by which to know this person",
                    "add token = \"env:NAME\" or \"file:PATH\", or certificate = \"SUBJECT\"",
                );
            }
            let shown = said.certificate.as_ref();
            let shown = shown.map(|one| one.get_ref().each(one.span()));
            let shown = shown.unwrap_or_default();
            if let (Some(first), None) = (shown.first(), asked) {
                self.fault_with_help(
                    first,
                    "nobody is asked for a certificate",
                    "write client_ca = \"FILE\" in [admin.tls], a PEM file with those who sign them",
                );
            }
            for name in &shown {
                if name.get_ref().trim().is_empty() {
                    self.fault(name, "wanted a subject or a name of a certificate");
                } else if !certificates.insert(name.get_ref().clone()) {
                    self.fault(name, "this is the certificate of somebody else");
                }
            }
            let token = said.token.as_ref();
            found.push(Person {
                name: said.name.get_ref().clone(),
                display: said
                    .display
                    .as_ref()
                    .unwrap_or(&said.name)
                    .get_ref()
                    .clone(),
                token: token.map(|token| self.reference(token, "token")),
                certificates: shown.into_iter().map(Spanned::into_inner).collect(),
                roles: self.roles(&said.roles),
            });
        }
        found
    }

    /// What stands as `who` in the log, and on a page.
    fn person_name(&mut self, name: &Spanned<String>) {
        let text = name.get_ref();
        if text.trim() != text || text.is_empty() || text.len() > MAX_NAME {
            let title =
                format!("wanted a name of up to {MAX_NAME} bytes, without blanks around it");
            self.fault(name, title);
        } else if text.chars().any(char::is_control) {
            self.fault(name, "a name holds no control characters");
        } else if text == SHARED {
            self.fault(name, "that is what whoever has the shared token is called");
        }
    }

    fn roles(&mut self, roles: &Spanned<Vec<Spanned<String>>>) -> Roles {
        const WORDS: [(&str, Role); 4] = [
            ("viewer", Role::Viewer),
            ("operator", Role::Operator),
            ("approver", Role::Approver),
            ("admin", Role::Admin),
        ];
        if roles.get_ref().is_empty() {
            self.fault_with_help(
                roles,
                "nobody without a role may do anything",
                "known are: \"viewer\", \"operator\", \"approver\", \"admin\"",
            );
        }
        let all = roles.get_ref().iter();
        all.filter_map(|role| self.word(role, "role", &WORDS))
            .collect()
    }
}
