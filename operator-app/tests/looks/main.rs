//! Every window, dialog and state of the console in every look. What does not fit fails; pictures are left where
//! `PHD_LOOKS` names a folder.

mod console;
mod session;
mod settings;

/// Written by somebody, and without an end.
const MAY_BE_CUT: &[&str] = &[
    "ACCOUNTING-SECOND-FLOOR",
    "ANNA-PC",
    "/home/otto/Downloads",
    "Kyocera",
    // a computer and its ticket, a person and their system
    "··",
    "Debian 13",
    "Fotos from the sister",
    "Please restart the printer",
];
