//! The hub's place in the settings.

use crate::settings::{HubText, HubTextError};

/// What is typed there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubForm {
    pub text: HubText,
    pub error: Option<HubTextError>,
}
