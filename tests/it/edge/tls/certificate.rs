//! A certificate for localhost that is signed with its own key (RFC 5280), and that key, as PEM.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};

/// ecPublicKey with prime256v1 (RFC 5480), and ecdsa-with-SHA256 (RFC 5758).
const P256: &[u8] =
    &[0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const ECDSA: &[u8] = &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
/// The types of the names' and the alternative names' ids.
const COMMON_NAME: &[u8] = &[6, 3, 0x55, 4, 3];
const OTHER_NAMES: &[u8] = &[6, 3, 0x55, 0x1d, 0x11];

/// A certificate and its key.
pub(super) struct Certificate {
    /// As it is shown.
    pub(super) der: Vec<u8>,
    /// As they are written.
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Certificate {
    pub(super) fn new() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref()).expect("a key");
        let point = pair.public_key().as_ref();
        let name = tlv(0x30, &tlv(0x31, &tlv(0x30, &[COMMON_NAME, &tlv(0x0c, b"Scrip tests")].concat())));
        let names = [tlv(0x82, b"localhost"), tlv(0x87, &[127, 0, 0, 1])].concat();
        let names = tlv(0x30, &[OTHER_NAMES, &tlv(4, &tlv(0x30, &names))].concat());
        let times = [tlv(0x17, b"200101000000Z"), tlv(0x17, b"491231235959Z")].concat();
        // Two certificates of one issuer differ by their number.
        let number = tlv(2, &[&[1], &point[1..9]].concat());
        let parts = [
            tlv(0xa0, &tlv(2, &[2])),
            number,
            ECDSA.to_vec(),
            name.clone(),
            tlv(0x30, &times),
            name,
            tlv(0x30, &[P256, &tlv(3, &[&[0], point].concat())].concat()),
            tlv(0xa3, &tlv(0x30, &names)),
        ];
        let said = tlv(0x30, &parts.concat());
        let signature = pair.sign(&random, &said).expect("a signature");
        let der = tlv(0x30, &[said, ECDSA.to_vec(), tlv(3, &[&[0], signature.as_ref()].concat())].concat());
        let (certificate, key) = (pem("CERTIFICATE", &der), pem("PRIVATE KEY", pkcs8.as_ref()));
        Self { der, certificate, key }
    }
}

/// A value with its type and its length (DER).
fn tlv(kind: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len();
    let [.., high, low] = length.to_be_bytes();
    let head = match length {
        0..128 => vec![kind, low],
        128..256 => vec![kind, 0x81, low],
        _ => vec![kind, 0x82, high, low],
    };
    [&head, value].concat()
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
