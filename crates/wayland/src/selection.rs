//! What was copied, for programs that neither have the focus nor a window: ext-data-control, or
//! wlr-data-control where the compositor is older. The two are alike but for their names.
//!
//! Contents go through pipes between the program that copied and the one that pastes; the compositor hands the
//! ends over and reads nothing.

use std::collections::VecDeque;
use std::fmt;
use std::os::fd::{BorrowedFd, OwnedFd};

use wayland_client::backend::ObjectId;
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_client::{
    Connection, Dispatch, Proxy as _, QueueHandle, delegate_noop, event_created_child,
};
use wayland_protocols::ext::data_control::v1::client as ext;
use wayland_protocols_wlr::data_control::v1::client as wlr;

use crate::session::{Session, State};

use ext::ext_data_control_device_v1::{self, ExtDataControlDeviceV1};
use ext::ext_data_control_manager_v1::ExtDataControlManagerV1;
use ext::ext_data_control_offer_v1::{self, ExtDataControlOfferV1};
use ext::ext_data_control_source_v1::{self, ExtDataControlSourceV1};
use wlr::zwlr_data_control_device_v1::{self, ZwlrDataControlDeviceV1};
use wlr::zwlr_data_control_manager_v1::ZwlrDataControlManagerV1;
use wlr::zwlr_data_control_offer_v1::{self, ZwlrDataControlOfferV1};
use wlr::zwlr_data_control_source_v1::{self, ZwlrDataControlSourceV1};

/// What happened to what can be pasted.
#[derive(Debug)]
pub enum SelectionNews {
    /// A program copied, this one took over, or nothing can be pasted any more. All before it is no more to be had.
    Copied {
        /// Of the formats that were asked about: those in which it can be had. Nothing where there is nothing.
        formats: Vec<&'static str>,
        /// That anything can be had, in whatever format.
        is_there: bool,
    },
    /// A program pastes what this one holds: it is written into `into`, and that is closed.
    Pasted {
        number: u64,
        format: String,
        into: OwnedFd,
    },
    /// What was held under `number` is not what is pasted any more.
    Replaced { number: u64 },
    /// The compositor has ended it: there will be no news any more.
    Over,
}

/// The managers that the compositor advertises.
#[derive(Debug, Default)]
pub(crate) struct Managers {
    ext: Option<ExtDataControlManagerV1>,
    wlr: Option<ZwlrDataControlManagerV1>,
}

impl Managers {
    /// Whether `interface` is one of them; then it is bound by `bind`.
    pub(crate) fn bind(
        &mut self,
        interface: &str,
        registry: &wayland_client::protocol::wl_registry::WlRegistry,
        name: u32,
        handle: &QueueHandle<State>,
    ) -> bool {
        // of the second version it would tell the selection of the middle button, too
        if interface == ExtDataControlManagerV1::interface().name {
            self.ext = Some(registry.bind(name, 1, handle, ()));
        } else if interface == ZwlrDataControlManagerV1::interface().name {
            self.wlr = Some(registry.bind(name, 1, handle, ()));
        } else {
            return false;
        }
        true
    }

    fn device(&self, seat: &WlSeat, handle: &QueueHandle<State>) -> Option<Box<dyn Device>> {
        if let Some(manager) = &self.ext {
            let device = manager.get_data_device(seat, handle, ());
            let manager = manager.clone();
            return Some(Box::new(ExtDevice { manager, device }));
        }
        let manager = self.wlr.clone()?;
        let device = manager.get_data_device(seat, handle, ());
        Some(Box::new(WlrDevice { manager, device }))
    }
}

/// What events change.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The formats that are asked about.
    wanted: &'static [&'static str],
    /// Those that are being described; a compositor describes one before it says what it is.
    described: Vec<Described>,
    current: Option<Described>,
    news: VecDeque<SelectionNews>,
}

#[derive(Debug)]
struct Described {
    offer: Box<dyn Offer>,
    formats: Vec<&'static str>,
}

impl Told {
    fn described(&mut self, offer: Box<dyn Offer>) {
        self.described.push(Described {
            offer,
            formats: Vec::new(),
        });
    }

    fn format(&mut self, id: &ObjectId, format: &str) {
        let known = self.wanted.iter().find(|wanted| **wanted == format);
        let mut described = self.described.iter_mut();
        let described = described.find(|described| described.offer.is(id));
        if let (Some(known), Some(described)) = (known, described)
            && !described.formats.contains(known)
        {
            described.formats.push(known);
        }
    }

    fn selected(&mut self, id: Option<ObjectId>) {
        self.current = id.and_then(|id| self.take(&id));
        let formats = self.current.as_ref().map(|current| current.formats.clone());
        self.news.push_back(SelectionNews::Copied {
            is_there: formats.is_some(),
            formats: formats.unwrap_or_default(),
        });
    }

    /// The selection of the middle button, which is nobody's business here.
    fn selected_for_the_middle_button(&mut self, id: Option<ObjectId>) {
        drop(id.and_then(|id| self.take(&id)));
    }

    fn take(&mut self, id: &ObjectId) -> Option<Described> {
        let at = self
            .described
            .iter()
            .position(|described| described.offer.is(id))?;
        Some(self.described.swap_remove(at))
    }
}

impl Drop for Described {
    fn drop(&mut self) {
        self.offer.destroy();
    }
}

/// A session that is told of what is copied, and can be what is pasted.
pub struct Selection {
    session: Session,
    device: Box<dyn Device>,
    held: Option<Held>,
    /// Counts what was held.
    number: u64,
}

struct Held {
    number: u64,
    source: Box<dyn Source>,
}

impl fmt::Debug for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selection").finish_non_exhaustive()
    }
}

impl Selection {
    /// `None` where the compositor does not offer it. What can be had now is the first of the news.
    /// `formats` are the ones that this program can read; of others it is told nothing.
    pub fn new(mut session: Session, formats: &'static [&'static str]) -> Option<Self> {
        let globals = &session.state.globals;
        let seat = globals.seat.as_ref()?;
        let device = globals.selections.device(seat, &session.handle())?;
        session.state.selection.wanted = formats;
        Some(Self {
            session,
            device,
            held: None,
            number: 0,
        })
    }

    /// What it is a session with.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// The next of what happened, as far as it has arrived.
    pub fn news(&mut self) -> Option<SelectionNews> {
        self.session.state.selection.news.pop_front()
    }

    /// Has the program that copied last write it into `into` in this format; nothing happens where nothing can be
    /// had. The end of it is for the program to see once the caller has closed its own `into`, after a flush.
    pub fn receive(&self, format: &str, into: BorrowedFd<'_>) {
        if let Some(current) = &self.session.state.selection.current {
            current.offer.receive(format, into);
        }
    }

    /// From now on this program holds what is pasted; it is asked for it under the number that is given back.
    pub fn hold<'f>(&mut self, formats: impl Iterator<Item = &'f str>) -> u64 {
        self.number += 1;
        let number = self.number;
        let handle = self.session.handle();
        let source = self.device.hold(&mut { formats }, number, &handle);
        if let Some(before) = self.held.replace(Held { number, source }) {
            before.source.destroy();
        }
        number
    }

    /// Lets go what is held under `number`. What another program has copied since stays: a compositor forgets what
    /// is pasted with its source only.
    pub fn let_go(&mut self, number: u64) {
        if let Some(held) = self.held.take_if(|held| held.number == number) {
            held.source.destroy();
        }
    }
}

/// Something that was copied.
trait Offer: fmt::Debug + Send {
    fn is(&self, id: &ObjectId) -> bool;
    fn receive(&self, format: &str, into: BorrowedFd<'_>);
    fn destroy(&self);
}

/// Something that is held here.
trait Source: Send {
    fn destroy(&self);
}

trait Device: Send {
    fn hold(
        &self,
        formats: &mut dyn Iterator<Item = &str>,
        number: u64,
        handle: &QueueHandle<State>,
    ) -> Box<dyn Source>;
}

/// One of the two protocols.
macro_rules! spoken {
    ($both:ident: $manager:ident, $device:ident $device_events:ident, $source:ident $source_events:ident, $offer:ident $offer_events:ident) => {
        struct $both {
            manager: $manager,
            device: $device,
        }

        impl Device for $both {
            fn hold(
                &self,
                formats: &mut dyn Iterator<Item = &str>,
                number: u64,
                handle: &QueueHandle<State>,
            ) -> Box<dyn Source> {
                let source = self.manager.create_data_source(handle, number);
                for format in formats {
                    source.offer(format.to_owned());
                }
                self.device.set_selection(Some(&source));
                Box::new(source)
            }
        }

        impl Source for $source {
            fn destroy(&self) {
                self.destroy();
            }
        }

        impl Offer for $offer {
            fn is(&self, id: &ObjectId) -> bool {
                self.id() == *id
            }

            fn receive(&self, format: &str, into: BorrowedFd<'_>) {
                self.receive(format.to_owned(), into);
            }

            fn destroy(&self) {
                self.destroy();
            }
        }

        impl Dispatch<$device, ()> for State {
            fn event(
                state: &mut Self,
                _: &$device,
                event: $device_events::Event,
                (): &(),
                _: &Connection,
                _: &QueueHandle<Self>,
            ) {
                let told = &mut state.selection;
                match event {
                    $device_events::Event::DataOffer { id } => told.described(Box::new(id)),
                    $device_events::Event::Selection { id } => {
                        told.selected(id.map(|offer| offer.id()));
                    }
                    $device_events::Event::PrimarySelection { id } => {
                        told.selected_for_the_middle_button(id.map(|offer| offer.id()));
                    }
                    $device_events::Event::Finished => {
                        told.news.push_back(SelectionNews::Over);
                    }
                    _ => {}
                }
            }

            event_created_child!(State, $device, [
                $device_events::EVT_DATA_OFFER_OPCODE => ($offer, ()),
            ]);
        }

        impl Dispatch<$offer, ()> for State {
            fn event(
                state: &mut Self,
                offer: &$offer,
                event: $offer_events::Event,
                (): &(),
                _: &Connection,
                _: &QueueHandle<Self>,
            ) {
                if let $offer_events::Event::Offer { mime_type } = event {
                    state.selection.format(&offer.id(), &mime_type);
                }
            }
        }

        impl Dispatch<$source, u64> for State {
            fn event(
                state: &mut Self,
                _: &$source,
                event: $source_events::Event,
                number: &u64,
                _: &Connection,
                _: &QueueHandle<Self>,
            ) {
                let number = *number;
                let news = match event {
                    $source_events::Event::Send { mime_type, fd } => SelectionNews::Pasted {
                        number,
                        format: mime_type,
                        into: fd,
                    },
                    $source_events::Event::Cancelled => SelectionNews::Replaced { number },
                    _ => return,
                };
                state.selection.news.push_back(news);
            }
        }

        delegate_noop!(State: $manager);
    };
}

spoken!(ExtDevice: ExtDataControlManagerV1, ExtDataControlDeviceV1 ext_data_control_device_v1,
    ExtDataControlSourceV1 ext_data_control_source_v1, ExtDataControlOfferV1 ext_data_control_offer_v1);
spoken!(WlrDevice: ZwlrDataControlManagerV1, ZwlrDataControlDeviceV1 zwlr_data_control_device_v1,
    ZwlrDataControlSourceV1 zwlr_data_control_source_v1, ZwlrDataControlOfferV1 zwlr_data_control_offer_v1);
