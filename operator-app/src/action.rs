//! What the operator wished for in a view.

use std::path::PathBuf;

use protocol::{EntryKind, PeerId, ReportId, SessionId, TicketRoute};
use ui_kit::widgets::UpdateWish;
use ui_kit::{OwnWish, ThemeChoice};

use crate::settings::Settings;
use crate::state::Side;
use crate::state::computers::Order;

/// One wish; [`crate::app`] fulfils it.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// **Log into the service**, with what stands in the form.
    LogIn,
    /// The code that was typed.
    GiveCode,
    /// An invitation as a file, which was dropped on the form.
    ReadInvitation(PathBuf),
    LogOut,
    GenerateTicket,
    RevokeTicket {
        route: TicketRoute,
    },
    /// A ticket is to be good for longer.
    ExtendTicket {
        route: TicketRoute,
    },
    /// **Copy**: the prepared text.
    CopyText,
    /// **E-mail**: the prepared text.
    MailText,
    /// The text that counts; the house's if `None`.
    ChooseTemplate(Option<usize>),
    EditTemplate,
    NewTemplate,
    KeepTemplate,
    /// The house's text goes into the form.
    RestoreTemplate,
    RemoveTemplate,
    CancelTemplate,
    /// The QR code of the link to the hub's page.
    ShowQr(bool),
    Select(PeerId),
    ShowKind(Option<EntryKind>),
    OrderList(Order),
    /// A favourite, or one no longer.
    TurnFavourite(PeerId),
    StartSession(PeerId),
    /// Have others of its network wake a permanent host that is not connected.
    Wake(PeerId),
    /// The access password of a permanent host was typed.
    OpenHost,
    /// It is not to be opened after all.
    CloseOpening,
    /// The box in which a colleague is asked to show their screen.
    AskToSee(PeerId),
    /// The question in it goes to the colleague.
    SendShowing,
    /// The word was typed.
    GiveWord,
    /// The screen is refused, the question taken back, or the box closed.
    LeaveShowing,
    WithdrawQuestion(SessionId),
    OpenChat(PeerId),
    /// **Disconnect this PC** was chosen: ask whether that is meant.
    AskDisconnect(PeerId),
    Disconnect(PeerId),
    KeepConnected,
    Show(Side),
    SendChat {
        host: PeerId,
        text: String,
    },
    OpenDrafts,
    CloseDrafts,
    OpenReport(ReportId),
    /// Something was typed into a report.
    ReportTyped(ReportId),
    SaveReport(ReportId),
    FinishReport(ReportId),
    /// Close the window; what was typed is a draft.
    LeaveReport(ReportId),
    OpenSettings,
    /// **Your account**.
    OpenOwnAccount,
    InOwnAccount(OwnWish),
    CloseSettings,
    /// **Test**: the hub through the proxy that stands in the settings.
    TestProxy,
    /// **Check the connection**: each way to the hub that stands in the form.
    CheckConnection,
    CopyCheck,
    CloseCheck,
    /// The passphrase was typed.
    Unlock,
    /// It is asked for again.
    AskForPassphrase,
    /// The passphrase is lost: what it sealed is forgotten.
    ForgetPasswords,
    /// Nothing is remembered in this run.
    GoWithoutPasswords,
    /// **OK**.
    SaveSettings(Box<Settings>),
    /// **Apply**: saved, and the dialog stays.
    ApplySettings(Box<Settings>),
    /// **Show one now**: a notice of the desktop.
    ShowNotice,
    SetTheme(ThemeChoice),
    /// Of a newer version of the console.
    Update(UpdateWish),
}
