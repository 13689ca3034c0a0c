//! What rules look at: [`Asked`], one request with all that is known of who sent it and when. Pure.
//!
//! In: the head, the peer and the time, all as arguments. Tokens are verified when the first rule asks for one, once per
//! issuer; nothing unverified is ever looked at.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use http::request::Parts;

use crate::clock::At;
use crate::message::Peer;
use crate::route::body::Body;
use crate::route::token::{Claims, Tokens, Unverified};

/// One request, as rules see it.
#[derive(Debug)]
pub struct Asked<'r> {
    /// Its head.
    pub parts: &'r Parts,
    /// Who sent it; none where a test or the gateway itself did.
    pub peer: Option<&'r Peer>,
    /// The client's address: the peer's, unless another is vouched for.
    pub client: Option<IpAddr>,
    /// When.
    pub at: At<'r>,
    /// What is known of its body: nothing, until a rule wants something of it.
    pub body: Body<'r>,
    claims: RefCell<Vec<(Arc<Tokens>, Verified)>>,
}

type Verified = Rc<Result<Claims, Unverified>>;

impl<'r> Asked<'r> {
    /// Of these.
    #[must_use]
    pub fn new(parts: &'r Parts, peer: Option<&'r Peer>, at: impl Into<At<'r>>) -> Self {
        Self {
            parts,
            peer,
            client: peer.map(|peer| peer.address.ip().to_canonical()),
            at: at.into(),
            body: Body::default(),
            claims: RefCell::default(),
        }
    }

    /// Its path. `OPTIONS *` asks of a server as a whole what is asked of its root otherwise (RFC 9110 section 9.3.7).
    pub(crate) fn path(&self) -> &str {
        match self.parts.uri.path() {
            "*" => "/",
            path => path,
        }
    }

    /// The claims of the request's token, once verified.
    pub(crate) fn claims(&self, tokens: &Arc<Tokens>) -> Verified {
        let known = self.claims.borrow();
        let of_these = known.iter().find(|(other, _)| Arc::ptr_eq(other, tokens));
        if let Some((_, claims)) = of_these {
            return Rc::clone(claims);
        }
        drop(known);
        let claims = Rc::new(tokens.verified(self.parts, self.at.time()));
        self.claims
            .borrow_mut()
            .push((Arc::clone(tokens), Rc::clone(&claims)));
        claims
    }
}
