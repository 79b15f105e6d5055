//! What the files and folders of a run are called.

/// Name of the journal in a run's folder.
pub const JOURNAL: &str = "journal.jsonl";
/// Name of the record in a run's folder.
pub const RECORD: &str = "record.json";
/// Name of the JUnit report in a run's folder.
pub const JUNIT: &str = "junit.xml";
/// Name of the page in a run's folder.
pub const REPORT: &str = "report.html";
/// Name of the manifest in a run's folder.
pub const MANIFEST: &str = "manifest.json";
/// Name of its detached signature.
pub const SIGNATURE: &str = "manifest.sig";
/// Folder of the raw samples within a run's.
pub const EVIDENCE: &str = "evidence";
/// What a judgement needs besides the samples, in the folder of a case.
pub const BASIS: &str = "basis.json";
/// Pictures of the run's cases, one a line, in the order in which they ended.
pub const FIGURES: &str = "figures.jsonl";
/// Name of the chain in the folder of all runs.
pub const CHAIN: &str = "chain.jsonl";
