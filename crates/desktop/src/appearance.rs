//! Whether the desktop's user prefers dark windows.

/// Asks the desktop; `None` where it has no opinion or cannot be asked.
///
/// On Windows and macOS the window system tells by itself, and this is always `None`. Elsewhere it
/// asks the desktop's settings portal, which may block for seconds while the portal starts: call it
/// on a thread of its own.
pub fn prefers_dark() -> Option<bool> {
    platform::prefers_dark()
}

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
mod platform {
    use zbus::blocking::Connection;
    use zbus::zvariant::{OwnedValue, Value};

    pub(super) fn prefers_dark() -> Option<bool> {
        let bus = Connection::session().ok()?;
        let answer = bus.call_method(
            Some("org.freedesktop.portal.Desktop"),
            "/org/freedesktop/portal/desktop",
            Some("org.freedesktop.portal.Settings"),
            "Read",
            &("org.freedesktop.appearance", "color-scheme"),
        );
        let answer = answer.ok()?.body().deserialize::<OwnedValue>().ok()?;
        from_setting(&answer)
    }

    /// 1 is dark, 2 is light, 0 is no preference; `Read` wraps the number into variants.
    fn from_setting(mut value: &Value<'_>) -> Option<bool> {
        while let Value::Value(inner) = value {
            value = inner;
        }
        match u32::try_from(value).ok()? {
            1 => Some(true),
            2 => Some(false),
            _ => None,
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_portals_answer_is_understood_however_it_is_wrapped() {
            let wrapped = |number: u32| Value::new(Value::new(Value::U32(number)));
            assert_eq!(from_setting(&wrapped(1)), Some(true));
            assert_eq!(from_setting(&Value::U32(2)), Some(false));
            assert_eq!(from_setting(&wrapped(0)), None);
            assert_eq!(from_setting(&Value::new("dark")), None);
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
mod platform {
    pub(super) fn prefers_dark() -> Option<bool> {
        None
    }
}
