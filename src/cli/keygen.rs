//! `stimrig keygen`: a key to sign runs with.

use std::path::PathBuf;

use crate::record::EXIT_USAGE;
use crate::store::make_key;

use super::show::put;

/// Arguments of `keygen`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to put the private key; the public key goes beside it as FILE.pub
    #[arg(value_name = "FILE", default_value = "stimrig-key.pem")]
    file: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args) -> u8 {
    match make_key(&args.file) {
        Ok(public) => {
            let (private, public) = (args.file.display(), public.display());
            let told = format!(
                "private key: {private} (keep it; `stimrig run --sign {private}`)\n\
                 public key:  {public} (give it away; `stimrig verify --key {public}`)\n"
            );
            put(&told, None, 0)
        }
        Err(error) => {
            say!("stimrig: {error}");
            EXIT_USAGE
        }
    }
}
