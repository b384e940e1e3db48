//! The yes of the desktop's user to the desktop's own question, beyond a session: where the desktop gives it back by a
//! token, whoever keeps that token keeps it from being asked again (GNOME and KDE on Wayland). Elsewhere there is none.

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
use wayland::portal::lasting;

/// Whether the desktop can be had not to ask again. Asks nobody; known once it was looked what is in the way
/// ([`crate::Observer`]).
pub fn is_offered() -> bool {
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    return lasting::is_offered();
    #[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
    false
}

/// Has `keep` called with each new token, a secret, and with none where it counts no longer. It must not wait.
#[cfg_attr(
    not(any(target_os = "linux", target_os = "freebsd")),
    expect(unused_variables, reason = "no desktop gives one there")
)]
pub fn keep_with(keep: impl Fn(Option<String>) + Send + Sync + 'static) {
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    lasting::keep_with(keep);
}

/// This token was kept from before.
#[cfg_attr(
    not(any(target_os = "linux", target_os = "freebsd")),
    expect(unused_variables, reason = "no desktop gives one there")
)]
pub fn recall(token: String) {
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    lasting::recall(token);
}

/// The user wants not to be asked again after the next yes; or, without `is_wanted`, to be asked from now on, and the
/// token counts no longer.
#[cfg_attr(
    not(any(target_os = "linux", target_os = "freebsd")),
    expect(unused_variables, reason = "no desktop gives one there")
)]
pub fn want(is_wanted: bool) {
    #[cfg(any(target_os = "linux", target_os = "freebsd"))]
    lasting::want(is_wanted);
}
