//! The cryptography of tokens: `jsonwebtoken` reads them, `ring` verifies them, as it does for TLS.

use std::sync::Once;

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::signature as rings;
use ring::{hmac, signature::UnparsedPublicKey};

static RING: CryptoProvider = CryptoProvider {
    // The gateway signs no tokens.
    signer_factory: |_, _| Err(Error::from(ErrorKind::UnsupportedAlgorithm)),
    verifier_factory: |algorithm, key| {
        if key.family() != algorithm.family() {
            return Err(ErrorKind::InvalidKeyFormat.into());
        }
        Ok(Box::new(Ring {
            algorithm: *algorithm,
            key: key.clone(),
        }))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes ring what verifies tokens in this process. May be called any number of times; whoever came first stays.
pub(super) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _first = RING.install_default();
    });
}

struct Ring {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl JwtVerifier for Ring {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for Ring {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let verified = match self.algorithm {
            Algorithm::HS256 => self.hmac(hmac::HMAC_SHA256, message, signature),
            Algorithm::HS384 => self.hmac(hmac::HMAC_SHA384, message, signature),
            Algorithm::HS512 => self.hmac(hmac::HMAC_SHA512, message, signature),
            Algorithm::RS256 => self.rsa(&rings::RSA_PKCS1_2048_8192_SHA256, message, signature),
            Algorithm::RS384 => self.rsa(&rings::RSA_PKCS1_2048_8192_SHA384, message, signature),
            Algorithm::RS512 => self.rsa(&rings::RSA_PKCS1_2048_8192_SHA512, message, signature),
            Algorithm::PS256 => self.rsa(&rings::RSA_PSS_2048_8192_SHA256, message, signature),
            Algorithm::PS384 => self.rsa(&rings::RSA_PSS_2048_8192_SHA384, message, signature),
            Algorithm::PS512 => self.rsa(&rings::RSA_PSS_2048_8192_SHA512, message, signature),
            Algorithm::ES256 => self.point(&rings::ECDSA_P256_SHA256_FIXED, message, signature),
            Algorithm::ES384 => self.point(&rings::ECDSA_P384_SHA384_FIXED, message, signature),
            Algorithm::EdDSA => self.point(&rings::ED25519, message, signature),
            _ => None,
        };
        verified.ok_or_else(signature::Error::new)
    }
}

impl Ring {
    fn hmac(&self, algorithm: hmac::Algorithm, message: &[u8], signature: &[u8]) -> Option<()> {
        let key = hmac::Key::new(algorithm, self.key.try_get_as_bytes().ok()?);
        hmac::verify(&key, message, signature).ok()
    }

    fn rsa(
        &self,
        how: &'static rings::RsaParameters,
        message: &[u8],
        signature: &[u8],
    ) -> Option<()> {
        match self.key.kind() {
            DecodingKeyKind::SecretOrDer(_) => self.point(how, message, signature),
            DecodingKeyKind::RsaModulusExponent { n, e } => rings::RsaPublicKeyComponents { n, e }
                .verify(how, message, signature)
                .ok(),
        }
    }

    fn point(
        &self,
        how: &'static dyn rings::VerificationAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Option<()> {
        let key = self.key.try_get_as_bytes().ok()?;
        UnparsedPublicKey::new(how, key)
            .verify(message, signature)
            .ok()
    }
}
