//! Where a package says which links it opens (macOS: its `Info.plist`), or nobody does.

use super::{LinkKind, LinkOpener, LinksError};

pub(super) fn opener(_kind: LinkKind<'_>) -> LinkOpener {
    LinkOpener::Installed
}

pub(super) fn register(_kind: LinkKind<'_>) -> Result<(), LinksError> {
    Err(LinksError::Unsupported)
}

pub(super) fn unregister(_kind: LinkKind<'_>) -> Result<(), LinksError> {
    Err(LinksError::Unsupported)
}
