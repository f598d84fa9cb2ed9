//! Signatures that current clients refuse to verify, verified all the same.
//!
//! Without them a chain that is merely weak looks like one from an unknown issuer.

use std::sync::LazyLock;

use aws_lc_rs::signature::{
    RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, RsaParameters, UnparsedPublicKey,
};
use rustls_pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};

/// The weak algorithms, then those of current clients. In this order, because the first that fits a
/// signature decides, and RSA of 1024 bits has the same identifiers as longer RSA.
pub(super) static WEAK_AND_SOUND: LazyLock<Vec<&'static dyn SignatureVerificationAlgorithm>> =
    LazyLock::new(|| {
        let weak = WEAK.iter().map(|weak| weak as &dyn SignatureVerificationAlgorithm);
        weak.chain(webpki::ALL_VERIFICATION_ALGS.iter().copied()).collect()
    });

static WEAK: [Weak; 3] = [
    Weak { id: RSA_PKCS1_SHA1, parameters: &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY },
    Weak {
        id: alg_id::RSA_PKCS1_SHA256,
        parameters: &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    },
    Weak {
        id: alg_id::RSA_PKCS1_SHA512,
        parameters: &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    },
];

#[derive(Debug)]
struct Weak {
    id: AlgorithmIdentifier,
    parameters: &'static RsaParameters,
}

impl SignatureVerificationAlgorithm for Weak {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        UnparsedPublicKey::new(self.parameters, public_key)
            .verify(message, signature)
            .map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.id
    }
}

/// sha1WithRSAEncryption, 1.2.840.113549.1.1.5, with its NULL parameters (RFC 3279 section 2.2.1).
const RSA_PKCS1_SHA1: AlgorithmIdentifier = AlgorithmIdentifier::from_slice(&[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00,
]);
