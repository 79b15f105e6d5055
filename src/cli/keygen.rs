//! `stimrig keygen`: a key to sign runs with.

use std::path::PathBuf;

use crate::record::EXIT_USAGE;
use crate::store::make_key;

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
            println!("private key: {} (keep it; `stimrig run --sign {0}`)", args.file.display());
            println!("public key:  {} (give it away; `stimrig verify --key {0}`)", public.display());
            0
        }
        Err(error) => {
            eprintln!("stimrig: {error}");
            EXIT_USAGE
        }
    }
}
