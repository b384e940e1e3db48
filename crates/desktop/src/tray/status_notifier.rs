//! The icon as a status notifier (freedesktop.org: Status Notifier Item), which KDE, Xfce, MATE and, with an
//! extension, GNOME show. It is shown from the moment in which there is somebody to show it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;

use ksni::blocking::TrayMethods as _;
use ksni::menu::StandardItem;
use ksni::{Category, Icon, MenuItem, OfflineReason, ToolTip};

use super::{TrayState, TrayWish, Wished, newest};

/// Whoever shows such icons has this name on the bus.
const WATCHER: &str = "org.kde.StatusNotifierWatcher";
/// Sizes that the areas of desktops have, in pixels.
const SIDES: [u16; 4] = [16, 22, 32, 48];

struct Item {
    id: &'static str,
    state: TrayState,
    shown: Arc<AtomicBool>,
    wished: Wished,
}

impl Item {
    fn is_shown(&self, shown: bool) {
        self.shown.store(shown, Ordering::Release);
        (self.wished)(None);
    }
}

impl ksni::Tray for Item {
    fn id(&self) -> String {
        self.id.to_owned()
    }

    fn category(&self) -> Category {
        Category::Communications
    }

    fn title(&self) -> String {
        self.state.title.clone()
    }

    fn icon_pixmap(&self) -> Vec<Icon> {
        let icons = SIDES.iter().map(|side| Icon {
            width: i32::from(*side),
            height: i32::from(*side),
            data: icon::argb(*side, self.state.attention),
        });
        icons.collect()
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip {
            title: self.state.title.clone(),
            description: self.state.tip.clone(),
            ..ToolTip::default()
        }
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        (self.wished)(Some(TrayWish::Clicked));
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let items = self.state.items.iter().map(|item| {
            let choice = item.choice;
            StandardItem {
                // the menu reads an underscore as the mark of a key
                label: item.label.replace('_', "__"),
                enabled: choice.is_some(),
                activate: Box::new(move |this: &mut Self| {
                    if let Some(choice) = choice {
                        (this.wished)(Some(TrayWish::Chosen(choice)));
                    }
                }),
                ..StandardItem::default()
            }
            .into()
        });
        items.collect()
    }

    fn watcher_online(&self) {
        self.is_shown(true);
    }

    fn watcher_offline(&self, reason: OfflineReason) -> bool {
        tracing::debug!(?reason, "No notification area");
        self.is_shown(false);
        // it may come, or come back
        true
    }
}

/// Shows the icon until nobody can say anything any more.
pub(super) fn show(
    id: &'static str,
    state: TrayState,
    newer: &Receiver<TrayState>,
    shown: &Arc<AtomicBool>,
    wished: &Wished,
) {
    // known before the first look at it, which may take the place of this
    shown.store(has_tray(), Ordering::Release);
    let item = Item {
        id,
        state,
        shown: Arc::clone(shown),
        wished: Arc::clone(wished),
    };
    let handle = match item.assume_sni_available(true).spawn() {
        Ok(handle) => handle,
        Err(error) => {
            tracing::info!(%error, "No icon in a notification area");
            shown.store(false, Ordering::Release);
            return wished(None);
        }
    };
    wished(None);
    while let Some(state) = newest(newer) {
        if handle.update(|item| item.state = state).is_none() {
            break;
        }
    }
    handle.shutdown().wait();
}

pub(super) fn has_tray() -> bool {
    let asked = zbus::blocking::Connection::session().and_then(|bus| {
        let bus = zbus::blocking::fdo::DBusProxy::new(&bus)?;
        let name = zbus::names::BusName::try_from(WATCHER)?;
        Ok(bus.name_has_owner(name)?)
    });
    asked.unwrap_or_else(|error| {
        tracing::debug!(%error, "No bus of a desktop");
        false
    })
}
