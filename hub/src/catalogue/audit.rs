//! The audit log: each row's hash covers the row before it, so that tampering shows (D4).
//!
//! Rows cut off at the end do not show by themselves; whoever keeps the head that
//! [`verify_audit`](super::Catalogue::verify_audit) gives can tell.

use std::fmt;

// The context string keeps these hashes apart from every other use of BLAKE3.
const CONTEXT: &str = "pure help desk 2026 audit row v1";

/// The hash of a row of the audit log and of all rows before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditHead(pub(super) [u8; 32]);

impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What was found in the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditVerification {
    /// How many rows are as they were written.
    pub rows: i64,
    /// The head of those rows, to be kept elsewhere.
    pub head: AuditHead,
    /// The number of the first row that is missing or not as it was written.
    pub first_fault: Option<i64>,
}

/// One row of the audit log, before its hash.
pub(super) struct AuditRow {
    pub(super) id: i64,
    pub(super) at: i64,
    pub(super) actor: String,
    pub(super) action: String,
    pub(super) detail: String,
}

impl AuditRow {
    pub(super) fn hash_after(&self, previous: AuditHead) -> AuditHead {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(&previous.0);
        hasher.update(&self.id.to_le_bytes());
        hasher.update(&self.at.to_le_bytes());
        for text in [&self.actor, &self.action, &self.detail] {
            // the length keeps neighbouring texts apart
            let len = u64::try_from(text.len()).expect("a length fits 64 bits");
            hasher.update(&len.to_le_bytes());
            hasher.update(text.as_bytes());
        }
        AuditHead(hasher.finalize().into())
    }
}
