//! Where no message can be shown yet.

use super::{Alert, AlertError};

pub(super) fn show(_alert: &Alert) -> Result<(), AlertError> {
    Err(AlertError {
        reason: "not on this system yet".to_owned(),
    })
}
