//! Ed25519 keys as PKCS#8 and SPKI PEM files, which other tools (OpenSSL) read and write too.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{
    DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _,
};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use super::StoreError;

/// Why a key file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It cannot be read or written.
    #[error(transparent)]
    File(#[from] StoreError),
    /// A key of another kind, or no key.
    #[error("{}: {found}; {wanted}", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: &'static str,
        /// What is needed instead.
        wanted: &'static str,
    },
    /// There is a file of that name.
    #[error("{}: exists already, and a key is not overwritten; choose another name", .0.display())]
    Exists(PathBuf),
    /// The system gave no random numbers, or the key has no form in PEM.
    #[error("no key could be made: {0}")]
    Made(String),
}

const PRIVATE: &str = "an Ed25519 private key in PKCS#8 PEM is needed, as `stimrig keygen` makes";
const PUBLIC: &str =
    "an Ed25519 public key in PEM is needed, as `stimrig keygen` makes beside the private one";

/// Signs manifests.
#[derive(Debug)]
pub struct Signer(SigningKey);

impl Signer {
    /// Reads a private key.
    ///
    /// # Errors
    /// When it cannot be read or is none.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let text = text(path)?;
        let key = SigningKey::from_pkcs8_pem(&text);
        key.map(Self).map_err(|_| KeyError::Kind {
            path: path.to_owned(),
            found: kind(&text),
            wanted: PRIVATE,
        })
    }

    /// The public key, hexadecimal.
    pub fn public(&self) -> String {
        crate::quantity::hex(self.0.verifying_key().as_bytes())
    }

    /// The 64 bytes of the signature.
    pub(super) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.0.sign(bytes).to_bytes()
    }
}

/// Reads a public key; returns it in hexadecimal, as manifests name it.
///
/// # Errors
/// When it cannot be read or is none.
pub fn read_public_key(path: &Path) -> Result<String, KeyError> {
    let text = text(path)?;
    let key = VerifyingKey::from_public_key_pem(&text);
    key.map(|key| crate::quantity::hex(key.as_bytes())).map_err(|_| KeyError::Kind {
        path: path.to_owned(),
        found: kind(&text),
        wanted: PUBLIC,
    })
}

/// Makes a key: the private one at `path`, readable by its owner alone, the public one beside it as `<path>.pub`, whose
/// path is returned.
///
/// # Errors
/// When a file of either name exists or cannot be written.
pub fn make_key(path: &Path) -> Result<PathBuf, KeyError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    let public = PathBuf::from(name);
    if let Some(there) = [path, &public].into_iter().find(|path| path.exists()) {
        return Err(KeyError::Exists(there.to_owned()));
    }
    let seed: [u8; 32] = rand::random();
    let key = SigningKey::from_bytes(&seed);
    let made = |error: &dyn std::fmt::Display| KeyError::Made(error.to_string());
    let secret = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| made(&error))?;
    let open = key.verifying_key().to_public_key_pem(LineEnding::LF).map_err(|error| made(&error))?;
    create(path, secret.as_bytes(), 0o600)?;
    create(&public, open.as_bytes(), 0o644)?;
    Ok(public)
}

/// Whether `signature` is that of `bytes` by the public key (hexadecimal).
pub(super) fn is_signed(bytes: &[u8], signature: &[u8], public: &str) -> bool {
    let digits = |at: usize| u8::from_str_radix(public.get(at..at + 2)?, 16).ok();
    let key: Option<Vec<u8>> = (0..64).step_by(2).map(digits).collect();
    let key = key.filter(|_| public.len() == 64).and_then(|key| VerifyingKey::try_from(key.as_slice()).ok());
    let signature = Signature::from_slice(signature).ok();
    key.zip(signature).is_some_and(|(key, signature)| key.verify_strict(bytes, &signature).is_ok())
}

fn text(path: &Path) -> Result<String, KeyError> {
    Ok(fs::read_to_string(path).map_err(|source| StoreError::file(path, "read", source))?)
}

/// What a PEM file says it is.
fn kind(text: &str) -> &'static str {
    let label = text.lines().find_map(|line| line.trim().strip_prefix("-----BEGIN ")?.strip_suffix("-----"));
    match label {
        None => "this is no PEM file",
        Some("PRIVATE KEY") => "this is a private key",
        Some("PUBLIC KEY") => "this is a public key",
        Some(label) if label.contains("RSA") => "this is an RSA key",
        Some(label) if label.contains("OPENSSH") => "this is an OpenSSH key",
        Some(label) if label.contains("CERTIFICATE") => "this is a certificate",
        Some(_) => "this is a key of another kind",
    }
}

fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), StoreError> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let failed = |doing: &'static str| move |source| StoreError::file(path, doing, source);
    let mut file = options.open(path).map_err(failed("create"))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed("write"))
}
