//! Widgets in the look of the house.
//!
//! Each has a name for screen readers, can be reached by keyboard where it can be pressed, and
//! shows when it is disabled.

mod buttons;
mod chat;
mod dialogs;
mod doctor;
mod edit;
mod fields;
mod frames;
mod listing;
mod notices;
mod paint;
mod qr;
mod rows;
mod stars;
mod ticket;
mod transfers;
mod updates;

pub use buttons::{
    Push, check_ui, icon_button_ui, icon_button_unless_ui, icon_toggle_ui, icon_toggle_unless_ui,
    link_button_ui, menu_item_ui, segments_ui, switch_ui,
};
pub use chat::{Bubble, chat_entry_ui, chat_lines_ui};
pub use dialogs::{DialogSize, dialog_buttons_ui, dialog_ui, escaped, escaped_from};
pub use doctor::examination_ui;
pub use edit::{entered_in_field, focus_and_select, paste_into};
pub use fields::{Field, choice_ui, password_field_ui, text_area_ui, text_field_ui};
pub use frames::{
    card_ui, countdown_ui, divider_ui, empty_state_ui, fact_ui, feature_ui, heading_ui,
    icon_tile_ui, logo_ui, page_ui, section_header_ui, status_bar_ui,
};
pub use listing::{LISTED_HEIGHT, ListedRow, listed_columns, listed_row_ui};
pub use notices::{Notices, banner_ui};
pub use qr::Qr;
pub use rows::{Leading, ROW_HEIGHT, Row, account_button_ui, chip_ui, dot_ui, initials_ui, row_ui};
pub use stars::{stars_question_ui, stars_ui};
pub use ticket::{TICKET_DIGITS, TicketEntry, grouped_ticket, ticket_entry_ui, ticket_number_ui};
pub use transfers::{TRANSFER_HEIGHT, TransferWish, dropped_paths, transfer_ui};
pub use updates::{UpdateWish, update_ui};
