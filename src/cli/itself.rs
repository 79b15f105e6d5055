//! stimrig in a process of its own, as its experiments start it.

use std::ffi::{OsStr, OsString};
use std::process::Command;

/// What the environment says to every command of stimrig begins so.
const OURS: &[u8] = b"STIMRIG_";
/// Says nothing of what is run: locks are looked for where everybody on this computer looks.
const LOCKS: &str = "STIMRIG_LOCK_DIR";
/// Makes a run write annotations and a step summary.
const GITHUB: &str = "GITHUB_ACTIONS";

/// This program, to be started once more. It is told by its arguments alone what to do: a rig that is exported for the day's
/// work must never be what an experiment kills, and a filter would leave it nothing to run.
///
/// # Errors
/// Where this program is cannot be found out.
pub(super) fn itself() -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    deafen(&mut command);
    Ok(command)
}

/// Takes from a command what the environment would say to stimrig; for a shell that starts it, too.
pub(super) fn deafen(command: &mut Command) {
    deaf_to(command, std::env::vars_os().map(|(name, _)| name));
}

fn deaf_to(command: &mut Command, names: impl Iterator<Item = OsString>) {
    for name in names.filter(|name| speaks(name)) {
        command.env_remove(name);
    }
}

fn speaks(name: &OsStr) -> bool {
    name == GITHUB || (name != LOCKS && name.as_encoded_bytes().starts_with(OURS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_the_environment_says_of_a_run_reaches_a_process_of_its_own() {
        let said = ["STIMRIG_RIG", "STIMRIG_FILTER", "STIMRIG_NOT_YET_THOUGHT_OF", "GITHUB_ACTIONS"];
        let others = ["PATH", "STIMRIG_LOCK_DIR", "MY_STIMRIG_RIG", "TMPDIR"];
        let mut command = Command::new("stimrig");
        deaf_to(&mut command, others.iter().chain(&said).map(OsString::from));
        let mut gone: Vec<_> = command.get_envs().collect();
        gone.sort_unstable();
        let mut expected: Vec<(&OsStr, Option<&OsStr>)> =
            said.iter().map(|name| (OsStr::new(name), None)).collect();
        expected.sort_unstable();
        assert_eq!(gone, expected);
    }
}
