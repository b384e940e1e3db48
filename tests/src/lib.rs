//! The stage: real programs in real windows on displays of their own.
//!
//! Tests, the demo, the screenshots and the bench all play on it. A play starts X servers without a
//! screen ([`Display`]), starts the programs as their users would ([`Programs`]), types and clicks as
//! they would ([`Hands`]), finds its way by the labels the users read ([`UiMap`]), and looks at
//! the pixels ([`Picture`]). Everything that was started is ended again, by process id.

mod administrator;
mod app;
pub mod bench;
mod board;
pub mod boot;
mod browser;
mod cast;
mod colleague;
mod console;
pub mod day;
pub mod demo;
mod desktop_services;
mod display;
pub mod frames;
mod gnome;
mod hands;
mod helpme;
mod hub;
pub mod keyboards;
mod lamp;
pub mod lean;
mod look;
pub mod memory;
mod network;
pub mod networks;
mod own_keyboard;
pub mod pace;
pub mod permanent;
mod picture;
mod programs;
mod proxy_server;
mod realm;
pub mod rest;
mod running;
mod samba;
pub mod screenshots;
mod scripted_desktop;
mod sign;
mod sway;
mod sway_cast;
mod terminal;
mod till;
mod ui_map;
mod versions;
mod wayland_lamp;
pub mod windows;
pub mod wine;

pub use administrator::{ADMINISTRATOR, ADMINISTRATOR_NAME, Administrator};
pub use app::{App, PATIENCE};
pub use board::{Board, colours, photo};
pub use browser::{Visitor, ask_page, downloaded_from, page_at};
pub use cast::{Cast, Computers, OPERATOR, OPERATOR_NAME, PASSWORD, Size, USER_NAME};
pub use colleague::{COLLEAGUE_NAME, Colleague};
pub use console::{Console, check_ticket, ticket_in};
pub use desktop_services::{DesktopServices, ShownNotice};
pub use display::{Display, Server};
pub use gnome::{DialogAnswer, Gnome, GnomeHelpme, ROOT as GNOME_ROOT};
pub use hands::Hands;
pub use helpme::Helpme;
pub use hub::{Film, Hub, maker_signs};
pub use look::Look;
pub use network::{End, Namespaces, Network, Plan, Relay, RelayShape, Shape};
pub use own_keyboard::OwnKeyboard;
pub use picture::{Picture, Region};
pub use programs::{Home, Programs};
pub use proxy_server::{PROXY_PASSWORD, PROXY_USER, ProxyServer, SignIn};
pub use realm::{Realm, Tickets};
pub use running::{Running, wait_until};
pub use scripted_desktop::ScriptedDesktop;
pub use sign::{bar_on, end_button};
pub use sway::{Sway, SwayApp};
pub use sway_cast::{NO_X11, SwayCast, WITH_X11};
pub use terminal::RawTerminal;
pub use till::Till;
pub use ui_map::{Found, MappedWindow, UiMap};
pub use versions::Versions;
pub use wayland_lamp::{LampSize, WaylandLamp};
pub use wine::{WindowsComputer, Witness};
